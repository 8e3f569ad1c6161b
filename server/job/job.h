// One job: its queue of changes, and the work that is going on for it.
//
// Every change goes decide -> commit -> apply -> answer. It is decided against the newest version,
// uncommitted ones included. What it grants is neither visible nor used before its commit; what it
// withdraws is in force at once, and while such a withdrawal is not in the store the job is parked:
// nothing is opened or sent for it. A commit that fails leaves the withdrawal in force and is tried
// again; what was decided behind it is decided anew. The answer of a change that withdraws waits
// until nothing goes on under what was withdrawn.
//
// Work is a transfer, or the putting in place of its files, one of them at a time; and beside it
// what is short and acts as somebody, too: checks of folders, looks at files, cleanups. All of it
// stops when whoever acts in it may not any more.
//
// Thread safety: any thread; the job's mutex is never held across I/O or a foreign callback.
// Ownership: shared between the table and the work under way. JobEnvironment outlives every job.

#ifndef BITSD_SERVER_JOB_JOB_H_
#define BITSD_SERVER_JOB_JOB_H_

#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "server/base/clock.h"
#include "server/base/timer.h"
#include "server/identity/account_directory.h"
#include "server/identity/network_identity.h"
#include "server/identity/sid_pool.h"
#include "server/job/changes/job_version.h"
#include "server/job/schedule/run_queue.h"
#include "server/job/service/job_service.h"
#include "server/job/watch_hub.h"
#include "server/model/job_store.h"
#include "server/model/transfer_service.h"
#include "server/session/presence.h"

namespace bitsd {

class Job;

/// What jobs need of the world.
struct JobEnvironment {
  JobStore& store;
  TransferService& transfers;
  const AccountDirectory& accounts;
  const Clock& clock;
  Timer& timer;
  RunQueue& places;
  Presence& presence;
  NetworkIdentities& network;
  SidPool& owners;
  /// Runs after every change of what a job shows. Must not block.
  std::function<void(const std::shared_ptr<Job>&)> changed;
  /// Runs when the job became ERROR, TRANSIENT_ERROR or TRANSFERRED: what it is then. Must not
  /// block.
  std::function<void(const JobRecordPtr&)> outcome;
};

class Job : public Runner, public std::enable_shared_from_this<Job> {
 public:
  struct Change {
    /// Turns the newest version into the next; pure, may run more than once. An error refuses the
    /// change.
    std::function<absl::StatusOr<JobVersion>(const JobVersion& newest)> decide;
    /// Gets the version that was committed, the refusal, or the store's error. Once; may be null.
    std::function<void(absl::StatusOr<JobVersion>)> done;
    /// Written in the same commit; may be null. Gets the decided record.
    std::function<std::optional<RequestRecord>(const JobRecordPtr&)> request;
    /// Watchers hear of it with the next progress (HasNewProgress), and not at once.
    bool is_progress = false;
    /// While Complete runs it waits, and is decided when that has ended.
    bool after_completion = false;
    /// Refused, stale_revision, when the job was shown with another revision since.
    std::optional<uint64_t> expected_revision;
  };

  /// Short work beside the transfer.
  struct Beside {
    /// False: whoever acts in it may not any more. Asked with the job's mutex held.
    std::function<bool(const JobVersion& in_force)> is_right;
    /// Starts it. `ended` is to be called when it has ended by itself, before anything else is done
    /// with what came of it.
    std::function<std::unique_ptr<Activity>(std::function<void()> ended)> start;
    /// It was stopped before it ended, or did not begin: it is not right any more.
    std::function<void()> interrupted;
  };

  /// What is begun as who acts on local files now.
  struct LocalWork {
    std::function<std::unique_ptr<Activity>(
        const ActingIdentity& who, const policy::LoanLimits& loan, std::function<void()> ended)>
        start;
    /// It was not done. OK: who acts is just changing, ask again; else why nobody acts.
    std::function<void(absl::Status)> not_done;
  };

