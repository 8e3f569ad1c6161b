// The jobs of the service: implements JobService and TokenOptions over the job table.
//
// Each call is: find the job or the handle, ask server/policy, submit the change, audit, answer.
// The calls are in job_calls.cc, job_listing.cc, job_watch.cc, job_ending.cc, network_calls.cc and
// token_calls.cc, the end of loans in token_ending.cc, the start in job_restore.cc. Thread safety:
// any thread. Ownership: owns table, handles, ledger and watchers; what Deps names outlives it.
// Call Shutdown before destroying it.

#ifndef BITSD_SERVER_JOB_CALLS_JOB_MANAGER_H_
#define BITSD_SERVER_JOB_CALLS_JOB_MANAGER_H_

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "server/base/page_token.h"
#include "server/identity/sid_pool.h"
#include "server/job/calls/finished_jobs.h"
#include "server/job/calls/handle_table.h"
#include "server/job/calls/job_table.h"
#include "server/job/calls/request_ledger.h"
#include "server/job/changes/job_changes.h"
#include "server/job/job.h"
#include "server/job/outcome_log.h"
#include "server/job/service/job_service.h"
#include "server/job/service/token_options.h"
#include "server/job/watch_hub.h"
#include "server/ops/audit.h"
#include "server/policy/job_limits.h"
#include "server/policy/remote_names.h"
#include "server/policy/token_rules.h"

namespace bitsd {

class JobManager : public JobService, public TokenOptions {
 public:
  struct Options {
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

  JobManager(Deps deps, Options options);
  ~JobManager() override;

  /// Brings back what the store has, gives `session` the sessions, and then lets go on what was
  /// under way. Blocks; call it once, before the first call. An error, after which nothing may be
  /// served, when the store cannot be read.
  absl::Status Restore(std::function<void(SessionRecord)> session);

  /// How many parts of the store could not be read and are set aside, since Restore.
  size_t set_aside() const { return set_aside_count_; }

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
  class Watch;
  using JobPtr = std::shared_ptr<Job>;
  using Decide = std::function<absl::StatusOr<JobVersion>(const JobVersion&)>;

  /// How long to wait before the end of a job that a store refused is looked at again.
  static constexpr absl::Duration kEndRetry = absl::Seconds(1);

  /// What is left to do with jobs once all were read.
  struct Restored {
    std::vector<std::pair<absl::Time, JobPtr>> finished;  ///< With the time of their end.
    std::vector<JobPtr> under_way;
    uint64_t least_revision = 0;  ///< Of what is shown from now on.
  };
  struct Presented {
    JobPtr job;
    std::shared_ptr<const policy::HandleFacts> facts;
    std::shared_ptr<const std::atomic<bool>> ended;  ///< The handle has ended since.
  };

  /// The job, after the access check.
  absl::StatusOr<JobPtr> Open(const Caller& caller, const JobId& id) const;
  /// Why there is no such job.
  absl::Status Missing(const Caller& caller, const JobId& id) const;
  /// The job, which is the caller's own.
  absl::StatusOr<JobPtr> OpenOwn(const Caller& caller, const JobId& id) const;
  /// The job as the caller may see it.
  static JobView ViewFor(const Caller& caller, const Job& job);
  /// The job of a handle, after the check of who presents it.
  absl::StatusOr<Presented> Present(const Caller& caller, std::string_view handle,
                                    policy::TokenCall call);
  absl::StatusOr<Presented> PresentForReading(const Caller& caller, std::string_view handle,
                                              policy::TokenCall call);

  void SubmitCall(const Caller& caller, const JobId& id, std::string_view event, JobChange change,
                  JobDone done);
  /// `done` gets the job once Complete has ended, if it runs, and all that was decided is in the
  /// store.
  static void Settle(const JobPtr& job, std::function<void(absl::StatusOr<JobVersion>)> done);
  /// Looks at the transferred files of a job that does not run, as who acts now.
  void LookForLost(const JobPtr& job, const std::function<void(change::LostFiles)>& done);
  /// A change of the job's secrets; the audit log has `event` when it changed something, else the
  /// answer is S_FALSE.
  void SubmitOwn(const Caller& caller, const JobId& id, AuditEvent event, Decide decide,
                 OutcomeDone done);
  void AddCheckedFiles(const Caller& caller, const JobPtr& job, std::vector<NewFile> files,
                       RequestRecord request, JobDone done);
  absl::Status CheckNames(const std::vector<NewFile>& files) const;
  using NewFilesPtr = std::shared_ptr<const std::vector<NewFile>>;
  /// AddFiles, once the request is known as new: looks at the folders as who would open them now,
  /// and again when that is another before it has ended; then adds the files.
  void CheckFiles(const Caller& caller, const JobPtr& job, const NewFilesPtr& files,
                  const RequestRecord& request, const JobDone& done);
  void CheckFolders(const Caller& caller, const JobPtr& job, const NewFilesPtr& files,
                    const RequestRecord& request, const JobDone& done);
  std::unique_ptr<Activity> StartCheck(const Job& job, const std::vector<NewFile>& files,
                                       const ActingIdentity& who, const policy::LoanLimits& loan,
                                       const std::function<void(absl::Status)>& done);
  size_t RoomFor(const Caller& caller) const;

