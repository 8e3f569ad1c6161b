// Jobs: what a change does, with a store that works or not; who opens; what runs.

#include <utility>

#include "tests/model/reference_model.h"

namespace bitsd::model {
namespace {

constexpr uint32_t kLocalFile = 1;
constexpr uint32_t kNetwork = 2;
constexpr absl::Duration kRetryDelay = absl::Seconds(600);
constexpr absl::Duration kNoProgressTimeout = absl::Hours(14 * 24);
constexpr int kFileSize = 10;

bool IsStop(JobState state) {
  return state == JobState::kSuspended || state == JobState::kError ||
         state == JobState::kTransientError || state == JobState::kCancelled;
}

}  // namespace

Answer ReferenceModel::Change(Job& job, Record next, std::optional<Loan> loan, bool always) {
  const bool same_loan =
      loan.has_value() == job.loan.has_value() && (!loan || loan->number == job.loan->number);
  const bool changes = always || next != job.now || !same_loan;
  if (!changes && job.now == job.stored) return {};
  if (store_works_) {
    if (IsFinal(next.state) && !job.finished) job.finished = now_;
    job.now = job.stored = next;
    job.loan = std::move(loan);
    job.unsettled = false;
    return {};
  }
  // What is withdrawn holds; what is granted is not there.
  job.unsettled = true;
  if (job.loan && !(loan && loan->ActsAs(*job.loan))) job.loan.reset();
  job.now.flags &= next.flags;
  if (IsStop(next.state) && next.state != job.now.state) {
    if (IsFinal(next.state) && !job.finished) job.finished = now_;
    job.now.state = next.state;
    job.now.error = next.error;
    job.now.error_rule = next.error_rule;
    job.now.error_count = next.error_count;
    job.now.retry = next.retry;
    job.now.no_progress_since = next.no_progress_since;
  }
  return {Hresult::kDiskFull, ""};
}

void ReferenceModel::Fail(Job& job, Hresult error, const std::string& rule, bool transient) {
  Record next = job.now;
  const int bytes = next.transferred * kFileSize;
  const bool progressed = transient && bytes > std::exchange(job.bytes_at_failure, bytes);
  if (progressed || !next.no_progress_since) next.no_progress_since = now_;
  transient = transient && now_ - *next.no_progress_since < kNoProgressTimeout;
  next.state = transient ? JobState::kTransientError : JobState::kError;
  next.retry = transient ? std::optional(now_ + kRetryDelay) : std::nullopt;
  next.error = error;
  next.error_rule = rule;
  ++next.error_count;
  Change(job, next, job.loan);
}

/// The retry delay is over. A store that refuses is tried again, when is open.
void ReferenceModel::Retry(Job& job) {
  if (!store_works_) {
    job.unsettled = true;
    return;
  }
  Record next = job.now;
  next.state = JobState::kQueued;
  next.error = Hresult::kOk;
  next.error_rule.clear();
  next.retry.reset();
  Change(job, next, job.loan);
}

/// The token goes, by ClearHelperToken or because it ended.
Answer ReferenceModel::Drop(Job& job) {
  Record next = job.now;
  if (next.flags != 0 && next.state != JobState::kTransferred && !IsFinal(next.state)) {
    next.state = JobState::kError;
    next.error = Hresult::kTokenRequired;
    next.error_rule.clear();
    next.retry.reset();
    ++next.error_count;
  }
  return Change(job, next, std::nullopt);
}

ReferenceModel::Opener ReferenceModel::OpenerOf(const Job& job) const {
  const Account& owner = accounts_[static_cast<size_t>(job.owner)];
  if (job.elevated && !owner.administrator) {
    return {{Hresult::kAccessDenied, "owner_not_administrator"}};
  }
  if (job.now.flags & kLocalFile) {
    if (!job.loan) return {{Hresult::kTokenRequired, ""}};
    return {{}, job.loan->lender.uid, true};
  }
  if (!owner.administrator || job.elevated) return {{}, owner.uid, false};
  const int filtered = kCast[static_cast<size_t>(job.owner)].filtered_uid;
  if (filtered == 0) return {{Hresult::kAccessDenied, "filtered_token_has_no_identity"}};
  return {{}, filtered, false};
}

bool ReferenceModel::OwnerRuns(const Job& job) const {
  return accounts_[static_cast<size_t>(job.owner)].stands() && IsLoggedOn(job.owner);
}

void ReferenceModel::Settle() {
  for (Job& job : jobs_) {
    if (!job.purged) Settle(job);
  }
}

/// Starts and stops what runs for the job.
void ReferenceModel::Settle(Job& job) {
  if (!job.unsettled && job.now.retry && *job.now.retry <= now_) Retry(job);
  const bool wants = job.now.state == JobState::kQueued && job.now == job.stored && OwnerRuns(job);
  const Opener opener = OpenerOf(job);
  if (!wants || !opener.refusal.ok()) job.run.reset();
  if (!wants || job.unsettled) {
    if (!job.run) return;
  } else if (!opener.refusal.ok()) {
    return Fail(job, opener.refusal.hresult, opener.refusal.text, false);
  }
  const Account& owner = accounts_[static_cast<size_t>(job.owner)];
  const bool helper_sends = (job.now.flags & kNetwork) != 0 && job.loan;
  Run run{opener.uid,    opener.as_helper,
          helper_sends,  helper_sends ? job.loan->lender.who : job.owner,
          owner.version, job.now.files,
          false};
  if (job.run && job.run->uid == run.uid && job.run->as_helper == run.as_helper &&
      job.run->helper_sends == run.helper_sends && job.run->sender == run.sender &&
      job.run->account_version == run.account_version) {
    return;
  }
  if (job.unsettled) {
    job.run.reset();  // The old identity stops; when the new one begins is open.
  } else {
    job.run = run;
  }
}

bool ReferenceModel::DownloadStep(const Step& step) {
  if (jobs_.empty()) return false;
  Job& job = jobs_[static_cast<size_t>(step.on) % jobs_.size()];
  if (!job.run || job.unsettled) return false;
  if (step.op == Op::kTransferring) {
    job.run->transferring = true;
  } else if (step.op == Op::kDone) {
    if (!store_works_) return false;
    Record next = job.now;
    next.transferred = job.run->files;
    if (next.transferred == next.files) {
      next.state = JobState::kTransferred;
      next.no_progress_since.reset();
    }
    Change(job, next, job.loan);
    job.run.reset();
  } else {
    Fail(job, Hresult::kConnectFailure, "", step.op == Op::kFails);
  }
  return true;
}

Sight ReferenceModel::See(size_t index) const {
  const Job& job = jobs_[index];
  Sight sight;
  sight.state = job.now.state;
  if (job.run)
    sight.state = job.run->transferring ? JobState::kTransferring : JobState::kConnecting;
  sight.flags = job.now.flags;
  if (job.loan) sight.lender = job.loan->lender.who;
  sight.error = job.now.error;
  sight.error_rule = job.now.error_rule;
  sight.error_count = job.now.error_count;
  sight.files = job.now.files;
  sight.transferred = job.now.transferred;
  if (job.run) sight.runs_as = job.run->uid;
  sight.helper_sends = job.run && job.run->helper_sends;
  return sight;
}

std::string ReferenceModel::Adopt(size_t index, const Sight& seen, bool is_stored) {
  Job& job = jobs_[index];
  // The store may have been tried again by now, if it works, and the job gone on.
  if (store_works_ && is_stored && job.now != job.stored) job.stored = job.now;
  const Opener opener = OpenerOf(job);
  const bool may_run = job.now == job.stored && job.now.state == JobState::kQueued &&
                       OwnerRuns(job) && opener.refusal.ok();
  if (seen.runs_as != -1 && !may_run) return "it runs, and must not";
  if (seen.runs_as != -1 && seen.runs_as != opener.uid) return "it runs as somebody else";
  if (seen.state == JobState::kError && job.now.state == JobState::kQueued &&
      seen.error == opener.refusal.hresult && !opener.refusal.ok()) {
    Fail(job, opener.refusal.hresult, opener.refusal.text, false);
  }
  if (seen.runs_as != -1 && !job.run) {
    job.unsettled = false;
    Settle(job);
    job.unsettled = true;
  }
  Sight right = See(index);
  if (job.run && seen.runs_as == -1) {
    right.state = JobState::kQueued;
    right.runs_as = -1;
    right.helper_sends = false;
  }
  return right == seen ? "" : "expected " + ToString(right);
}

}  // namespace bitsd::model
