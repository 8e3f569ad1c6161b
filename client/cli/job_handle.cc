#include "client/cli/job_handle.h"

namespace bits::cli {

absl::Status WithJobHandle(const Client& client, const std::string& job_id,
                           const std::string& helper_sid,
                           const std::function<absl::Status(const Handle&)>& call) {
  const auto handle = client.QueryInterface(job_id, helper_sid);
  if (!handle.ok()) return handle.status();
  absl::Status status = call(*handle);
  // What was set stays set; a handle that is not released ends by itself after an hour.
  client.Release(*handle).IgnoreError();
  return status;
}

absl::StatusOr<std::chrono::system_clock::time_point> Lend(
    const Client& owner, const std::string& job_id, const Client& helper,
    const std::optional<v1::TokenScope>& scope) {
  std::chrono::system_clock::time_point end;
  absl::Status status =
      WithJobHandle(owner, job_id, helper.sid(), [&](const Handle& handle) -> absl::Status {
        const auto lent = helper.SetHelperToken(handle, helper.sid(), scope);
        if (lent.ok()) end = *lent;
        return lent.status();
      });
  if (!status.ok()) return status;
  return end;
}

}  // namespace bits::cli
