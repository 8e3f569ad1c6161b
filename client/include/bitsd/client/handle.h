// The secret that QueryInterface returns and BitsTokenOptions takes.
//
// Whoever may present it acts with what its acquirer was allowed: pass it as a password is passed,
// never as a program's argument, never to a log. Thread safety: a value.

#ifndef BITSD_CLIENT_HANDLE_H_
#define BITSD_CLIENT_HANDLE_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"
#include "bitsd/client/export.h"

namespace bits {

class BITS_EXPORT Handle {
 public:
  static constexpr size_t kSize = 32;

  /// INVALID_ARGUMENT unless `bytes` has 32.
  static absl::StatusOr<Handle> FromBytes(std::string bytes);

  /// INVALID_ARGUMENT unless `text` is 64 hexadecimal digits, blanks and newlines around them
  /// aside.
  static absl::StatusOr<Handle> FromHex(std::string_view text);

  const std::string& bytes() const { return bytes_; }
  std::string ToHex() const;

 private:
  explicit Handle(std::string bytes) : bytes_(std::move(bytes)) {}

  std::string bytes_;
};

}  // namespace bits

#endif  // BITSD_CLIENT_HANDLE_H_
