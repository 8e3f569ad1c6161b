// BackgroundCopyManager and BackgroundCopyJob, as the domain sees them.
//
// server/rpc parses requests into these calls and converts the answers; every rule is applied here,
// by asking server/policy. Thread safety: any thread. No call blocks: those that change a job
// answer through `done`, on any thread and possibly before the call returns, once the change is
// committed and, where it withdraws something, once nothing goes on under what was withdrawn.
// Ownership: the service must outlive every call in flight; Shutdown ends them.

#ifndef BITSD_SERVER_JOB_SERVICE_JOB_SERVICE_H_
#define BITSD_SERVER_JOB_SERVICE_JOB_SERVICE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/identity/sid.h"
#include "server/job/service/caller.h"
#include "server/job/service/job_requests.h"
#include "server/job/service/job_view.h"
#include "server/job/service/job_watch.h"
#include "server/model/network_settings.h"

namespace bitsd {

class JobService {
 public:
  using JobDone = std::function<void(absl::StatusOr<JobView>)>;
  using OutcomeDone = std::function<void(absl::StatusOr<JobOutcome>)>;

  virtual ~JobService() = default;

  virtual void CreateJob(const Caller& caller, NewJob job, JobDone done) = 0;
  /// How many records of the store cannot be read, of those that the caller may know of.
  virtual size_t SetAsideFor(const Caller& caller) const = 0;
  virtual absl::StatusOr<JobView> GetJob(const Caller& caller, const JobId& id) = 0;
  virtual absl::StatusOr<JobPage> ListJobs(const Caller& caller, bool all_users, uint32_t page_size,
                                           const std::string& page_token) = 0;
  virtual absl::StatusOr<std::unique_ptr<JobWatch>> WatchJobs(const Caller& caller,
                                                              WatchFilter filter,
                                                              std::function<void()> on_ready) = 0;

  virtual void AddFiles(const Caller& caller, const JobId& id, std::vector<NewFile> files,
                        const std::string& request_id, JobDone done) = 0;
  virtual absl::StatusOr<FilePage> ListFiles(const Caller& caller, const JobId& id,
                                             uint32_t page_size, const std::string& page_token) = 0;
  virtual void UpdateJob(const Caller& caller, const JobId& id, JobUpdate update, JobDone done) = 0;
  virtual void Suspend(const Caller& caller, const JobId& id, JobDone done) = 0;
  virtual void Resume(const Caller& caller, const JobId& id, JobDone done) = 0;
  virtual void Cancel(const Caller& caller, const JobId& id, OutcomeDone done) = 0;
  virtual void Complete(const Caller& caller, const JobId& id, OutcomeDone done) = 0;

  /// These four are for the owner alone. Removals answer S_FALSE when there was nothing.
  virtual void SetCredentials(const Caller& caller, const JobId& id, JobCredential credential,
                              JobDone done) = 0;
  virtual void RemoveCredentials(const Caller& caller, const JobId& id, AuthTarget target,
                                 AuthScheme scheme, OutcomeDone done) = 0;
  virtual void SetClientCertificate(const Caller& caller, const JobId& id,
                                    ClientCertificate certificate, JobDone done) = 0;
  virtual void RemoveClientCertificate(const Caller& caller, const JobId& id, OutcomeDone done) = 0;

  /// The 32 bytes of a new handle.
  virtual absl::StatusOr<std::string> QueryInterface(const Caller& caller, const JobId& id,
                                                     std::optional<Sid> helper) = 0;
  virtual absl::Status Release(const Caller& caller, std::string_view handle) = 0;
};

}  // namespace bitsd

#endif  // BITSD_SERVER_JOB_SERVICE_JOB_SERVICE_H_
