// Page tokens: opaque to clients, bound to the question they continue.
//
// A token from another question, another caller or another run of the service is E_INVALIDARG.
// Thread safety: any thread. Ownership: owns its key, which lives as long as the process.

#ifndef BITSD_SERVER_BASE_PAGE_TOKEN_H_
#define BITSD_SERVER_BASE_PAGE_TOKEN_H_

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace bitsd {

class PageTokens {
 public:
  static constexpr uint32_t kDefaultSize = 100;
  static constexpr uint32_t kMaxSize = 1000;

  PageTokens();

  /// The size to use for a request's page_size: 0 means the default; E_INVALIDARG over the most.
  static absl::StatusOr<uint32_t> PageSize(uint32_t requested);

  std::string Make(std::string_view question, std::string_view position) const;
  /// The position of `token`; empty for an empty token.
  absl::StatusOr<std::string> Read(std::string_view question, std::string_view token) const;

 private:
  std::string Seal(std::string_view question, std::string_view position) const;

  std::array<uint8_t, 32> key_;
};

}  // namespace bitsd

#endif  // BITSD_SERVER_BASE_PAGE_TOKEN_H_
