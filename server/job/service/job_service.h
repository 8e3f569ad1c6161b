// The calls of bitsd, as the domain sees them: who calls, what for, and the answer.
//
// server/rpc parses requests into these calls and converts the answers; every rule is applied here,
// by asking server/policy. Thread safety: any thread. No call blocks: those that change a job
// answer through `done`, on any thread and possibly before the call returns, once the change is
// committed and, where it withdraws something, once nothing goes on under what was withdrawn.
// Ownership: the service must outlive every call in flight; Shutdown ends them.

#ifndef BITSD_SERVER_JOB_SERVICE_JOB_SERVICE_H_
#define BITSD_SERVER_JOB_SERVICE_JOB_SERVICE_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/error/hresult.h"
#include "server/identity/access_token.h"
#include "server/model/job_record.h"
#include "server/policy/token_scope.h"
#include "server/session/session.h"

namespace bitsd {

/// Who makes a call.
struct Caller {
  std::shared_ptr<const AccessToken> token;
  SessionPtr session;  ///< Null for calls about sessions: they are made in none.
};

/// Why a job does not move; the values are those of bits.v1.WaitingFor.
enum class WaitingFor {
  kNothing = 0,
  kLogon = 1,
  kToken = 2,
  kSlot = 3,
  kRetryTimer = 5,
  kStore = 6,
  kAccount = 7
};

/// What a restart leaves of a credential; the values are those of bits.v1.CredentialStorage.
enum class CredentialStorage { kStored = 1, kMemoryOnly = 2, kLost = 3 };

/// A credential as it is shown: that it is there.
struct CredentialView {
  AuthTarget target = AuthTarget::kServer;
  AuthScheme scheme = AuthScheme::kBasic;
  bool implicit = false;
  CredentialStorage storage = CredentialStorage::kStored;

  friend bool operator==(const CredentialView&, const CredentialView&) = default;
};

/// A job as it is shown: its record without secrets, and what is going on.
struct JobView {
  JobRecordPtr record;
  uint64_t revision = 0;  ///< Rises with everything that is shown; the record's with the record.
  JobState state = JobState::kSuspended;  ///< With CONNECTING and TRANSFERRING, unlike the record.
  WaitingFor waiting_for = WaitingFor::kNothing;
  uint64_t bytes_total = 0;  ///< kSizeUnknown until every size is known.
  uint64_t bytes_transferred = 0;
  uint32_t files_transferred = 0;
  std::optional<Sid> token_sid;
  std::optional<absl::Time> token_expires;
  bool token_ends_soon = false;
  policy::TokenScopePtr token_scope;
  std::vector<CredentialView> credentials;
  std::optional<ClientCertificate> client_certificate;  ///< For the owner alone.
};

/// A job of which nothing but its record is known: nothing goes on for it, it has no token.
JobView ViewOf(JobRecordPtr record);

/// A file as it is shown.
struct FileView {
  uint32_t index = 0;
  FileRecord record;
  uint64_t bytes_total = kSizeUnknown;
  uint64_t bytes_transferred = 0;
};

struct JobPage {
  std::vector<JobView> jobs;
  std::string next_page_token;
};

struct FilePage {
  std::vector<FileView> files;
  std::string next_page_token;
};

struct JobOutcome {
  JobView job;
  Hresult hresult = Hresult::kOk;
};

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

struct WatchFilter {
  std::vector<JobId> jobs;  ///< Empty: every job the caller may open.
  bool all_users = false;
  std::string resume_token;  ///< Of an event of an earlier watch, or empty.
};

/// What a lender lends for, and until when at the latest.
struct Loan {
  policy::TokenScopePtr scope;  ///< Null: everything.
  absl::Time end = absl::InfiniteFuture();
  /// Network credentials that the lender sent with it; unset: those of the account directory.
  std::optional<Secret> delegated = std::nullopt;
};

/// A stream of changes. Destroying it ends it.
class JobWatch {
 public:
  enum class Kind {
    kSnapshot = 1,
    kSnapshotEnd = 2,
    kChanged = 3,
    kResumed = 4,     ///< The snapshot has only the jobs that changed since the resume token.
    kNotResumed = 5,  ///< The resume token cannot be gone on from: the snapshot is whole.
  };
  struct Event {
    Kind kind;
    std::optional<JobView> job;
    std::string resume_token;  ///< Everything up to this event was told. Empty within a snapshot.
  };
  virtual ~JobWatch() = default;

  /// The next event, or nothing: then `on_ready` runs when there is one again.
  virtual std::optional<Event> Next() = 0;
};

/// BackgroundCopyManager and BackgroundCopyJob.
class JobService {
 public:
  using JobDone = std::function<void(absl::StatusOr<JobView>)>;
  using OutcomeDone = std::function<void(absl::StatusOr<JobOutcome>)>;

  virtual ~JobService() = default;

  virtual void CreateJob(const Caller& caller, NewJob job, JobDone done) = 0;
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

/// BitsTokenOptions.
class TokenOptions {
 public:
  virtual ~TokenOptions() = default;

  virtual void SetHelperTokenFlags(const Caller& caller, std::string_view handle, uint32_t flags,
                                   std::function<void(absl::Status)> done) = 0;
  virtual absl::StatusOr<uint32_t> GetHelperTokenFlags(const Caller& caller,
                                                       std::string_view handle) = 0;
  /// `done` gets when the loan ends.
  virtual void SetHelperToken(const Caller& caller, std::string_view handle, Loan loan,
                              std::function<void(absl::StatusOr<absl::Time>)> done) = 0;
  virtual void ClearHelperToken(const Caller& caller, std::string_view handle,
                                std::function<void(absl::Status)> done) = 0;
  virtual absl::StatusOr<std::optional<Sid>> GetHelperTokenSid(const Caller& caller,
                                                               std::string_view handle) = 0;
};

}  // namespace bitsd

#endif  // BITSD_SERVER_JOB_SERVICE_JOB_SERVICE_H_
