// An optional value on the heap, which costs one pointer when it is absent. For what most jobs do
// not have: a service may keep a million jobs in memory.
//
// Thread safety: as the value. Ownership: a HeapOptional owns its value, and a copy has a copy.

#ifndef BITSD_SERVER_BASE_HEAP_OPTIONAL_H_
#define BITSD_SERVER_BASE_HEAP_OPTIONAL_H_

#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace bitsd {

/// As std::optional, on the heap.
template <typename T>
class HeapOptional {
 public:
  using value_type = T;

  HeapOptional() = default;
  HeapOptional(std::nullopt_t) {}  // NOLINT(google-explicit-constructor): as std::optional.
  HeapOptional(T value)            // NOLINT(google-explicit-constructor)
      : value_(std::make_unique<T>(std::move(value))) {}
  HeapOptional(std::optional<T> value) {  // NOLINT(google-explicit-constructor)
    if (value) value_ = std::make_unique<T>(*std::move(value));
  }
  HeapOptional(const HeapOptional& other)
      : value_(other.value_ == nullptr ? nullptr : std::make_unique<T>(*other.value_)) {}
  HeapOptional& operator=(const HeapOptional& other) { return *this = HeapOptional(other); }
  HeapOptional(HeapOptional&&) noexcept = default;
  HeapOptional& operator=(HeapOptional&&) noexcept = default;
  ~HeapOptional() = default;

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

  friend bool operator==(const HeapOptional& a, const HeapOptional& b) {
    return a.has_value() && b.has_value() ? *a == *b : a.has_value() == b.has_value();
  }
  friend bool operator==(const HeapOptional& a, std::nullopt_t) { return !a.has_value(); }

 private:
  std::unique_ptr<T> value_;
};

/// A string that is mostly empty.
class HeapString {
 public:
  HeapString() = default;
  HeapString(std::string text) {  // NOLINT(google-explicit-constructor): as a std::string.
    if (!text.empty()) text_ = std::move(text);
  }
  HeapString(const char* text)
      : HeapString(std::string(text)) {}  // NOLINT(google-explicit-constructor)

  operator const std::string&() const { return str(); }  // NOLINT(google-explicit-constructor)
  const std::string& str() const {
    static const std::string kEmpty;
    return text_ ? *text_ : kEmpty;
  }
  bool empty() const { return !text_; }

  friend bool operator==(const HeapString&, const HeapString&) = default;
  friend bool operator==(const HeapString& a, const char* b) { return a.str() == b; }
  friend bool operator==(const HeapString& a, const std::string& b) { return a.str() == b; }

 private:
  HeapOptional<std::string> text_;
};

}  // namespace bitsd

#endif  // BITSD_SERVER_BASE_HEAP_OPTIONAL_H_
