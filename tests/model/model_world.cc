// Sessions, accounts, restarts and time.

#include <algorithm>

#include "tests/model/reference_model.h"

namespace bitsd::model {
namespace {

constexpr absl::Duration kLongestSession = absl::Hours(7 * 24);
constexpr absl::Duration kRetention = absl::Hours(1);
constexpr int kMaxSessions = 16;

const Answer kNotLoggedOn{Hresult::kNotLoggedOn, ""};
const Answer kOfAnother{Hresult::kAccessDenied, "session_of_another"};

}  // namespace

ReferenceModel::ReferenceModel(bool windows7, absl::Time now) : windows7_(windows7), now_(now) {
  for (size_t i = 0; i < kCast.size(); ++i) {
    accounts_[i].administrator = kCast[i].administrator;
    accounts_[i].uid = kCast[i].uid;
  }
}

std::optional<ReferenceModel::Shown> ReferenceModel::ShownBy(const Step& step) const {
  const Account& account = accounts_[static_cast<size_t>(step.who)];
  if (!account.stands()) return std::nullopt;
  const bool no_filter = step.op == Op::kSetFlags || step.op == Op::kLogon;
  const bool filtered = !no_filter && (step.with & kFiltered) != 0 && account.administrator;
  if (!filtered) return Shown{step.who, account.administrator, account.uid, false};
  return Shown{step.who, false, kCast[static_cast<size_t>(step.who)].filtered_uid, true};
}

size_t ReferenceModel::StandardSession(int user) {
  for (size_t i = 0; i < sessions_.size(); ++i) {
    if (sessions_[i].user != user || !sessions_[i].standard || !sessions_[i].open) continue;
    sessions_[i].deadline = now_ + kDefaultIdle;
    return i;
  }
  sessions_.push_back({user, true, now_ + kDefaultIdle, absl::InfiniteFuture(), true});
  return sessions_.size() - 1;
}

Answer ReferenceModel::EnterSession(const Step& step, size_t& session) {
  const bool named = step.in > 0 && !logons_.empty() && step.op != Op::kList;
  if (!named) {
    session = StandardSession(step.who);
    return {};
  }
  session = logons_[static_cast<size_t>(step.in - 1) % logons_.size()];
  if (!sessions_[session].open) return kNotLoggedOn;
  return sessions_[session].user == step.who ? Answer{} : kOfAnother;
}

bool ReferenceModel::IsLoggedOn(int user) const {
  if (kCast[static_cast<size_t>(user)].service) return true;
  return std::any_of(sessions_.begin(), sessions_.end(),
                     [&](const Session& session) { return session.open && session.user == user; });
}

/// What was lent and acquired in the session is gone.
void ReferenceModel::DiscardOf(size_t session) {
  for (Handle& handle : handles_) handle.ended = handle.ended || handle.session == session;
  for (Job& job : jobs_) {
    if (!job.purged && job.loan && job.loan->session == session) Drop(job);
  }
}

void ReferenceModel::DiscardOfOwner(int owner) {
  for (Job& job : jobs_) {
    if (!job.purged && job.owner == owner && job.loan) Drop(job);
  }
}

void ReferenceModel::EndSession(size_t session) {
  if (!sessions_[session].open) return;
  sessions_[session].open = false;
  sessions_[session].end_stored = store_works_ && !store_failed_;
  DiscardOf(session);
  const int user = sessions_[session].user;
  if (!IsLoggedOn(user)) DiscardOfOwner(user);
}

ReferenceModel::Answers ReferenceModel::Logon(const Step& step, int who) {
  const absl::Duration ttl = absl::Seconds(kTtls[static_cast<size_t>(step.with)]);
  if (ttl < absl::Seconds(30) || ttl > absl::Hours(24)) return {{Hresult::kInvalidArgument, ""}};
  const auto open = std::count_if(sessions_.begin(), sessions_.end(), [&](const Session& session) {
    return session.open && !session.standard && session.user == who;
  });
  if (open >= kMaxSessions) return {{Hresult::kOutOfMemory, ""}};
  logons_.push_back(sessions_.size());
  sessions_.push_back({who, false, now_ + ttl, now_ + kLongestSession, true});
  return {{}};
}

ReferenceModel::Answers ReferenceModel::Logoff(const Step& step, const Shown& caller) {
  // A store that fails is heard of; the session has ended all the same.
  const Answers ended = store_works_ ? Answers{{}} : Answers{{}, {Hresult::kDiskFull, ""}};
  if (step.in == 0 || logons_.empty()) {
    for (size_t i = 0; i < sessions_.size(); ++i) {
      if (!sessions_[i].open || !sessions_[i].standard || sessions_[i].user != caller.who) continue;
      EndSession(i);
      return ended;
    }
    return {{}};
  }
  const size_t session = logons_[static_cast<size_t>(step.in - 1) % logons_.size()];
  if (!sessions_[session].open) return {{Hresult::kNotFound, ""}};
  if (sessions_[session].user != caller.who && !caller.administrator) return {kOfAnother};
  EndSession(session);
  return ended;
}

void ReferenceModel::EditAccount(const Step& step) {
  const auto who = static_cast<size_t>(step.who);
  Account& account = accounts_[who];
  const Account before = account;
  switch (static_cast<AccountEdit>(step.with)) {
    case AccountEdit::kRemove: account.there = false; break;
    case AccountEdit::kDisable: account.disabled = true; break;
    case AccountEdit::kRestore:
      account = {true, false, kCast[who].administrator, kCast[who].uid, before.version};
      break;
    case AccountEdit::kAnotherUid: account.uid = kCast[who].uid + 1000; break;
    case AccountEdit::kNoAdministrator: account.administrator = false; break;
  }
  const bool leaves = before.stands() && !account.stands();
  const bool other = account.uid != before.uid || account.administrator != before.administrator;
  if (other || leaves) ++account.version;
  if (!before.there) return;  // Nothing hangs on what was not there.
  if (!account.stands() && before.there && (leaves || !account.there)) {
    for (size_t i = 0; i < sessions_.size(); ++i) {
      if (sessions_[i].user == step.who) EndSession(i);
    }
    DiscardOfOwner(step.who);
  } else if (other) {
    for (size_t i = 0; i < sessions_.size(); ++i) {
      if (sessions_[i].user == step.who && sessions_[i].open) DiscardOf(i);
    }
  }
}

bool ReferenceModel::Pass(absl::Duration time) {
  const absl::Time end = now_ + time;
  if (!store_works_) {
    // A finished job whose purge the store refuses comes back with a restart: left out.
    for (const Job& job : jobs_) {
      if (!job.purged && job.finished && *job.finished + kRetention <= end) return false;
    }
  }
  const auto settle = [&] {
    for (Job& job : jobs_) {
      if (!store_works_ || !job.unsettled) continue;
      job.stored = job.now;
      job.unsettled = false;
    }
    Settle();
  };
  settle();
  Happen(end);
  now_ = end;
  settle();
  store_failed_ = !store_works_;
  return true;
}

/// Everything that has a time, in its order.
void ReferenceModel::Happen(absl::Time until) {
  while (true) {
    absl::Time next = absl::InfiniteFuture();
    std::function<void()> happen;
    const auto at = [&](absl::Time when, std::function<void()> what) {
      if (when >= next || when > until) return;
      next = when;
      happen = std::move(what);
    };
    for (size_t i = 0; i < sessions_.size(); ++i) {
      if (sessions_[i].open) at(sessions_[i].deadline, [this, i] { EndSession(i); });
    }
    for (Job& job : jobs_) {
      if (job.purged) continue;
      if (job.loan) at(job.loan->end, [this, &job] { Drop(job); });
      if (job.finished) at(*job.finished + kRetention, [&job] { job.purged = true; });
      if (job.now.retry && !job.unsettled)
        at(std::max(*job.now.retry, now_), [this, &job] { Retry(job); });
    }
    if (!happen) return;
    now_ = std::max(now_, next);
    happen();
    Settle();
  }
}

void ReferenceModel::Restart() {
  store_works_ = true;
  store_failed_ = false;
  for (Handle& handle : handles_) handle.ended = true;
  for (Job& job : jobs_) {
    if (job.purged) continue;
    if (!IsFinal(job.stored.state)) job.finished.reset();
    job.now = job.stored;
    job.loan.reset();
    job.run.reset();
    job.unsettled = false;
    job.bytes_at_failure = 0;
  }
}

bool ReferenceModel::AdoptSessions(const std::vector<std::optional<absl::Time>>& deadlines) {
  if (deadlines.size() != sessions_.size()) return false;
  for (size_t i = 0; i < sessions_.size(); ++i) {
    // None comes back whose end was stored, and none of an account that is gone or disabled.
    const bool stands = accounts_[static_cast<size_t>(sessions_[i].user)].stands();
    if (deadlines[i] && (sessions_[i].end_stored || !stands)) return false;
    sessions_[i].open = deadlines[i].has_value();
    if (deadlines[i]) sessions_[i].deadline = *deadlines[i];
  }
  Settle();
  return true;
}

}  // namespace bitsd::model
