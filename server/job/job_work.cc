// The work of a job: starts it when the job may run, stops it when it may not, takes its news.

#include <algorithm>
#include <utility>

#include "server/error/errors.h"
#include "server/identity/account_changes.h"
#include "server/job/changes/job_changes.h"
#include "server/job/changes/transfer_changes.h"
#include "server/job/job.h"
#include "server/policy/http_status.h"
#include "server/policy/openers.h"

namespace bitsd {
namespace {

bool HasWork(const JobRecord& record) {
  return record.state == JobState::kQueued && !record.completing;
}

/// A download needs the token for whatever is in force.
constexpr uint32_t kEveryFlag = kTokenLocalFile | kTokenNetwork;

TransferFailure Refused(const absl::Status& status) {
  if (DetailOf(status).hresult == Hresult::kTokenRequired) return change::TokenRequired();
  TransferFailure failure;
  failure.transient = false;
  failure.error.hresult = DetailOf(status).hresult;
  // WinHTTP finds the conflict of certificate and helper when it connects.
  const bool conflict = failure.error.hresult == Hresult::kClientCertNoAccessPrivateKey;
  failure.error.context =
      conflict ? ErrorContext::kGeneralTransport : ErrorContext::kGeneralQueueManager;
  failure.error.rule = DetailOf(status).rule;
  failure.error.message = std::string(status.message());
  return failure;
}

/// Whose token and which settings a transfer goes out with.
bool ShowsTheSame(const JobVersion& one, const JobVersion& other) {
  return one.token == other.token && one.record->token_flags == other.record->token_flags &&
         one.record->network == other.record->network;
}

}  // namespace

/// Passes news on while the job exists.
class Job::Events : public DownloadEvents {
 public:
  explicit Events(std::weak_ptr<Job> job) : job_(std::move(job)) {}

  void OnPhase(bool transferring) override {
    if (auto job = job_.lock()) job->OnPhase(transferring);
  }
  void OnFiles(std::vector<FileNews> news, std::function<void(bool)> recorded) override {
    if (auto job = job_.lock()) job->OnFiles(std::move(news), std::move(recorded));
  }
  void OnDone() override {
    if (auto job = job_.lock()) job->OnDone();
  }
  void OnFailed(TransferFailure failure) override {
    if (auto job = job_.lock()) job->OnFailed(std::move(failure));
  }

