// Waits for jobs and shows how far they are.
//
// Thread safety: none. Ownership: nothing is kept.

#ifndef BITSD_CLIENT_CLI_LIVE_FOLLOW_H_
#define BITSD_CLIENT_CLI_LIVE_FOLLOW_H_

#include <chrono>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "bitsd/client/client.h"
#include "client/cli/context.h"

namespace bits::cli {

struct FollowOptions {
  std::vector<std::string> ids;  ///< Empty: every job, until Ctrl-C.
  bool all_users = false;
  std::chrono::milliseconds refresh{1000};
};

/// The jobs of `ids`, in this order, once nothing happens to them by itself any more. Ctrl-C:
/// CANCELLED, with the exit code for it.
absl::StatusOr<std::vector<v1::Job>> Follow(const Context& context, const Client& client,
                                            const FollowOptions& options);

}  // namespace bits::cli

#endif  // BITSD_CLIENT_CLI_LIVE_FOLLOW_H_
