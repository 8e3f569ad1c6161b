// WatchJobs: the jobs as they are, or what changed since a watch that broke, and then each change.
//
// Thread safety: any thread. Ownership: what Deps names outlives it and every watch.

#ifndef BITSD_SERVER_JOB_CALLS_WATCH_CALLS_H_
#define BITSD_SERVER_JOB_CALLS_WATCH_CALLS_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "server/base/page_token.h"
#include "server/job/calls/job_finder.h"
#include "server/job/calls/job_table.h"
#include "server/job/calls/retention.h"
#include "server/job/job.h"
#include "server/job/service/caller.h"
#include "server/job/service/job_watch.h"
#include "server/job/watch_hub.h"

namespace bitsd {

class WatchCalls {
 public:
  struct Deps {
    const JobTable& table;
    const JobFinder& jobs;
    const PageTokens& tokens;
    const Retention& finished;
    WatchHub& watchers;
  };

  explicit WatchCalls(const Deps& deps) : deps_(deps) {}

  absl::StatusOr<std::unique_ptr<JobWatch>> WatchJobs(const Caller& caller, WatchFilter filter,
                                                      std::function<void()> on_ready);

 private:
  class Watch;

  /// The number of the change up to which the holder of the token was told, if the rest is known.
  std::optional<uint64_t> ResumePoint(const std::string& question,
                                      const std::string& resume_token) const;
  /// Those of `jobs`, and of the finished ones that the watch is about, that changed after.
  std::vector<JobPtr> ChangedSince(uint64_t number, const Caller& caller, const WatchFilter& filter,
                                   std::vector<JobPtr> jobs) const;

  const Deps deps_;
};

}  // namespace bitsd

#endif  // BITSD_SERVER_JOB_CALLS_WATCH_CALLS_H_
