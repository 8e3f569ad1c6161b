// Credentials and client certificate of a job: the calls of its owner.
//
// Thread safety: any thread. Ownership: what it is given outlives it and the calls under way.

#ifndef BITSD_SERVER_JOB_CALLS_NETWORK_CALLS_H_
#define BITSD_SERVER_JOB_CALLS_NETWORK_CALLS_H_

#include <functional>

#include "absl/status/statusor.h"
#include "server/job/calls/job_finder.h"
#include "server/job/changes/job_version.h"
#include "server/job/service/caller.h"
#include "server/job/service/job_service.h"
#include "server/model/network_settings.h"
#include "server/ops/audit.h"

namespace bitsd {

class NetworkCalls {
 public:
  using JobDone = JobService::JobDone;
  using OutcomeDone = JobService::OutcomeDone;

  NetworkCalls(const JobFinder& jobs, AuditLog& audit) : jobs_(jobs), audit_(audit) {}

  void SetCredentials(const Caller& caller, const JobId& id, JobCredential credential,
                      JobDone done);
  void RemoveCredentials(const Caller& caller, const JobId& id, AuthTarget target,
                         AuthScheme scheme, OutcomeDone done);
  void SetClientCertificate(const Caller& caller, const JobId& id, ClientCertificate certificate,
                            JobDone done);
  void RemoveClientCertificate(const Caller& caller, const JobId& id, OutcomeDone done);

 private:
  using Decide = std::function<absl::StatusOr<JobVersion>(const JobVersion&)>;

  /// A change of the job's secrets; the audit log has `event` when it changed something, else the
  /// answer is S_FALSE.
  void Submit(const Caller& caller, const JobId& id, AuditEvent event, Decide decide,
              OutcomeDone done);

  const JobFinder& jobs_;
  AuditLog& audit_;
};

}  // namespace bitsd

#endif  // BITSD_SERVER_JOB_CALLS_NETWORK_CALLS_H_
