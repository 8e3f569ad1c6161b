// The jobs of the service: implements JobService and TokenOptions, each call by the part it is for.
//
// Each call is: find the job or the handle, ask server/policy, submit the change, audit, answer.
// What is here puts the parts together and tells them what happens to the whole. Thread safety: any
// thread. Ownership: owns the jobs and every part; what Deps names outlives it. Call Shutdown
// before destroying it.

#ifndef BITSD_SERVER_JOB_CALLS_JOB_MANAGER_H_
#define BITSD_SERVER_JOB_CALLS_JOB_MANAGER_H_

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/base/clock.h"
#include "server/base/timer.h"
#include "server/identity/account_directory.h"
#include "server/identity/network_identity.h"
#include "server/job/calls/job_options.h"
#include "server/job/service/job_service.h"
#include "server/job/service/token_options.h"
#include "server/model/job_store.h"
#include "server/model/transfer_service.h"
#include "server/ops/audit.h"
#include "server/session/presence.h"

namespace bitsd {

class JobManager : public JobService, public TokenOptions {
 public:
  using Options = JobOptions;
  struct Deps {
    JobStore& store;
    TransferService& transfers;
    const AccountDirectory& accounts;
    AuditLog& audit;
    const Clock& clock;
    Timer& timer;
    Presence& presence;
    NetworkIdentities& network;
  };

  JobManager(const Deps& deps, Options options);
  ~JobManager() override;

  /// Brings back what the store has, gives `session` the sessions, and then lets go on what was
  /// under way. Blocks; call it once, before the first call. An error, after which nothing may be
  /// served, when the store cannot be read.
  absl::Status Restore(const std::function<void(SessionRecord)>& session);

  /// What begins from now on follows `options`. max_running_jobs stays what it was.
  void Reconfigure(Options options);

  /// The account directory is another. The jobs of `gone`, owners that were removed or disabled,
  /// lose their helper tokens, as at a logoff; every job looks again at who acts for it.
  void OnAccountsChanged(const std::vector<Sid>& gone);

  /// Parks every transfer; `stopped` runs when nothing is opened, read, written or sent any more.
  void Shutdown(std::function<void()> stopped);

  // JobService.
  void CreateJob(const Caller& caller, NewJob job, JobDone done) override;
  absl::StatusOr<JobView> GetJob(const Caller& caller, const JobId& id) override;
  size_t SetAsideFor(const Caller& caller) const override;
  absl::StatusOr<JobPage> ListJobs(const Caller& caller, bool all_users, uint32_t page_size,
                                   const std::string& page_token) override;
  absl::StatusOr<std::unique_ptr<JobWatch>> WatchJobs(const Caller& caller, WatchFilter filter,
                                                      std::function<void()> on_ready) override;
  void AddFiles(const Caller& caller, const JobId& id, std::vector<NewFile> files,
                const std::string& request_id, JobDone done) override;
  absl::StatusOr<FilePage> ListFiles(const Caller& caller, const JobId& id, uint32_t page_size,
                                     const std::string& page_token) override;
  void UpdateJob(const Caller& caller, const JobId& id, JobUpdate update, JobDone done) override;
  void Suspend(const Caller& caller, const JobId& id, JobDone done) override;
  void Resume(const Caller& caller, const JobId& id, JobDone done) override;
  void Cancel(const Caller& caller, const JobId& id, OutcomeDone done) override;
  void Complete(const Caller& caller, const JobId& id, OutcomeDone done) override;
  void SetCredentials(const Caller& caller, const JobId& id, JobCredential credential,
                      JobDone done) override;
  void RemoveCredentials(const Caller& caller, const JobId& id, AuthTarget target,
                         AuthScheme scheme, OutcomeDone done) override;
  void SetClientCertificate(const Caller& caller, const JobId& id, ClientCertificate certificate,
                            JobDone done) override;
  void RemoveClientCertificate(const Caller& caller, const JobId& id, OutcomeDone done) override;
  absl::StatusOr<std::string> QueryInterface(const Caller& caller, const JobId& id,
                                             std::optional<Sid> helper) override;
  absl::Status Release(const Caller& caller, std::string_view handle) override;

  // TokenOptions.
  void SetHelperTokenFlags(const Caller& caller, std::string_view handle, uint32_t flags,
                           std::function<void(absl::Status)> done) override;
  absl::StatusOr<uint32_t> GetHelperTokenFlags(const Caller& caller,
                                               std::string_view handle) override;
  void SetHelperToken(const Caller& caller, std::string_view handle, Loan loan,
                      std::function<void(absl::StatusOr<absl::Time>)> done) override;
  void ClearHelperToken(const Caller& caller, std::string_view handle,
                        std::function<void(absl::Status)> done) override;
  absl::StatusOr<std::optional<Sid>> GetHelperTokenSid(const Caller& caller,
                                                       std::string_view handle) override;

 private:
  struct Parts;

  const std::unique_ptr<Parts> parts_;
};

}  // namespace bitsd

#endif  // BITSD_SERVER_JOB_CALLS_JOB_MANAGER_H_
