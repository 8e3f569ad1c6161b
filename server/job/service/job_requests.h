// What the calls about jobs ask for.
//
// Thread safety: values.

#ifndef BITSD_SERVER_JOB_SERVICE_JOB_REQUESTS_H_
#define BITSD_SERVER_JOB_SERVICE_JOB_REQUESTS_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/time/time.h"
#include "server/model/job_record.h"

namespace bitsd {

struct NewJob {
  std::string display_name;
  JobType type = JobType::kDownload;
  std::string description;
  JobPriority priority = JobPriority::kNormal;
  std::string request_id;  ///< UUID or empty.
};

struct NewFile {
  std::string remote_name;
  std::string local_name;
};

/// SetProxySettings.
struct ProxyUpdate {
  ProxyUsage usage = ProxyUsage::kPreconfig;
  std::string list;
  std::string bypass;
};

/// The properties UpdateJob sets; unset ones stay.
struct JobUpdate {
  std::optional<std::string> display_name;
  std::optional<std::string> description;
  std::optional<JobPriority> priority;
  std::optional<absl::Duration> minimum_retry_delay;
  std::optional<absl::Duration> no_progress_timeout;
  std::optional<ProxyUpdate> proxy;
  std::optional<uint32_t> security_flags;
  std::optional<uint64_t> expected_revision;
};

}  // namespace bitsd

#endif  // BITSD_SERVER_JOB_SERVICE_JOB_REQUESTS_H_
