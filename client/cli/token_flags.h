// The flags of a helper token as people write them.
//
// Thread safety: a pure function.

#ifndef BITSD_CLIENT_CLI_TOKEN_FLAGS_H_
#define BITSD_CLIENT_CLI_TOKEN_FLAGS_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"

namespace bits::cli {

/// A number, decimal or 0x..., which the service judges; or names with commas between them:
/// LOCAL_FILE, NETWORK, NONE in any case.
absl::StatusOr<uint32_t> ParseTokenFlags(const std::string& text);

}  // namespace bits::cli

#endif  // BITSD_CLIENT_CLI_TOKEN_FLAGS_H_
