#include "tests/model/system.h"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "absl/strings/match.h"
#include "server/error/errors.h"
#include "server/identity/account_changes.h"
#include "server/policy/local_names.h"

namespace bitsd::model {
namespace {

const Player& PlayerOf(const Step& step) { return kCast[static_cast<size_t>(step.who)]; }

PosixIdentity PosixOf(int uid) { return {static_cast<uid_t>(uid), static_cast<gid_t>(uid), {}}; }

Account AccountOf(const Player& player) {
  Account account;
  account.sid = player.sid;
  account.name = player.name;
  account.posix = PosixOf(player.uid);
  account.service = player.service;
  if (player.administrator) account.groups = {{kAdministratorsSid, kGroupEnabled}};
  if (player.filtered_uid != 0) account.filtered = PosixOf(player.filtered_uid);
  return account;
}

Answer AnswerOf(const absl::Status& status) {
  if (status.ok()) return {};
  const ErrorDetail detail = DetailOf(status);
  return {detail.hresult, detail.rule};
}

std::string LargestText(size_t characters) {
  std::string text;
  for (size_t i = 0; i < characters; ++i) text += "\U0001F600";
  return text;
}

/// Names as long as they may be; the local one is that of file `number` of its job.
NewFile LargestFile(size_t number) {
  static const NewFile kFile = [] {
    NewFile file;
    file.remote_name = "http://192.0.2.1/";
    file.remote_name.resize(2200, 'u');
    // Its folder leaves room for the temporary file, no more.
    while (file.local_name.size() < 4070 - 200) file.local_name += "/" + std::string(199, 'd');
    file.local_name += "/" + std::string(4070 - file.local_name.size() - 1, 'd') + "/f";
    return file;
  }();
  NewFile file = kFile;
  file.local_name += std::to_string(number);
  return file;
}

NewFile ShortFile(size_t number) { return {"http://192.0.2.1/f", "/d/f" + std::to_string(number)}; }

/// An answer that comes before the call returns, as all do here.
template <typename T>
class Instant {
 public:
  std::function<void(T)> Callback() {
    return [this](T value) { value_.emplace(std::move(value)); };
  }
  const T& Get() const {
    static const T kNever(absl::DeadlineExceededError("no answer"));
    return value_ ? *value_ : kNever;
  }

