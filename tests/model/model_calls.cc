// The calls: docs/semantics.md, "Who may do what with a handle" and "Which identity opens what".

#include <algorithm>

#include "tests/model/reference_model.h"

namespace bitsd::model {
namespace {

constexpr int kMaxHandles = 16;
constexpr size_t kMaxJobs = 6;

const Answer kFine;
const Answer kInvalidState{Hresult::kInvalidState, ""};
const Answer kDead{Hresult::kDisconnected, ""};

Answer Denied(const char* rule) { return {Hresult::kAccessDenied, rule}; }

}  // namespace

std::optional<std::vector<Answer>> ReferenceModel::Play(const Step& step) {
  Answers right = {kFine};
  switch (step.op) {
    case Op::kWait:
      if (!Pass(absl::Seconds(kWaits[static_cast<size_t>(step.with)]))) return std::nullopt;
      break;
    case Op::kStoreFails:
      store_works_ = false;
      store_failed_ = true;
      break;
    case Op::kStoreWorks: store_works_ = true; break;
    case Op::kAccount: EditAccount(step); break;
    case Op::kRestart: Restart(); return right;  // Sessions first: AdoptSessions.
    case Op::kTransferring:
    case Op::kDone:
    case Op::kFails:
    case Op::kFailsForGood:
      if (!DownloadStep(step)) return std::nullopt;
      break;
    default: {
      const std::optional<Shown> caller = ShownBy(step);
      if (!caller || !IsPossible(step)) return std::nullopt;
      if (step.op == Op::kLogon) {
        right = Logon(step, caller->who);
        break;
      }
      if (step.op == Op::kLogoff) {
        right = Logoff(step, *caller);
        break;
      }
      size_t session = 0;
      const Answer entered = EnterSession(step, session);
      Settle();  // Who was waited for may be logged on by it.
      right = entered.ok() ? Call(step, *caller, session) : Answers{entered};
    }
  }
  Settle();
  return right;
}

bool ReferenceModel::IsPossible(const Step& step) const {
  switch (step.op) {
    case Op::kCreate: return jobs_.size() < kMaxJobs;
    case Op::kList:
    case Op::kLogoff: return true;
    case Op::kLogon: return store_works_;
    case Op::kRelease:
    case Op::kSetFlags:
    case Op::kGetFlags:
    case Op::kGetSid:
    case Op::kLend:
    case Op::kClear: return !handles_.empty();
    default: return !jobs_.empty();
  }
}

ReferenceModel::Answers ReferenceModel::Call(const Step& step, const Shown& caller,
                                             size_t session) {
  switch (step.op) {
    case Op::kCreate: return Create(caller);
    case Op::kList: return {List(step, caller)};
    case Op::kHandle: return {AcquireHandle(step, caller, session)};
    case Op::kRelease:
    case Op::kSetFlags:
    case Op::kGetFlags:
    case Op::kGetSid:
    case Op::kLend:
    case Op::kClear: return OnHandle(step, caller, session);
    default: return OnJob(step, caller);
  }
}

Answer ReferenceModel::MayOpen(const Shown& caller, const Job& job) {
  const bool owner = caller.who == job.owner;
  if (owner && (!job.elevated || caller.administrator)) return kFine;
  if (caller.administrator) return kFine;  // Nobody of the cast is LocalSystem.
  return owner ? Denied("elevated_job") : Denied("job_access");
}

ReferenceModel::Answers ReferenceModel::Create(const Shown& caller) {
  if (!store_works_) return {{Hresult::kDiskFull, ""}};
  Job job;
  job.owner = caller.who;
  job.elevated = caller.administrator;
  jobs_.push_back(job);
  return {kFine};
}

ReferenceModel::Answers ReferenceModel::OnJob(const Step& step, const Shown& caller) {
  Job& job = jobs_[static_cast<size_t>(step.on) % jobs_.size()];
  if (job.purged) return {{Hresult::kNotFound, ""}};
  if (const Answer access = MayOpen(caller, job); !access.ok()) return {access};
  if (step.op == Op::kGet) return {kFine};
  if (IsFinal(job.now.state)) return {kInvalidState};
  Record next = job.now;
  switch (step.op) {
    case Op::kAddFile: return {AddFile(job)};
    case Op::kResume: return {Resume(job)};
    case Op::kComplete: return {Complete(step, job)};
    case Op::kUpdate:
      if (step.with & kStaleRevision) return {{Hresult::kInvalidState, "stale_revision"}};
      return {Change(job, next, job.loan, true)};
    case Op::kSuspend:
      if (job.now.state == JobState::kSuspended) return {Change(job, next, job.loan)};
      next.state = JobState::kSuspended;
      break;
    default: next.state = JobState::kCancelled; break;
  }
  next.error = Hresult::kOk;
  next.error_rule.clear();
  next.retry.reset();
  const auto loan = step.op == Op::kCancel ? std::nullopt : job.loan;
  return {Change(job, next, loan)};
}

Answer ReferenceModel::AddFile(Job& job) {
  const Account& owner = accounts_[static_cast<size_t>(job.owner)];
  if (!owner.stands()) return Denied("owner_unknown");
  const Opener opener = OpenerOf(job);
  // Without a token nothing is checked until the transfer.
  if (!opener.refusal.ok() && opener.refusal.hresult != Hresult::kTokenRequired) {
    return opener.refusal;
  }
  Record next = job.now;
  ++next.files;
  return Change(job, next, job.loan);
}

Answer ReferenceModel::Resume(Job& job) {
  Record next = job.now;
  if (next.files == 0) return {Hresult::kEmpty, ""};
  const bool done = next.state == JobState::kTransferred && next.files == next.transferred;
  if (next.state == JobState::kQueued || done) return Change(job, next, job.loan);
  next.state = JobState::kQueued;
  next.error = Hresult::kOk;
  next.error_rule.clear();
  next.retry.reset();
  next.no_progress_since.reset();
  return Change(job, next, job.loan);
}

Answer ReferenceModel::Complete(const Step& step, Job& job) {
  Record next = job.now;
  if (next.state == JobState::kQueued || next.state == JobState::kTransientError) {
    next.state = JobState::kSuspended;
    next.error = Hresult::kOk;
    next.error_rule.clear();
    next.retry.reset();
  }
  if (const Answer begun = Change(job, next, job.loan, true); !begun.ok()) return begun;
  if (job.now.transferred > 0) {
    if (!accounts_[static_cast<size_t>(job.owner)].stands()) return Denied("owner_unknown");
    const Opener opener = OpenerOf(job);
    if (!opener.refusal.ok()) return opener.refusal;
    if (step.with & kPublishingFails) return Denied("not_permitted");
  }
  next = job.now;
  next.state = JobState::kAcknowledged;
  next.error = Hresult::kOk;
  next.error_rule.clear();
  next.retry.reset();
  Change(job, next, std::nullopt);
  const bool whole = job.now.transferred == job.now.files;
  return {Hresult::kOk, whole ? "" : "partial"};
}

Answer ReferenceModel::List(const Step& step, const Shown& caller) const {
  const bool all = (step.in & 1) != 0;
  if (all && !caller.administrator) return Denied("all_users");
  int count = 0;
  for (const Job& job : jobs_) {
    const bool asked = all || job.owner == caller.who;
    if (asked && !job.purged && !IsFinal(job.now.state) && MayOpen(caller, job).ok()) ++count;
  }
  return {Hresult::kOk, std::to_string(count)};
}

Answer ReferenceModel::AcquireHandle(const Step& step, const Shown& caller, size_t session) {
  const size_t index = static_cast<size_t>(step.on) % jobs_.size();
  const Job& job = jobs_[index];
  if (job.purged) return {Hresult::kNotFound, ""};
  if (const Answer access = MayOpen(caller, job); !access.ok()) return access;
  const absl::Duration life = step.with & kShortCertificate ? kShortLife : kLongLife;
  Handle handle{
      index,       caller, caller.who == job.owner, (step.with >> kBindShift) - 1, session,
      now_ + life, false};
  const auto alive = [&](const Handle& other) {
    return !other.ended && now_ < other.certificate_end;
  };
  const auto mine = std::count_if(handles_.begin(), handles_.end(), [&](const Handle& other) {
    return other.job == index && other.acquirer.who == caller.who && alive(other);
  });
  if (mine >= kMaxHandles) return {Hresult::kOutOfMemory, ""};
  handles_.push_back(handle);
  return kFine;
}

Answer ReferenceModel::MayPresent(const Handle& handle, const Shown& caller, Op call) const {
  if (call == Op::kRelease) {
    return caller.who == handle.acquirer.who ? kFine : Denied("handle_release_by_another");
  }
  if (handle.helper < 0 || caller.who == handle.acquirer.who) return kFine;
  if (caller.who != handle.helper) return Denied("handle_bound_to_another");
  return call == Op::kSetFlags ? Denied("helper_cannot_change_flags") : kFine;
}

/// The tables of the two policies; `admin_token`: the new or the current token is one.
Answer ReferenceModel::MayUse(const Handle& handle, const Job& job, bool admin_token) const {
  const bool by_admin = handle.acquirer.administrator;
  if (windows7_) {
    return by_admin && job.elevated ? kFine : Denied("administrator_owned_job_required");
  }
  if (!by_admin && !handle.as_owner) return Denied("handle_not_owner_nor_administrator");
  if (!by_admin && job.elevated) return Denied("elevated_job");
  if (!admin_token) return kFine;
  if (!by_admin) return Denied("admin_token_needs_administrator");
  return job.elevated ? kFine : Denied("admin_token_on_unelevated_job");
}

ReferenceModel::Answers ReferenceModel::OnHandle(const Step& step, const Shown& caller,
                                                 size_t session) {
  Handle& handle = handles_[static_cast<size_t>(step.on) % handles_.size()];
  const bool dead = handle.ended || now_ >= handle.certificate_end || jobs_[handle.job].purged;
  if (dead) return {kDead};
  if (const Answer may = MayPresent(handle, caller, step.op); !may.ok()) return {may};
  if (step.op == Op::kRelease) {
    handle.ended = true;
    return {kFine};
  }
  Job& job = jobs_[handle.job];
  if (step.op == Op::kLend) return Lend(step, caller, handle, session);
  if (IsFinal(job.now.state)) return {kInvalidState};
  if (step.op == Op::kSetFlags) {
    if (step.with > 3) return {{Hresult::kInvalidArgument, ""}};
    const bool admin_token = job.loan && job.loan->lender.administrator;
    if (const Answer may = MayUse(handle, job, admin_token); !may.ok()) return {may};
    Record next = job.now;
    next.flags = static_cast<uint32_t>(step.with);
    return {Change(job, next, job.loan)};
  }
  if (const Answer may = MayUse(handle, job, false); !may.ok()) return {may};
  if (step.op == Op::kGetFlags) return {{Hresult::kOk, std::to_string(job.now.flags)}};
  if (step.op == Op::kGetSid) {
    return {{Hresult::kOk, job.loan ? kCast[static_cast<size_t>(job.loan->lender.who)].name : ""}};
  }
  return {job.loan ? Drop(job) : Change(job, job.now, job.loan)};
}

ReferenceModel::Answers ReferenceModel::Lend(const Step& step, const Shown& caller, Handle& handle,
                                             size_t session) {
  Job& job = jobs_[handle.job];
  const Account& owner = accounts_[static_cast<size_t>(job.owner)];
  Answers refusals;  // Of the owner's standing and of the loan: in which order is not said.
  if (!owner.stands()) {
    refusals.push_back(Denied("owner_unknown"));
  } else if (job.elevated && !owner.administrator) {
    refusals.push_back(Denied("owner_not_administrator"));
  } else if (!IsLoggedOn(job.owner)) {
    refusals.push_back({Hresult::kNotLoggedOn, "owner_logged_off"});
  }
  const Answer may = MayUse(handle, job, caller.administrator);
  if (IsFinal(job.now.state)) {
    refusals.push_back(kInvalidState);
  } else if (step.with & kIdentifyOnly) {
    refusals.push_back({Hresult::kFailedToImpersonate, "impersonation_level"});
  } else if (caller.uid == 0) {
    refusals.push_back(Denied("filtered_token_has_no_identity"));
  } else if (!may.ok()) {
    refusals.push_back(may);
  }
  if (!refusals.empty()) return refusals;
  const absl::Duration life = step.with & kShortCertificate ? kShortLife : kLongLife;
  Loan loan{caller, session,
            std::min({now_ + life, now_ + kLongestLoan, sessions_[session].last_end}), ++loans_};
  const Answer changed = Change(job, job.now, loan, true);
  if (!changed.ok()) return {changed};
  return {{Hresult::kOk, std::to_string(absl::ToInt64Seconds(loan.end - now_))}};
}

}  // namespace bitsd::model
