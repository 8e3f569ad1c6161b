#include "server/job/job_work.h"

#include <utility>

#include "server/error/errors.h"
#include "server/job/changes/job_changes.h"
#include "server/job/changes/transfer_changes.h"

namespace bitsd {
namespace {

bool HasWork(const JobRecord& record) {
  return record.state == JobState::kQueued && !record.completing;
}

/// Which flags need the token: a download uses it for whatever is in force.
uint32_t FlagsOf(WorkKind kind) {
  return kind == WorkKind::kDownload ? kTokenLocalFile | kTokenNetwork : kTokenLocalFile;
}

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

}  // namespace

/// Passes news on while the job exists.
class JobWork::News : public DownloadEvents {
 public:
  News(std::weak_ptr<JobCore> job, JobWork& work) : job_(std::move(job)), work_(work) {}

  void OnPhase(bool transferring) override {
    if (auto job = job_.lock()) work_.OnPhase(transferring);
  }
  void OnFiles(std::vector<FileNews> news, std::function<void(bool)> recorded) override {
    if (auto job = job_.lock()) work_.OnFiles(std::move(news), std::move(recorded));
  }
  void OnDone() override {
    if (auto job = job_.lock()) work_.OnDone();
  }
  void OnFailed(TransferFailure failure) override {
    if (auto job = job_.lock()) work_.OnFailed(std::move(failure));
  }