 private:
  const std::weak_ptr<Job> job_;
};

void Job::Evaluate(Deferred& deferred) {
  TellPriority(deferred);
  EvaluateBeside(deferred);
  if (work_ != nullptr) {
    if (!stopping_ && !WorkIsRight()) StopWork(deferred);
    return;
  }
  const JobVersion version = InForceLocked();
  ScheduleRetry(version);
  // Only what is committed is used: while changes are under way the job starts nothing.
  const bool off = DirtyLocked() || resting_ || shut_down_;
  const bool still = !pending_.empty() || off;
  if (!still && completion_) return StartCompletion(version, deferred);
  if (!still && HasWork(*version.record) && OwnerIsThere()) return StartDownload(version, deferred);
  // A change under way that leaves the job its work does not cost it its turn.
  if (off || !HasWork(*version.record) || !OwnerIsThere()) LeavePlaces(deferred);
}

bool Job::WorkIsRight() const {
  if (work_ended_ || shut_down_ || ParkedLocked()) return false;
  // Even where the local files are another's: what is sent is the owner's.
  const std::shared_ptr<const Account> owner = environment_.accounts.Find(owner_);
  if (WhatChanged(*work_owner_, owner.get())) return false;
  const JobVersion version = InForceLocked();
  const bool completing = work_context_.empty();
  if (!completing && !OwnerIsLoggedOn(*owner)) return false;
  const bool ends = version.record->completing && !IsFinal(version.record->state);
  if (completing ? !ends : !HasWork(*version.record)) return false;
  if (!completing && environment_.places.PlaceOf(id_) != Place::kRunning) return false;
  const auto identity = LocalIdentity(version, owner.get());
  if (!identity.ok() || *identity != *work_identity_) return false;
  const auto loan = LoanOf(version, completing ? kTokenLocalFile : kEveryFlag);
  if (!loan.ok() || !(*loan == work_loan_)) return false;
  return completing || NetworkIsRight(version);
}

void Job::StopWork(Deferred& deferred) {
  stopping_ = true;
  environment_.places.Stop(id_, deferred);
  deferred.push_back(
      [this, self = shared_from_this()] { work_->Stop([self] { self->OnWorkStopped(); }); });
}

bool Job::OwnerIsThere() const {
  const auto account = environment_.accounts.Find(owner_);
  return account != nullptr && !account->disabled;
}

absl::StatusOr<ActingIdentity> Job::LocalIdentity(const JobVersion& version,
                                                  const Account* owner) const {
  const JobRecord& record = *version.record;
  if (absl::Status s = policy::OwnerStanding(owner, record.elevated); !s.ok()) return s;
  const HelperToken* token = version.LiveToken();
  const auto side =
      policy::SideFor(policy::Resource::kLocalFile, record.token_flags, token != nullptr);
  if (!side.ok()) return side.status();
  if (*side == policy::Side::kHelper) return policy::HelperIdentity(token->identity());
  return policy::OwnerIdentity(owner, record.elevated);
}

absl::StatusOr<policy::LoanLimits> Job::LoanOf(const JobVersion& version, uint32_t flags) {
  const HelperToken* token = version.LiveToken();
  if (token == nullptr) return policy::LoanLimits();
  flags &= version.record->token_flags;
  if (absl::Status s = policy::CheckScopeFlags(token->scope().get(), flags); !s.ok()) return s;
  return policy::LimitsOf(token->scope(), flags);
}

void Job::StartDownload(const JobVersion& version, Deferred& deferred) {
  const std::shared_ptr<const Account> owner = environment_.accounts.Find(owner_);
  if (owner == nullptr || owner->disabled) return;  // Gone since Evaluate looked: it waits.
  if (!HangOnPresence(*owner, deferred)) return LeavePlaces(deferred);
  if (const absl::Status s = CheckNetwork(version); !s.ok()) return FailLater(Refused(s), deferred);
  auto identity = LocalIdentity(version, owner.get());
  if (!identity.ok()) return FailLater(Refused(identity.status()), deferred);
  auto loan = LoanOf(version, kEveryFlag);
  if (!loan.ok()) return FailLater(Refused(loan.status()), deferred);
  if (!TakePlace(*version.record, deferred)) return;
  run_is_over_ = false;
  progress_ = std::make_shared<LiveProgress>();
  work_identity_ = *identity;
  work_owner_ = owner;
  work_loan_ = *loan;
  phase_ = JobState::kConnecting;
  DownloadTask task{id_,
                    owner_,
                    version.record->files,
                    *std::move(identity),
                    NetworkOf(version, *owner),
                    progress_,
                    *std::move(loan)};
  work_ = environment_.transfers.StartDownload(std::move(task),
                                               std::make_shared<Events>(weak_from_this()));
}

void Job::StartCompletion(const JobVersion& version, Deferred& deferred) {
  const std::shared_ptr<const Account> owner = environment_.accounts.Find(owner_);
  auto identity = LocalIdentity(version, owner.get());
  auto loan = LoanOf(version, kTokenLocalFile);
  absl::Status status = change::NotFinal(*version.record);  // Cancelled before it began.
  if (status.ok()) status = identity.status();
  if (status.ok()) status = loan.status();
  if (!status.ok()) {
    deferred.push_back([done = std::move(completion_->done), status] { done({}, status); });
    completion_.reset();
    return;
  }
  work_identity_ = *identity;
  work_owner_ = owner;
  work_loan_ = *loan;
  work_context_.clear();
  CompletionTask task{id_, owner_, version.record->files, *std::move(identity), *std::move(loan)};
  work_ = environment_.transfers.StartCompletion(
      std::move(task), [weak = weak_from_this()](std::vector<PlacedFile> indexes, absl::Status s) {
        if (auto job = weak.lock()) job->OnPublished(std::move(indexes), std::move(s));
      });
}

bool Job::AwaitCompletion(JobService::OutcomeDone done) {
  std::lock_guard lock(mutex_);
  if (!completers_) completers_.emplace();
  completers_->push_back(std::move(done));
  return completers_->size() == 1;
}

void Job::AnswerCompletion(const absl::StatusOr<JobOutcome>& outcome) {
  std::vector<JobService::OutcomeDone> completers;
  {
    std::lock_guard lock(mutex_);
    completers = std::move(*completers_);
    completers_.reset();
  }
  for (const auto& done : completers) done(outcome);
}

void Job::RunCompletion(std::function<void(std::vector<PlacedFile>, absl::Status)> done) {
  Deferred deferred;
  {
    std::lock_guard lock(mutex_);
    completion_ = Completion{std::move(done)};
    Evaluate(deferred);
  }
  Run(deferred);
}

void Job::OnPublished(std::vector<PlacedFile> indexes, absl::Status status) {
  Deferred deferred;
  {
    std::lock_guard lock(mutex_);
    if (absl::IsCancelled(status)) status = WhyNotCompleted();
    deferred.push_back([done = std::move(completion_->done), indexes = std::move(indexes),
                        status = std::move(status)] { done(indexes, status); });
    completion_.reset();
    work_ended_ = true;
    Evaluate(deferred);
  }
  Run(deferred);
}

/// Completion was stopped before its last file.
absl::Status Job::WhyNotCompleted() const {
  const JobVersion version = InForceLocked();
  if (absl::Status s = change::NotFinal(*version.record); !s.ok()) return s;
  if (shut_down_) return error::Unavailable("bitsd is stopping: call Complete when it is back");
  const std::shared_ptr<const Account> owner = environment_.accounts.Find(owner_);
  const auto identity = LocalIdentity(version, owner.get());
  if (!identity.ok() && DetailOf(identity.status()).hresult != Hresult::kTokenRequired) {
    return identity.status();
  }
  return error::TokenRequired(
      "the identity that puts the files in place was withdrawn while Complete was under way: call "
      "Complete again; File.completed says which files are in place");
}

void Job::OnWorkStopped() {
  Deferred deferred;
  {
    std::lock_guard lock(mutex_);
    // Whoever calls us may be a part of the work: it is let go on another thread.
    environment_.timer.Post([work = std::shared_ptr<Activity>(std::move(work_))] {});
    stopping_ = false;
    work_ended_ = false;
    // What it did last is shown until that is in the store: nothing falls back in between.
    run_is_over_ = true;
    if (pending_.empty()) ForgetShownRun();
    work_network_.reset();
    deferred.push_back([delegated = std::exchange(work_delegated_, nullptr)] {});
    AnswerStopped(deferred);
    for (auto& stopped : std::exchange(on_stopped_, {})) deferred.push_back(std::move(stopped));
    Evaluate(deferred);
    Changed(deferred);
  }
  Run(deferred);
}

void Job::AnswerStopped(Deferred& deferred) {
  std::vector<std::shared_ptr<Answer>> answers = std::exchange(waiting_for_stop_, {});
  // What the work had synced at its end is shown to whoever is answered.
  if (!pending_.empty()) {
    auto& followers = pending_.back().followers;
    followers.insert(followers.end(), answers.begin(), answers.end());
    return;
  }
  for (const auto& answer : answers) Finish(answer, deferred);
}

void Job::OnAccountsChanged() {
  // A broker that knew less, or more, than this process: now they may agree.
  SubmitNews(change::RetryUnknownIdentity);
  Deferred deferred;
  {
    std::lock_guard lock(mutex_);
    Evaluate(deferred);
    Changed(deferred);
  }
  Run(deferred);
}

void Job::Shutdown(std::function<void()> stopped) {
  Deferred deferred;
  {
    std::lock_guard lock(mutex_);
    shut_down_ = true;
    Evaluate(deferred);
    auto all = std::shared_ptr<void>(nullptr, [stopped = std::move(stopped)](void*) { stopped(); });
    if (work_ != nullptr) on_stopped_.push_back([all] {});
    if (beside_) {
      for (const SideWorkPtr& work : *beside_) work->on_stopped.push_back([all] {});
    }
    deferred.push_back([all = std::move(all)] {});
  }
  Run(deferred);
}

void Job::ScheduleRetry(const JobVersion& version) {
  const JobRecord& record = *version.record;
  const bool waits = record.state == JobState::kTransientError && !shut_down_;
  if (retry_ && !(waits && record.error->next_retry == retry_->when)) {
    environment_.timer.Cancel(retry_->task);
    retry_.reset();
  }
  const bool still = !pending_.empty() || DirtyLocked() || resting_;
  if (!waits || retry_ || still) return;
  const absl::Time when = *record.error->next_retry;
  // A clock that was set back, also while bitsd was down, does not make it later: the record was
  // made no earlier than the error, whose delay is what a server may ask for at most.
  const absl::Duration most = std::max(record.minimum_retry_delay, policy::kMaxRetryAfter);
  const absl::Duration left =
      std::min({when - environment_.clock.Now(), when - record.modification, most});
  retry_ = Retry{when, environment_.timer.AtOrAfter(when, left, [weak = weak_from_this(), when] {
                   if (const auto job = weak.lock()) job->OnRetryDue(when);
                 })};
}

void Job::OnRetryDue(absl::Time when) {
  {
    std::lock_guard lock(mutex_);
    if (!retry_ || retry_->when != when) return;
    retry_.reset();
  }
  SubmitNews([when](const JobVersion& newest) { return change::Retry(newest, when); });
}

void Job::FailLater(TransferFailure failure, Deferred& deferred) {
  deferred.push_back([this, self = shared_from_this(), failure = std::move(failure)] {
    SubmitNews([this, failure](const JobVersion& newest) {
      return change::Failed(newest, failure, false, environment_.clock.Now());
    });
  });
}

void Job::SubmitNews(std::function<absl::StatusOr<JobVersion>(const JobVersion&)> decide) {
  Change change;
  change.decide = std::move(decide);
  Submit(std::move(change));
}

void Job::OnPhase(bool transferring) {
  Deferred deferred;
  {
    std::lock_guard lock(mutex_);
    // Another connection for the next file is no step back.
    if (run_is_over_ || phase_ == JobState::kTransferring) return;
    phase_ = transferring ? JobState::kTransferring : JobState::kConnecting;
    Changed(deferred);
  }
  Run(deferred);
}

void Job::OnFiles(std::vector<FileNews> news, std::function<void(bool)> recorded) {
  Change change;
  change.decide = [news = std::move(news)](const JobVersion& newest) {
    return change::FilesProgressed(newest, news);
  };
  if (recorded != nullptr) {
    change.done = [recorded = std::move(recorded)](const absl::StatusOr<JobVersion>& result) {
      recorded(result.ok());
    };
  }
  change.is_progress = true;
  Submit(std::move(change));
}

void Job::OnDone() {
  OnWorkEnded([this](const JobVersion& newest) {
    return change::AllTransferred(newest, environment_.clock.Now());
  });
}

void Job::OnFailed(TransferFailure failure) {
  const uint64_t bytes = View().bytes_transferred;
  bool progressed = false;
  bool stopping = false;
  JobVersion blamed;
  {
    std::lock_guard lock(mutex_);
    progressed = bytes > std::exchange(bytes_at_failure_, bytes);
    stopping = stopping_;
    blamed = InForceLocked();
  }
  OnWorkEnded([=, this, failure = std::move(failure)](const JobVersion& newest) {
    // What came in the place of what failed is not to blame: the work begins again with it.
    if (stopping || !ShowsTheSame(blamed, newest)) return absl::StatusOr<JobVersion>(newest);
    return change::Failed(newest, failure, progressed, environment_.clock.Now());
  });
}

void Job::OnWorkEnded(std::function<absl::StatusOr<JobVersion>(const JobVersion&)> decide) {
  {
    std::lock_guard lock(mutex_);
    work_ended_ = true;
  }
  SubmitNews(std::move(decide));
  Deferred deferred;
  {
    std::lock_guard lock(mutex_);
    Evaluate(deferred);
  }
  Run(deferred);
}

}  // namespace bitsd