  /// The removal of what an ended job leaves.
  struct Cleanup {
    JobRecordPtr record;
    HelperTokenPtr token;  ///< Of a helper that may still be at hand; may be null.
    Hresult success = Hresult::kOk;
    std::vector<TemporaryFile> untried;
    std::vector<TemporaryFile> left;
    OutcomeDone done;
  };

  /// The store refused a Cancel that is in force: what it leaves is removed once the store has it.
  void FinishCancel(const JobPtr& job);
  void Publish(const Caller& caller, const JobPtr& job, OutcomeDone done);
  void EndCompletion(const Caller& caller, const JobPtr& job, std::vector<PlacedFile> published,
                     const absl::Status& status, OutcomeDone done);
  void CleanUp(const JobPtr& job, const HelperTokenPtr& token, Hresult success, OutcomeDone done);
  void RemoveUntried(const JobPtr& job, const std::shared_ptr<Cleanup>& cleanup);
  static void EndCleanUp(const JobPtr& job, const Cleanup& cleanup);
  /// SetHelperToken, once what was delegated was taken.
  void Lend(const Caller& caller, const Presented& presented, Loan loan,
            std::optional<DelegatedNetwork> delegated,
            std::function<void(absl::StatusOr<absl::Time>)> done);
  void LendDelegated(const Caller& caller, const Presented& presented, Loan loan,
                     std::function<void(absl::StatusOr<absl::Time>)> done);
  /// Hangs a new token on everything that it ends with.
  absl::Status HangToken(const Caller& caller, const JobPtr& job, const HelperTokenPtr& token);
  void DiscardToken(const std::weak_ptr<Job>& job, const std::weak_ptr<HelperToken>& token,
                    std::string_view reason, const WaitGroupPtr& wait_group);
  /// Whatever token the job has or is about to get.
  void DiscardAnyToken(const JobPtr& job, std::string_view reason);
  void AuditDiscard(const JobId& job, const Sid& helper, std::string_view reason) const;
  void WatchExpiry(const JobPtr& job, const HelperTokenPtr& token);
  void WarnOfExpiry(const JobPtr& job, const HelperTokenPtr& token);

  /// The number of the change up to which the holder of the token was told, if the rest is known.
  std::optional<uint64_t> ResumePoint(const std::string& question,
                                      const std::string& resume_token) const;
  /// Those of `jobs`, and of the finished ones that the watch is about, that changed after.
  std::vector<JobPtr> ChangedSince(uint64_t number, const Caller& caller, const WatchFilter& filter,
                                   std::vector<JobPtr> jobs);
  std::vector<JobPtr> Visible(const Caller& caller, bool all_users) const;
  void OnChanged(const JobPtr& job);
  void RestoreJob(JobRecordPtr record, Restored& restored);
  void RestoreRequest(RequestRecord request);
  void RestoreSetAside(SetAside found);
  void BeginRestored(Restored restored);
  /// Keeps a finished job for `time`, and no more of its owner's than there may be. `leaves`: see
  /// FinishedJobs.
  void Retain(const JobPtr& job, absl::Duration time, const std::function<bool()>& leaves);
  void Purge(const JobId& id);
  void ScheduleSweep();
  void ForgetRequests();
  void ForgetRequest(const Sid& caller, const std::string& request_id);
  void ScheduleProgress();
  void Audit(const Caller& caller, std::string_view event, const JobId& job,
             std::vector<std::pair<std::string_view, std::string>> more = {}) const;

  std::shared_ptr<const Options> CurrentOptions() const;

  const Deps deps_;
  const SteadyClock steady_;
  mutable std::mutex options_mutex_;
  std::shared_ptr<const Options> options_;
  SidPool owners_;
  JobTable table_;
  HandleTable handles_;
  RequestLedger ledger_;
  PageTokens page_tokens_;
  WatchHub watchers_;
  RunQueue places_;
  JobEnvironment environment_;
  OutcomeLog outcomes_;
  std::atomic<bool> stopping_{false};
  absl::Time requests_forgotten_ = absl::InfinitePast();  ///< The timer's; by the steady clock.
  FinishedJobs finished_;
  /// Jobs that cannot be read. As Restore found them, like their number and that of other parts.
  absl::flat_hash_map<JobId, SetAside> set_aside_;
  size_t set_aside_count_ = 0;
};

}  // namespace bitsd

#endif  // BITSD_SERVER_JOB_CALLS_JOB_MANAGER_H_