 private:
  std::optional<T> value_;
};

}  // namespace

System::System(bool windows7) {
  options_.policy = windows7 ? policy::Version::kWindows7 : policy::Version::kWindows10_1607;
  options_.token_max_ttl = kLongestLoan;
  for (const Player& player : kCast) {
    accounts_.by_sid[player.sid] = std::make_shared<const Account>(AccountOf(player));
  }
  Start();
}

System::~System() {
  timer_.Forget();
  manager_->Shutdown([] {});
}

void System::Start() {
  if (manager_ != nullptr) {
    // A kill: nothing of it is written any more.
    timer_.Forget();
    store_.Hold();
    manager_->Shutdown([] {});
    timer_.RunDue();
    timer_.Forget();
    store_.DropHeld();
    manager_.reset();
    sessions_.reset();
    store_.Fail(absl::OkStatus());
  }
  policy::SessionLimits limits;
  limits.default_idle = kDefaultIdle;
  transfers_ = std::make_unique<ScriptedTransfers>();
  sessions_ = std::make_unique<SessionTable>(
      SessionTable::Deps{store_, audit_, accounts_, clock_, clock_, timer_}, limits);
  manager_ = std::make_unique<JobManager>(JobManager::Deps{store_, *transfers_, accounts_, audit_,
                                                           clock_, timer_, *sessions_, identities_},
                                          options_);
  manager_->Restore([this](const SessionRecord& record) { sessions_->Restore(record); })
      .IgnoreError();
}

std::shared_ptr<const AccessToken> System::TokenOf(const Step& step) const {
  const Player& player = PlayerOf(step);
  const auto account = accounts_.Find(player.sid);
  auto token = std::make_shared<AccessToken>();
  token->user = player.sid;
  token->account_name = player.name;
  token->groups = account->groups;
  token->posix = account->posix;
  token->service = account->service;
  token->certificate_not_after = clock_.Now() + kLongLife;
  const bool certificate = step.op == Op::kLend || step.op == Op::kHandle;
  if (certificate && (step.with & kShortCertificate)) {
    token->certificate_not_after = clock_.Now() + kShortLife;
  }
  if (step.op == Op::kLend && (step.with & kIdentifyOnly)) {
    token->level = ImpersonationLevel::kIdentify;
  }
  const bool no_filter = step.op == Op::kSetFlags || step.op == Op::kLogon;
  if (!no_filter && (step.with & kFiltered) && account->IsAdministrator()) {
    token->groups = {{kAdministratorsSid, kGroupUseForDenyOnly}};
    token->posix = account->filtered;
    token->filtered = true;
  }
  return token;
}

std::optional<SessionId> System::Named(const Step& step) const {
  if (step.in == 0 || logons_.empty() || step.op == Op::kList) return std::nullopt;
  return logons_[static_cast<size_t>(step.in - 1) % logons_.size()];
}

void System::Remember(const SessionId& id) {
  if (std::find(opened_.begin(), opened_.end(), id) == opened_.end()) opened_.push_back(id);
}

Answer System::Play(const Step& step) {
  Answer answer;
  switch (step.op) {
    case Op::kWait: timer_.Pass(absl::Seconds(kWaits[static_cast<size_t>(step.with)])); break;
    case Op::kStoreFails: store_.Fail(error::DiskFull("no room")); break;
    case Op::kStoreWorks: store_.Fail(absl::OkStatus()); break;
    case Op::kAccount: EditAccount(step); break;
    case Op::kRestart: Start(); break;
    case Op::kTransferring:
    case Op::kDone:
    case Op::kFails:
    case Op::kFailsForGood: PlayDownload(step); break;
    case Op::kLogon: answer = Logon(step); break;
    case Op::kLogoff: answer = Logoff(step); break;
    default: {
      const auto token = TokenOf(step);
      const auto session = sessions_->ForCall(*token, Named(step));
      if (session.ok()) Remember((*session)->id());
      answer = session.ok() ? Call(step, {token, *session}) : AnswerOf(session.status());
    }
  }
  timer_.RunDue();
  return answer;
}

Answer System::Call(const Step& step, const Caller& caller) {
  Instant<absl::StatusOr<JobView>> viewed;
  switch (step.op) {
    case Op::kCreate: {
      NewJob job;
      job.display_name = NextIsLarge() ? LargestText(policy::kMaxDisplayName) : "job";
      job.priority = JobPriority::kForeground;
      manager_->CreateJob(caller, job, viewed.Callback());
      if (viewed.Get().ok()) jobs_.push_back(viewed.Get()->record->id);
      break;
    }
    case Op::kList: {
      const auto page = manager_->ListJobs(caller, (step.in & 1) != 0, 0, "");
      if (!page.ok()) return AnswerOf(page.status());
      return {Hresult::kOk, std::to_string(page->jobs.size())};
    }
    case Op::kGet: return AnswerOf(manager_->GetJob(caller, JobOf(step)).status());
    case Op::kAddFile: {
      const auto view = View(JobOf(step));
      const size_t number = view.ok() ? view->record->files->size() : 0;
      manager_->AddFiles(caller, JobOf(step),
                         {NextIsLarge() ? LargestFile(number) : ShortFile(number)}, "",
                         viewed.Callback());
      break;
    }
    case Op::kResume: manager_->Resume(caller, JobOf(step), viewed.Callback()); break;
    case Op::kSuspend: manager_->Suspend(caller, JobOf(step), viewed.Callback()); break;
    case Op::kUpdate: {
      JobUpdate update;
      update.description = NextIsLarge() ? LargestText(policy::kMaxDescription) : "another";
      const auto view = View(JobOf(step));
      const uint64_t revision = view.ok() ? view->revision : 0;
      if (step.with & (kStaleRevision | kCurrentRevision)) update.expected_revision = revision;
      if (step.with & kStaleRevision) update.expected_revision = 0;
      manager_->UpdateJob(caller, JobOf(step), update, viewed.Callback());
      break;
    }
    case Op::kCancel: {
      Instant<absl::StatusOr<JobOutcome>> cancelled;
      manager_->Cancel(caller, JobOf(step), cancelled.Callback());
      return AnswerOf(cancelled.Get().status());
    }
    case Op::kComplete: return Complete(step, caller, JobOf(step));
    case Op::kHandle: {
      const int helper = (step.with >> kBindShift) - 1;
      const auto bound =
          helper < 0 ? std::nullopt : std::optional(kCast[static_cast<size_t>(helper)].sid);
      auto handle = manager_->QueryInterface(caller, JobOf(step), bound);
      if (!handle.ok()) return AnswerOf(handle.status());
      handles_.push_back(*std::move(handle));
      return {};
    }
    default: return OnHandle(step, caller);
  }
  return AnswerOf(viewed.Get().status());
}

Answer System::Complete(const Step& step, const Caller& caller, const JobId& job) {
  Instant<absl::StatusOr<JobOutcome>> completed;
  manager_->Complete(caller, job, completed.Callback());
  if (const Run run = RunOf(job); run != nullptr && run->events == nullptr) {
    std::vector<PlacedFile> published;
    uint32_t index = 0;
    for (const FileRecord& file : *run->completion.files) {
      if (file.progress.transferred && !file.completed) published.push_back(index);
      ++index;
    }
    if (step.with & kPublishingFails) {
      run->published({}, error::AccessDenied(Rule::kNotPermitted, "no right to the directory"));
    } else {
      run->published(published, absl::OkStatus());
    }
  }
  const auto& outcome = completed.Get();
  if (!outcome.ok()) return AnswerOf(outcome.status());
  return {Hresult::kOk, outcome->hresult == Hresult::kPartialComplete ? "partial" : ""};
}

Answer System::OnHandle(const Step& step, const Caller& caller) {
  const std::string& handle = handles_[static_cast<size_t>(step.on) % handles_.size()];
  Instant<absl::Status> done;
  switch (step.op) {
    case Op::kRelease: return AnswerOf(manager_->Release(caller, handle));
    case Op::kSetFlags:
      manager_->SetHelperTokenFlags(caller, handle, static_cast<uint32_t>(step.with),
                                    done.Callback());
      return AnswerOf(done.Get());
    case Op::kGetFlags: {
      const auto flags = manager_->GetHelperTokenFlags(caller, handle);
      return flags.ok() ? Answer{Hresult::kOk, std::to_string(*flags)} : AnswerOf(flags.status());
    }
    case Op::kGetSid: {
      const auto sid = manager_->GetHelperTokenSid(caller, handle);
      if (!sid.ok()) return AnswerOf(sid.status());
      for (const Player& player : kCast) {
        if (*sid == player.sid) return {Hresult::kOk, player.name};
      }
      return {};
    }
    case Op::kLend: {
      Instant<absl::StatusOr<absl::Time>> lent;
      manager_->SetHelperToken(caller, handle, {}, lent.Callback());
      if (!lent.Get().ok()) return AnswerOf(lent.Get().status());
      return {Hresult::kOk, std::to_string(absl::ToInt64Seconds(*lent.Get() - clock_.Now()))};
    }
    default:
      manager_->ClearHelperToken(caller, handle, done.Callback());
      return AnswerOf(done.Get());
  }
}

Answer System::Logon(const Step& step) {
  Instant<absl::StatusOr<SessionPtr>> opened;
  sessions_->Logon(
      *TokenOf(step), absl::Seconds(kTtls[static_cast<size_t>(step.with)]), [] { return true; },
      opened.Callback());
  if (!opened.Get().ok()) return AnswerOf(opened.Get().status());
  Remember((*opened.Get())->id());
  logons_.push_back((*opened.Get())->id());
  return {};
}

Answer System::Logoff(const Step& step) {
  Instant<absl::Status> done;
  sessions_->Logoff(*TokenOf(step), Named(step), done.Callback());
  return AnswerOf(done.Get());
}

/// As Reloader::AdoptAccounts does it with a changed account.
void System::EditAccount(const Step& step) {
  const Player& player = PlayerOf(step);
  const auto before = accounts_.Find(player.sid);
  Account after = before == nullptr ? AccountOf(player) : *before;
  switch (static_cast<AccountEdit>(step.with)) {
    case AccountEdit::kRemove: break;
    case AccountEdit::kDisable: after.disabled = true; break;
    case AccountEdit::kRestore: after = AccountOf(player); break;
    case AccountEdit::kAnotherUid: after.posix = PosixOf(player.uid + 1000); break;
    case AccountEdit::kNoAdministrator: after.groups.clear(); break;
  }
  const bool removed = static_cast<AccountEdit>(step.with) == AccountEdit::kRemove;
  if (before == nullptr && static_cast<AccountEdit>(step.with) != AccountEdit::kRestore) return;
  if (removed) {
    accounts_.by_sid.erase(player.sid);
  } else {
    accounts_.by_sid[player.sid] = std::make_shared<const Account>(after);
  }
  std::vector<Sid> gone;
  if (before != nullptr) {
    const auto changed = WhatChanged(*before, removed ? nullptr : &after);
    const bool leaves = changed == AccountChange::kRemoved || changed == AccountChange::kDisabled;
    if (leaves) {
      sessions_->CloseOf(player.sid, "account_gone");
      gone.push_back(player.sid);
    } else if (changed) {
      sessions_->RefreshOf(player.sid, "account_changed");
    }
  }
  manager_->OnAccountsChanged(gone);
}

void System::PlayDownload(const Step& step) {
  const Run run = RunOf(JobOf(step));
  if (run == nullptr || run->events == nullptr) return;
  if (step.op == Op::kTransferring) return run->events->OnPhase(true);
  if (step.op != Op::kDone) {
    TransferFailure failure = HostileFailure();
    failure.transient = step.op == Op::kFails;
    return run->events->OnFailed(failure);
  }
  uint32_t index = 0;
  for (const FileRecord& file : *run->download.files) {
    if (!file.progress.transferred) {
      std::optional<TemporaryFile> abandoned;
      if (hostilities_ % 3 == 0) abandoned = TemporaryFile{"/d/.BIT", kCast[1].sid, {~0u, ~0u}};
      run->events->OnFile(index, HostileProgress(file), abandoned);
    }
    ++index;
  }
  run->events->OnDone();
}

FileProgress System::HostileProgress(const FileRecord& file) {
  ++hostilities_;
  const bool large = hostilities_ % 4 == 0;
  FileProgress progress;
  progress.temporary =
      TemporaryFile{policy::DirectoryOf(file.local_name) + "/.BIT0123456789abcdef.tmp",
                    kCast[0].sid, FileId{~uint64_t{0}, ~uint64_t{0}}};
  progress.size = progress.synced = large ? ~uint64_t{0} : 10;
  progress.version.tag = std::string(large ? 70'000 : 9, '\xff');
  progress.version.date = std::string("\r\n\0\x7f", 4);
  progress.final_url = std::string(hostilities_ % 5 == 0 ? 70'000 : 16'384, 'u');
  progress.restarts = ~uint32_t{0};
  progress.transferred = true;
  return progress;
}

TransferFailure System::HostileFailure() {
  static constexpr std::array<int, 7> kStatuses = {
      0, -99, 503, 999, 1000, std::numeric_limits<int>::min(), std::numeric_limits<int>::max()};
  ++hostilities_;
  TransferFailure failure;
  failure.error.hresult = Hresult::kConnectFailure;
  failure.error.context = ErrorContext::kServerCertificateCallback;
  failure.error.http_status = kStatuses[hostilities_ % kStatuses.size()];
  failure.error.message = std::string(hostilities_ % 4 == 0 ? 70'000 : 80, '\0');
  failure.error.rule = hostilities_ % 2 == 0 ? "\xff" : "";
  failure.error.file_index = hostilities_ % 3 == 0 ? ~uint32_t{0} : 0;
  return failure;
}

System::Run System::RunOf(const JobId& job) const {
  for (const Run& run : transfers_->runs()) {
    const JobId& of = run->events != nullptr ? run->download.job : run->completion.job;
    if (of == job && !run->ended) return run;
  }
  return nullptr;
}

absl::StatusOr<JobView> System::View(const JobId& job) const {
  auto token = std::make_shared<AccessToken>();
  token->user = Sid{5, {21, 1, 2, 3, 999}};
  token->groups = {{kAdministratorsSid, kGroupEnabled}};
  return manager_->GetJob({std::move(token), nullptr}, job);
}

std::optional<Sight> System::See(size_t index) const {
  const auto view = View(jobs_[index]);
  if (!view.ok()) return std::nullopt;
  Sight sight;
  sight.state = view->state;
  sight.flags = view->record->token_flags;
  for (size_t i = 0; i < kCast.size(); ++i) {
    if (view->token_sid == kCast[i].sid) sight.lender = static_cast<int>(i);
  }
  if (view->record->error) {
    sight.error = view->record->error->hresult;
    sight.error_rule = view->record->error->rule;
  }
  sight.error_count = view->record->error_count;
  sight.files = static_cast<int>(view->record->files->size());
  sight.transferred = static_cast<int>(view->files_transferred);
  if (const Run run = RunOf(jobs_[index]); run != nullptr && run->events != nullptr) {
    sight.runs_as = static_cast<int>(run->download.local.posix.uid);
    sight.helper_sends = absl::EndsWith(run->download.network.context, kHelperNetworkContext);
  }
  return sight;
}

bool System::IsStored(size_t index) const {
  const auto view = View(jobs_[index]);
  const JobRecordPtr stored = memory_.Find(jobs_[index]);
  return view.ok() && stored != nullptr && stored->revision == view->record->revision;
}

std::vector<std::optional<absl::Time>> System::Sessions() const {
  std::vector<std::optional<absl::Time>> sessions;
  const std::vector<SessionPtr> open = sessions_->List(std::nullopt);
  for (const SessionId& id : opened_) {
    const auto it = std::find_if(open.begin(), open.end(),
                                 [&](const SessionPtr& session) { return session->id() == id; });
    sessions.push_back(it == open.end() ? std::nullopt : std::optional((*it)->deadline().wall));
  }
  return sessions;
}

}  // namespace bitsd::model