  /// `record` is in the store already. `revision`: what is shown has at least this one.
  Job(JobEnvironment& environment, JobRecordPtr record, uint64_t revision = 0);

  const JobId& id() const { return id_; }
  const Sid& owner() const { return owner_; }
  bool elevated() const { return elevated_; }

  void Submit(Change change);

  /// Takes the job out of the store. Nothing of it is written from now on: every change that is not
  /// committed yet, and all that come, are refused.
  void Erase();
  bool erased() const;

  /// What is in force: committed, less what was withdrawn since.
  JobVersion InForce() const;
  JobView View() const;
  std::vector<FileView> Files(size_t first, size_t count) const;

  /// The watch hub's note.
  ChangeMark& change_mark() { return change_mark_; }

  /// True when bytes arrived or a file went on since the last time it was asked.
  bool HasNewProgress();

  // Runner.
  void OnPlaceChanged() override;
  ProgressSample TakeSample() override;

  /// A call of Complete: true when it is the first under way, which gives its answer to all of them
  /// by AnswerCompletion.
  bool AwaitCompletion(JobService::OutcomeDone done);
  void AnswerCompletion(const absl::StatusOr<JobOutcome>& outcome);

  void RunBeside(Beside beside);
  /// Why nobody acts on local files now; OK when somebody does.
  absl::Status CheckLocalActor() const;
  /// RunBeside as who acts on local files, as long as that is the same identity.
  void RunLocalWork(LocalWork work);

  /// Publishes the transferred files once the intent is committed. `done` gets the indexes that are
  /// in place and OK or what stopped it. Call it once per BeginCompletion.
  void RunCompletion(std::function<void(std::vector<PlacedFile>, absl::Status)> done);

  /// The account directory is another: whoever acts for the job is looked at again. Work that is no
  /// longer right stops at once and goes on as whom the new directory says.
  void OnAccountsChanged();

  /// Goes on with what was under way before a restart.
  void GoOn() { OnPlaceChanged(); }

  /// Stops the work and starts no more: the service is going down.
  void Shutdown(std::function<void()> stopped);

 private:
  class Events;

  struct Answer {
    std::function<void(absl::StatusOr<JobVersion>)> done;
    absl::StatusOr<JobVersion> result;
    int waits = 1;  ///< For the commit; and for the end of the work, when it withdraws.
  };
  struct Pending {
    Change change;
    JobVersion result;
    absl::Status refusal;
    std::shared_ptr<Answer> answer;
    /// Given once this is committed, or failed: the last news of the work that they stopped.
    std::vector<std::shared_ptr<Answer>> followers;
  };
  /// What is to be done once the mutex is released.
  using Deferred = RunQueue::Deferred;
  struct Completion {
    std::function<void(std::vector<PlacedFile>, absl::Status)> done;
  };
  struct SideWork {
    std::function<bool(const JobVersion&)> is_right;
    std::function<void()> interrupted;
    std::unique_ptr<Activity> activity;  ///< Null while it is being started.
    bool stopping = false;
    bool ended = false;
    std::vector<std::shared_ptr<Answer>> waiting;  ///< For its end.
    std::vector<std::function<void()>> on_stopped;
  };
  using SideWorkPtr = std::shared_ptr<SideWork>;
  struct Retry {
    absl::Time when;
    Timer::Task task;
  };

