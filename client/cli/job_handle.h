// Handles that live for one call, so that nobody has to carry them around.
//
// Thread safety: any thread; each call talks to the service.

#ifndef BITSD_CLIENT_CLI_JOB_HANDLE_H_
#define BITSD_CLIENT_CLI_JOB_HANDLE_H_

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "bitsd/client/client.h"

namespace bits::cli {

/// Gets a handle on the job as `client`, bound to `helper_sid`, runs `call` with it and releases
/// it.
absl::Status WithJobHandle(const Client& client, const std::string& job_id,
                           const std::string& helper_sid,
                           const std::function<absl::Status(const Handle&)>& call);

/// Lends the identity of `helper` to a job of `owner`, for `scope`; returns when the loan ends.
absl::StatusOr<std::chrono::system_clock::time_point> Lend(
    const Client& owner, const std::string& job_id, const Client& helper,
    const std::optional<v1::TokenScope>& scope);

}  // namespace bits::cli

#endif  // BITSD_CLIENT_CLI_JOB_HANDLE_H_