 private:
  const std::weak_ptr<JobCore> job_;
  JobWork& work_;
};

void JobWork::Evaluate(Deferred& deferred) {
  place_.SetPriority(changes_.Committed().record->priority, deferred);
  beside_.Evaluate(deferred);
  if (run_ != nullptr) {
    if (!run_->stopping && !RunIsRight()) StopRun(deferred);
    return;
  }
  const JobVersion version = changes_.InForce();
  const JobRecord& record = *version.record;
  // Only what is committed is used: while changes are under way the job starts nothing.
  const bool off = changes_.StoreIsBehind() || shut_down_;
  const bool still = !changes_.IsEmpty() || off;
  if (record.state == JobState::kTransientError && !shut_down_) {
    retry_.Await(record, !still);
  } else {
    retry_.Drop();
  }
  if (!still && completion_) return StartCompletion(version, deferred);
  const bool runs = HasWork(record) && OwnerIsThere(core_.environment(), core_.owner());
  if (!still && runs) return StartDownload(version, deferred);
  // A change under way that leaves the job its work does not cost it its turn.
  if (off || !runs) LeavePlaces(deferred);
}

bool JobWork::RunIsRight() const {
  if (run_->ended || shut_down_ || changes_.IsParked()) return false;
  // Even where the local files are another's: what is sent is the owner's.
  std::shared_ptr<const Account> owner = core_.environment().accounts.Find(core_.owner());
  const JobVersion version = changes_.InForce();
  if (!IsSame(run_->actor, ActorOf(version, owner, FlagsOf(run_->kind)))) return false;
  if (run_->kind == WorkKind::kDownload) return DownloadIsRight(version, *owner);
  return version.record->completing && !IsFinal(version.record->state);
}

bool JobWork::DownloadIsRight(const JobVersion& version, const Account& owner) const {
  return HasWork(*version.record) && IsLoggedOn(core_.environment(), core_.owner(), owner) &&
         place_.MayRun() && NetworkUseOf(version) == run_->network;
}

void JobWork::AwaitStops(const ChangeAnswerPtr& answer) {
  if (run_ != nullptr) run_->Await(answer);
  beside_.AwaitStops(answer);
}

void JobWork::StopRun(Deferred& deferred) {
  run_->stopping = true;
  place_.Stop(deferred);
  deferred.push_back([this, self = core_.shared_from_this()] {
    run_->activity->Stop([this, self] { OnRunStopped(); });
  });
}

void JobWork::OnRunStopped() {
  core_.Locked([this](Deferred& deferred) {
    const std::shared_ptr<Run> run = std::exchange(run_, nullptr);
    run->LetActivityGo(core_.environment().timer);
    shown_.End();
    if (changes_.IsEmpty()) shown_.ForgetEnded();
    changes_.AnswerStopped(std::exchange(run->waiting, {}), deferred);
    // What was delegated ends, and who holds on to its end is told, once the lock is released.
    deferred.push_back([run] {});
    Evaluate(deferred);
    core_.Changed(deferred);
  });
}

void JobWork::StartDownload(const JobVersion& version, Deferred& deferred) {
  JobEnvironment& environment = core_.environment();
  const std::shared_ptr<const Account> owner = environment.accounts.Find(core_.owner());
  if (owner == nullptr || owner->disabled) return;  // Gone since Evaluate looked: it waits.
  if (!presence_.Require(*owner, deferred)) return LeavePlaces(deferred);
  if (const absl::Status s = CheckNetwork(version); !s.ok()) return FailLater(Refused(s), deferred);
  const auto actor = ActorOf(version, owner, FlagsOf(WorkKind::kDownload));
  if (!actor.ok()) return FailLater(Refused(actor.status()), deferred);
  if (!place_.Take(version.record->priority, deferred)) return;
  run_ = std::make_shared<Run>();
  run_->kind = WorkKind::kDownload;
  run_->actor = *actor;
  run_->network = NetworkUseOf(version);
  DownloadTask task{
      core_.id(),
      core_.owner(),
      version.record->files,
      actor->identity,
      NetworkTaskOf(version, run_->network, *owner, ++downloads_, environment.network),
      shown_.Begin(),
      actor->loan};
  run_->activity = environment.transfers.StartDownload(
      std::move(task), std::make_shared<News>(core_.weak_from_this(), *this));
}

void JobWork::StartCompletion(const JobVersion& version, Deferred& deferred) {
  JobEnvironment& environment = core_.environment();
  const auto actor =
      ActorOf(version, environment.accounts.Find(core_.owner()), FlagsOf(WorkKind::kPublish));
  absl::Status status = change::NotFinal(*version.record);  // Cancelled before it began.
  if (status.ok()) status = actor.status();
  if (!status.ok()) {
    deferred.push_back([done = std::move(*completion_), status] { done({}, status); });
    completion_.reset();
    return;
  }
  run_ = std::make_shared<Run>();
  run_->kind = WorkKind::kPublish;
  run_->actor = *actor;
  CompletionTask task{core_.id(), core_.owner(), version.record->files, actor->identity,
                      actor->loan};
  run_->activity = environment.transfers.StartCompletion(
      std::move(task),
      [this, weak = core_.weak_from_this()](std::vector<PlacedFile> indexes, absl::Status result) {
        if (auto job = weak.lock()) OnPublished(std::move(indexes), std::move(result));
      });
}

/// Completion was stopped before its last file.
absl::Status JobWork::WhyNotCompleted() const {
  const JobVersion version = changes_.InForce();
  if (absl::Status s = change::NotFinal(*version.record); !s.ok()) return s;
  if (shut_down_) return error::Unavailable("bitsd is stopping: call Complete when it is back");
  const std::shared_ptr<const Account> owner = core_.environment().accounts.Find(core_.owner());
  const auto identity = LocalIdentity(version, owner.get());
  if (!identity.ok() && DetailOf(identity.status()).hresult != Hresult::kTokenRequired) {
    return identity.status();
  }
  return error::TokenRequired(
      "the identity that puts the files in place was withdrawn while Complete was under way: call "
      "Complete again; File.completed says which files are in place");
}

void JobWork::LeavePlaces(Deferred& deferred) {
  presence_.Drop();
  place_.Leave(deferred);
}

void JobWork::FailLater(TransferFailure failure, Deferred& deferred) {
  deferred.push_back([this, self = core_.shared_from_this(), failure = std::move(failure)] {
    changes_.SubmitNews([this, failure](const JobVersion& newest) {
      return change::Failed(newest, failure, false, core_.environment().clock.Now());
    });
  });
}

void JobWork::RunCompletion(CompletionDone done) {
  core_.Locked([&](Deferred& deferred) {
    completion_ = std::move(done);
    Evaluate(deferred);
  });
}

void JobWork::OnPlaceChanged() {
  core_.Locked([this](Deferred& deferred) { Evaluate(deferred); });
}

ProgressSample JobWork::TakeSample() {
  ProgressSample sample;
  core_.Locked([&](Deferred&) { sample = shown_.Sample(*changes_.Committed().record->files); });
  return sample;
}

void JobWork::OnOwnerLoggedOff(const WaitGroupPtr& wait_group) {
  core_.Locked([&](Deferred& deferred) {
    Evaluate(deferred);
    if (wait_group != nullptr) Hold(wait_group);
    core_.Changed(deferred);
  });
}

void JobWork::OnOwnerLoggedOn() {
  core_.Locked([this](Deferred& deferred) {
    presence_.OnLoggedOn();
    Evaluate(deferred);
    core_.Changed(deferred);
  });
}

void JobWork::OnAccountsChanged() {
  // A broker that knew less, or more, than this process: now they may agree.
  changes_.SubmitNews(change::RetryUnknownIdentity);
  core_.Locked([this](Deferred& deferred) {
    Evaluate(deferred);
    core_.Changed(deferred);
  });
}

void JobWork::Shutdown(std::function<void()> stopped) {
  core_.Locked([&](Deferred& deferred) {
    shut_down_ = true;
    beside_.Shutdown();
    Evaluate(deferred);
    std::shared_ptr<void> all(nullptr, [stopped = std::move(stopped)](void*) { stopped(); });
    Hold(all);
    deferred.push_back([all = std::move(all)] {});
  });
}

void JobWork::Hold(const std::shared_ptr<void>& part) {
  if (run_ != nullptr) run_->Hold(part);
  beside_.Hold(part);
}

}  // namespace bitsd