  // The queue of changes (job_queue.cc). All with the mutex held.
  const JobVersion& Newest() const;
  void SubmitLocked(Change change, Deferred& deferred);
  void SubmitDeferred(Deferred& deferred);
  void Decide(Pending& pending);
  bool IsStale(uint64_t expected, const JobVersion& newest) const;
  /// `record` as the next revision after `before`.
  JobRecordPtr Revised(const JobRecord& record, const JobRecord& before) const;
  JobVersion InForceLocked() const;
  /// Files as the news of them says, which may not be in the store yet.
  const FileRecords& ShownFiles() const { return *Newest().record->files; }
  uint64_t ShowRevision(const JobView& view) const;
  bool ParkedLocked() const;
  bool DirtyLocked() const { return base_.record != durable_.record; }
  void StartCommit(Deferred& deferred);
  void OnCommitted(const absl::Status& status);
  void CommitFailed(const absl::Status& status, Deferred& deferred);
  /// `base_` is going to be `next`.
  void NoteOutcome(const JobRecordPtr& next, Deferred& deferred) const;
  void RefuseErased(Change change, Deferred& deferred);
  /// `answer` waits for everything that is stopping.
  void AwaitStops(const std::shared_ptr<Answer>& answer);
  bool AnythingStops() const;
  void Finish(const std::shared_ptr<Answer>& answer, Deferred& deferred);
  void DropEndedToken(Deferred& deferred);
  void ScheduleStoreRetry(Deferred& deferred);
  /// No commit of the job is under way, and none will be.
  void EraseFromStore(Deferred& deferred);

  // The work (job_work.cc). All with the mutex held.
  void Evaluate(Deferred& deferred);
  bool WorkIsRight() const;
  /// The account directory has the owner, not disabled.
  bool OwnerIsThere() const;
  bool OwnerIsLoggedOn(const Account& owner) const;
  /// True while the owner is logged on: the job is told when that ends, or when it begins.
  bool HangOnPresence(const Account& owner, Deferred& deferred);
  void OnOwnerLoggedOff(const WaitGroupPtr& wait_group);
  void OnOwnerLoggedOn();
  void StopWork(Deferred& deferred);
  void ForgetShownRun();
  // Beside it (job_beside.cc). With the mutex held.
  struct LocalActor {
    std::shared_ptr<const Account> owner;
    ActingIdentity identity;
    policy::LoanLimits loan;
  };
  absl::StatusOr<LocalActor> FindLocalActor(const JobVersion& version) const;
  Attachment OnLogoff();
  void EvaluateBeside(Deferred& deferred);
  void StopBeside(const SideWorkPtr& work, Deferred& deferred);
  void LetGo(const SideWorkPtr& work, Deferred& deferred);
  void OnBesideEnded(const SideWorkPtr& work);
  void OnBesideStopped(const SideWorkPtr& work);
  void StartDownload(const JobVersion& version, Deferred& deferred);
  bool TakePlace(const JobRecord& record, Deferred& deferred);
  void LeavePlaces(Deferred& deferred);
  void TellPriority(Deferred& deferred);
  void StartCompletion(const JobVersion& version, Deferred& deferred);
  absl::StatusOr<ActingIdentity> LocalIdentity(const JobVersion& version,
                                               const Account* owner) const;
  /// The limits of the token that is used while `flags`, of those in force, are looked at.
  /// E_ACCESSDENIED, token_scope, when it may not be used for all of them.
  static absl::StatusOr<policy::LoanLimits> LoanOf(const JobVersion& version, uint32_t flags);

  // The network side of the work (job_network.cc). With the mutex held.
  static std::optional<ActingIdentity> OwnerSide(const JobRecord& record, const Account* owner);
  /// May the job connect? 0x80072F9A for a certificate beside a helper; BG_E_TOKEN_REQUIRED when it
  /// may be asked for the credentials of a helper that is not there.
  static absl::Status CheckNetwork(const JobVersion& version);
  /// The network's side is the helper's, and it is there.
  static bool HelperIsOnNetwork(const JobVersion& version);
  /// Who is shown to whom, and how: another one is another security context.
  std::string NetworkContext(const JobVersion& version) const;
  /// The same for one piece of work: of its own where what it shows is the job's own.
  std::string ConnectionContext(const JobVersion& version, const Account& owner) const;
  /// What the acting side has in the directory.
  static const NetworkCredentials& ActingCredentials(const JobVersion& version,
                                                     const Account& owner);
  /// Credentials that the helper delegated, if they are the ones to be used.
  static NetworkIdentityPtr DelegatedIdentity(const JobVersion& version);
  NetworkIdentityPtr ImplicitIdentity(const JobVersion& version, const Account& owner) const;
  /// `owner` passed OwnerStanding.
  NetworkTask NetworkOf(const JobVersion& version, const Account& owner);
  bool NetworkIsRight(const JobVersion& version) const;

