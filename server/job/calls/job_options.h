// What the calls about jobs go by, from the configuration, and how a reload replaces it.
//
// Thread safety: JobOptions is a value; LiveOptions is for any thread. Ownership: whoever gets the
// options keeps them as they were.

#ifndef BITSD_SERVER_JOB_CALLS_JOB_OPTIONS_H_
#define BITSD_SERVER_JOB_CALLS_JOB_OPTIONS_H_

#include <memory>
#include <mutex>
#include <utility>

#include "absl/time/time.h"
#include "server/job/schedule/scheduler.h"
#include "server/policy/job_limits.h"
#include "server/policy/remote_names.h"
#include "server/policy/token_rules.h"

namespace bitsd {

struct JobOptions {
  policy::Version policy = policy::Version::kWindows10_1607;
  policy::JobLimits limits;
  policy::RemoteRules remote;
  SchedulerOptions scheduler;
  absl::Duration token_max_ttl = absl::Hours(24);
  absl::Duration token_warning = absl::Minutes(10);
  absl::Duration handle_idle = absl::Hours(1);
  absl::Duration retention = absl::Hours(1);
  policy::KeptLimits finished;  ///< Jobs of an owner; the oldest are purged before their time.
  policy::KeptLimits answers;   ///< To request ids of a caller.
};

class LiveOptions {
 public:
  explicit LiveOptions(JobOptions options)
      : options_(std::make_shared<const JobOptions>(std::move(options))) {}

  std::shared_ptr<const JobOptions> Get() const {
    const std::lock_guard lock(mutex_);
    return options_;
  }
  void Set(JobOptions options) {
    auto next = std::make_shared<const JobOptions>(std::move(options));
    const std::lock_guard lock(mutex_);
    options_.swap(next);
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const JobOptions> options_;
};

}  // namespace bitsd

#endif  // BITSD_SERVER_JOB_CALLS_JOB_OPTIONS_H_
