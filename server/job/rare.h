// Values that most jobs do not have, in the place of one pointer: a service keeps a million jobs in
// memory.
//
// Thread safety: as the value. Ownership: a Rare owns its value, and a copy has a copy.

#ifndef BITSD_SERVER_JOB_RARE_H_
#define BITSD_SERVER_JOB_RARE_H_

#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace bitsd {

/// As std::optional, on the heap.
template <typename T>
class Rare {
 public:
  using value_type = T;

  Rare() = default;
  Rare(std::nullopt_t) {}  // NOLINT(google-explicit-constructor): as std::optional.
  Rare(T value)            // NOLINT(google-explicit-constructor)
      : value_(std::make_unique<T>(std::move(value))) {}
  Rare(std::optional<T> value) {  // NOLINT(google-explicit-constructor)
    if (value) value_ = std::make_unique<T>(*std::move(value));
  }
  Rare(const Rare& other)
      : value_(other.value_ == nullptr ? nullptr : std::make_unique<T>(*other.value_)) {}
  Rare& operator=(const Rare& other) { return *this = Rare(other); }
  Rare(Rare&&) noexcept = default;
  Rare& operator=(Rare&&) noexcept = default;
  ~Rare() = default;

  explicit operator bool() const { return value_ != nullptr; }
  operator std::optional<T>() const {  // NOLINT(google-explicit-constructor)
    return value_ == nullptr ? std::nullopt : std::optional<T>(*value_);
  }
  bool has_value() const { return value_ != nullptr; }
  void reset() { value_.reset(); }
  T& emplace() { return *(value_ = std::make_unique<T>()); }
  const T& operator*() const { return *value_; }
  T& operator*() { return *value_; }
  const T* operator->() const { return value_.get(); }
  T* operator->() { return value_.get(); }

  friend bool operator==(const Rare& a, const Rare& b) {
    return a.has_value() && b.has_value() ? *a == *b : a.has_value() == b.has_value();
  }
  friend bool operator==(const Rare& a, std::nullopt_t) { return !a.has_value(); }

 private:
  std::unique_ptr<T> value_;
};

/// A string that is mostly empty.
class RareString {
 public:
  RareString() = default;
  RareString(std::string text) {  // NOLINT(google-explicit-constructor): as a std::string.
    if (!text.empty()) text_ = std::move(text);
  }
  RareString(const char* text)
      : RareString(std::string(text)) {}  // NOLINT(google-explicit-constructor)

  operator const std::string&() const { return str(); }  // NOLINT(google-explicit-constructor)
  const std::string& str() const {
    static const std::string kEmpty;
    return text_ ? *text_ : kEmpty;
  }
  bool empty() const { return !text_; }

  friend bool operator==(const RareString&, const RareString&) = default;
  friend bool operator==(const RareString& a, const char* b) { return a.str() == b; }
  friend bool operator==(const RareString& a, const std::string& b) { return a.str() == b; }

 private:
  Rare<std::string> text_;
};

}  // namespace bitsd

#endif  // BITSD_SERVER_JOB_RARE_H_