  void OnWorkStopped();
  absl::Status WhyNotCompleted() const;
  void AnswerStopped(Deferred& deferred);
  /// Sets the timer of a TRANSIENT_ERROR, or drops one that means nothing any more.
  void ScheduleRetry(const JobVersion& version);
  void OnRetryDue(absl::Time when);
  void FailLater(TransferFailure failure, Deferred& deferred);

  // News of the download, without the mutex.
  void OnPhase(bool transferring);
  void OnFiles(std::vector<FileNews> news, std::function<void(bool)> recorded);
  void OnDone();
  void OnFailed(TransferFailure failure);
  void OnPublished(std::vector<PlacedFile> indexes, absl::Status status);
  /// The work told its last news: takes it and lets the work go.
  void OnWorkEnded(std::function<absl::StatusOr<JobVersion>(const JobVersion&)> decide);
  /// Submits a change nobody waits for.
  void SubmitNews(std::function<absl::StatusOr<JobVersion>(const JobVersion&)> decide);

  static void Run(Deferred& deferred);
  void Changed(Deferred& deferred);

  JobEnvironment& environment_;
  const JobId id_;
  const Sid& owner_;  ///< In the environment's pool.
  const bool elevated_;
  ChangeMark change_mark_{0};

  mutable std::mutex mutex_;
  JobVersion durable_;  ///< What the store has.
  JobVersion base_;     ///< That, less withdrawals whose commit failed.
  std::list<Pending> pending_;
  size_t committing_ = 0;  ///< This many of pending_ are in the commit under way.
  bool commit_running_ = false;
  int store_failures_ = 0;
  bool resting_ = false;  ///< A commit failed: nothing is started until it is tried again.
  bool erased_ = false;

  std::unique_ptr<Activity> work_;
  bool stopping_ = false;
  bool work_ended_ = false;  ///< By itself: it only has to be let go.
  bool shut_down_ = false;
  HeapOptional<ActingIdentity> work_identity_;
  std::shared_ptr<const Account> work_owner_;  ///< The owner's account when the work began.
  policy::LoanLimits work_loan_;
  std::string work_context_;  ///< Network context of a download; empty for a completion.
  NetworkSettingsPtr work_network_;
  NetworkIdentityPtr work_delegated_;
  uint64_t downloads_ = 0;  ///< That began.
  std::vector<std::shared_ptr<Answer>> waiting_for_stop_;
  std::vector<std::function<void()>> on_stopped_;
  HeapOptional<Completion> completion_;
  HeapOptional<std::vector<JobService::OutcomeDone>> completers_;
  HeapOptional<std::vector<SideWorkPtr>> beside_;
  HeapOptional<std::vector<Change>> deferred_;
  Attachment presence_;        ///< Of the owner, while the job wants to run.
  bool awaits_logon_ = false;  ///< It will be told of the owner's next logon.
  bool in_places_ = false;     ///< Between Enter and Leave.
  bool waits_for_place_ = false;
  JobPriority told_priority_ = JobPriority::kNormal;  ///< What the places know.
  std::optional<JobState> phase_;
  std::shared_ptr<LiveProgress> progress_;
  bool run_is_over_ = false;  ///< And is shown until its last news is in the store.
  bool file_news_ = false;    ///< A file went on, and watchers were not told.
  uint64_t bytes_shown_ = 0;  ///< Of the current file, when HasNewProgress was last asked.
  uint64_t bytes_at_failure_ = 0;
  HeapOptional<Retry> retry_;

  // What was shown last.
  mutable uint64_t shown_revision_;
  mutable uint64_t shown_digest_ = 0;
  mutable uint64_t shown_record_;       ///< The record's own revision.
  mutable uint64_t shown_record_from_;  ///< Shown revision since which it is that record.
};

}  // namespace bitsd

#endif  // BITSD_SERVER_JOB_JOB_H_
