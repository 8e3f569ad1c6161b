// A password: text that is overwritten when it goes, and that nothing prints.
//
// Thread safety: a value. Ownership: a Secret owns its text, and a copy has a copy.

#ifndef BITSD_SERVER_BASE_SECRET_H_
#define BITSD_SERVER_BASE_SECRET_H_

#include <string.h>

#include <string>
#include <string_view>
#include <utility>

namespace bitsd {

/// Overwrites `text`; for where a secret is a plain string for a while.
inline void WipeText(std::string& text) noexcept {
  explicit_bzero(text.data(), text.size());
  text.clear();
}

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string_view text) : text_(text) {}
  Secret(const Secret&) = default;
  Secret(Secret&& other) noexcept { *this = std::move(other); }
  Secret& operator=(const Secret& other) {
    if (this != &other) *this = Secret(other);
    return *this;
  }
  Secret& operator=(Secret&& other) noexcept {
    // A short text lies in the string object itself: both are overwritten after the exchange.
    text_.swap(other.text_);
    other.Wipe();
    return *this;
  }
  ~Secret() { Wipe(); }

  bool empty() const { return text_.empty(); }
  std::string_view view() const { return text_; }
  /// For an API of C. Valid as long as this object.
  const char* c_str() const { return text_.c_str(); }

  friend bool operator==(const Secret&, const Secret&) = default;

 private:
  void Wipe() noexcept { WipeText(text_); }

  std::string text_;
};

}  // namespace bitsd

#endif  // BITSD_SERVER_BASE_SECRET_H_
