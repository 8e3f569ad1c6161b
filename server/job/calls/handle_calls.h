// Handles of jobs: given out, released, and presented with the calls of BitsTokenOptions.
//
// Thread safety: any thread. Ownership: what Deps names outlives it.

#ifndef BITSD_SERVER_JOB_CALLS_HANDLE_CALLS_H_
#define BITSD_SERVER_JOB_CALLS_HANDLE_CALLS_H_

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/job/calls/handle_table.h"
#include "server/job/calls/job_finder.h"
#include "server/job/calls/job_options.h"
#include "server/job/calls/job_table.h"
#include "server/job/job.h"
#include "server/job/service/caller.h"
#include "server/ops/audit.h"
#include "server/policy/token_rules.h"

namespace bitsd {

class HandleCalls {
 public:
  struct Deps {
    HandleTable& handles;
    const JobTable& table;
    const JobFinder& jobs;
    const LiveOptions& options;
    AuditLog& audit;
  };
  struct Presented {
    JobPtr job;
    std::shared_ptr<const policy::HandleFacts> facts;
    std::shared_ptr<const std::atomic<bool>> ended;  ///< The handle has ended since.
  };

  explicit HandleCalls(const Deps& deps) : deps_(deps) {}

  absl::StatusOr<std::string> QueryInterface(const Caller& caller, const JobId& id,
                                             const std::optional<Sid>& helper);
  absl::Status Release(const Caller& caller, std::string_view handle);

  /// The job of a handle, after the check of who presents it.
  absl::StatusOr<Presented> Present(const Caller& caller, std::string_view handle,
                                    policy::TokenCall call);
  absl::StatusOr<Presented> PresentForReading(const Caller& caller, std::string_view handle,
                                              policy::TokenCall call);

 private:
  const Deps deps_;
};

/// What rules ask of the job of a handle.
policy::JobFacts FactsOf(const JobVersion& job);

}  // namespace bitsd

#endif  // BITSD_SERVER_JOB_CALLS_HANDLE_CALLS_H_
