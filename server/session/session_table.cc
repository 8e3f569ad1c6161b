#include "server/session/session_table.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/error/errors.h"

namespace bitsd {
namespace {

absl::Status NotOpen() {
  return error::NotLoggedOn(
      "there is no such logon session, or it has ended: call Logon again (bitsctl logon), and lend "
      "again what was lent in it");
}

DualDeadline Renewed(absl::Duration ttl, const DualDeadline& last_end, const DualDeadline& now) {
  return {policy::RenewedDeadline(ttl, last_end.wall, now.wall),
          policy::RenewedDeadline(ttl, last_end.steady, now.steady)};
}

DualDeadline LastEnd(bool is_default, const DualDeadline& begin,
                     const policy::SessionLimits& limits) {
  return {policy::LastEnd(is_default, begin.wall, limits),
          policy::LastEnd(is_default, begin.steady, limits)};
}

/// A stored date, by both clocks: at most `longest` from now, wherever the wall clock was set.
DualDeadline FromNow(absl::Time date, absl::Duration longest, const DualDeadline& now) {
  return {date, now.steady + std::min(date - now.wall, longest)};
}

}  // namespace

SessionTable::SessionTable(Deps deps, const policy::SessionLimits& limits)
    : deps_(deps),
      journal_(std::make_shared<SessionJournal>(deps.store, deps.timer)),
      limits_(limits) {}

policy::SessionLimits SessionTable::limits() const {
  const std::lock_guard lock(mutex_);
  return limits_;
}

DualDeadline SessionTable::NextDeadline(const Session& session) const {
  const SessionFacts& facts = session.facts();
  return Renewed(facts.is_default ? limits().default_idle : facts.ttl, facts.last_end, Now());
}

bool SessionTable::MayHaveDefault(const Account& account) const {
  const bool service = policy::IsAlwaysLoggedOn(account.sid, account.service);
  return policy::MayUseDefaultSession(service, limits()).ok();
}

SessionPtr SessionTable::MakeLocked(SessionFacts facts, DualDeadline deadline, Waiters& waiters) {
  auto session = std::make_shared<Session>(facts, deadline);
  User& user = users_[session->user()];
  user.sessions.push_back(session->id());
  if (session->facts().is_default) user.standard = session;
  sessions_[session->id()] = Slot{session, {}};
  const auto waiting = waiting_.find(session->user());
  if (waiting != waiting_.end()) {
    waiters = std::move(waiting->second);
    waiting_.erase(waiting);
  }
  return session;
}

SessionPtr SessionTable::MakeRestored(const SessionRecord& record) {
  const std::shared_ptr<const Account> account = deps_.accounts.Find(record.user);
  if (account == nullptr || account->disabled) return nullptr;
  if (record.is_default && !MayHaveDefault(*account)) return nullptr;
  const DualDeadline now = Now();
  const std::lock_guard lock(mutex_);
  const absl::Time end = policy::LastEnd(record.is_default, record.begin, limits_);
  const absl::Duration life = record.is_default ? absl::InfiniteDuration() : limits_.max_life;
  const DualDeadline last_end = FromNow(end, life, now);
  const DualDeadline stored =
      FromNow(record.deadline, record.ttl + policy::StoreSlack(record.ttl), now);
  const DualDeadline deadline = Earlier(stored, last_end);
  if (deadline.HasCome(now)) return nullptr;
  Waiters nobody;
  return MakeLocked({record.id, record.user, record.is_default, record.ttl, record.begin, last_end},
                    deadline, nobody);
}

void SessionTable::Restore(const SessionRecord& record) {
  const SessionPtr session = MakeRestored(record);
  if (session == nullptr) return journal_->Erase(record.id, nullptr);
  Arm(session);
}

void SessionTable::Reconfigure(const policy::SessionLimits& limits) {
  std::vector<SessionPtr> defaults;
  {
    const std::lock_guard lock(mutex_);
    limits_ = limits;
    for (const auto& [sid, user] : users_) {
      if (user.standard != nullptr) defaults.push_back(user.standard);
    }
  }
  for (const SessionPtr& session : defaults) {
    if (EndUnlessAllowed(session)) continue;
    const DualDeadline next = NextDeadline(*session);
    if (next.steady >= session->deadline().steady) continue;
    session->Renew(Now(), next);
    Arm(session);
  }
}

absl::StatusOr<SessionPtr> SessionTable::Find(const Sid& caller, const SessionId& id) const {
  SessionPtr session;
  {
    const std::lock_guard lock(mutex_);
    const auto slot = sessions_.find(id);
    // One that was replaced is not found here: both happen in one step.
    if (slot != sessions_.end() && slot->second.session->is_open()) session = slot->second.session;
  }
  if (session == nullptr || session->IsOver(Now())) return NotOpen();
  if (absl::Status s = policy::MayUseSession(caller, session->user()); !s.ok()) return s;
  return session;
}

absl::StatusOr<SessionPtr> SessionTable::Own(const AccessToken& caller, const SessionId& id) const {
  return Find(caller.user, id);
}

absl::Status SessionTable::CheckNamed(const AccessToken& caller,
                                      const std::optional<SessionId>& named) const {
  if (!named) return absl::OkStatus();
  const absl::Status status = Find(caller.user, *named).status();
  return DetailOf(status).hresult == Hresult::kNotLoggedOn ? absl::OkStatus() : status;
}

absl::StatusOr<SessionPtr> SessionTable::ForCall(const AccessToken& caller,
                                                 const std::optional<SessionId>& named) {
  if (named) return Find(caller.user, *named);
  const absl::Status allowed = policy::MayUseDefaultSession(caller.service, limits());
  if (!allowed.ok()) return allowed;
  return Default(caller.user);
}

SessionPtr SessionTable::Default(const Sid& user) {
  while (true) {
    SessionPtr session;
    bool made = false;
    Waiters waiters;
    {
      const std::lock_guard lock(mutex_);
      const auto known = users_.find(user);
      if (known != users_.end()) session = known->second.standard;
      if (session == nullptr) {
        const DualDeadline now = Now();
        const SessionFacts facts{SessionId::Random(),  user,     true,
                                 limits_.default_idle, now.wall, LastEnd(true, now, limits_)};
        session = MakeLocked(facts, now + limits_.default_idle, waiters);
        made = true;
      }
    }
    if (made) {
      Arm(session);
      journal_->Keep(session);
      for (const auto& waiter : waiters) waiter();
      return session;
    }
    if (Renew(session).ok()) return session;
    End(session, {"expired", std::nullopt, session->is_open()}, nullptr);
  }
}

absl::StatusOr<absl::Time> SessionTable::Renew(const SessionPtr& session) {
  const DualDeadline deadline = NextDeadline(*session);
  const DualDeadline before = session->deadline();
  switch (session->Renew(Now(), deadline)) {
    case Session::Renewal::kEnded: return NotOpen();
    case Session::Renewal::kDone: break;
    case Session::Renewal::kStore: journal_->Keep(session);
  }
  // What a restart brought back lasts as the store has it, which is later than the truth.
  if (!(Earlier(deadline, before) == before)) Arm(session);
  return deadline.wall;
}

absl::StatusOr<SessionPtr> SessionTable::OpenLocked(const AccessToken& caller,
                                                    std::optional<absl::Duration> ttl,
                                                    Waiters& waiters) {
  const absl::StatusOr<absl::Duration> granted = policy::SessionTtl(ttl, limits_);
  if (!granted.ok()) return granted.status();
  size_t open = 0;
  if (const auto known = users_.find(caller.user); known != users_.end()) {
    open = known->second.sessions.size() - (known->second.standard != nullptr ? 1 : 0);
  }
  if (absl::Status s = policy::MayOpenSession(open, limits_); !s.ok()) return s;
  const DualDeadline now = Now();
  const DualDeadline last_end = LastEnd(false, now, limits_);
  return MakeLocked({SessionId::Random(), caller.user, false, *granted, now.wall, last_end},
                    Renewed(*granted, last_end, now), waiters);
}

bool SessionTable::Logon(const AccessToken& caller, std::optional<absl::Duration> ttl,
                         const std::function<bool()>& stands,
                         std::function<void(absl::StatusOr<SessionPtr>)> done) {
  Waiters waiters;
  absl::StatusOr<SessionPtr> opened = [&] {
    const std::lock_guard lock(mutex_);
    return OpenLocked(caller, ttl, waiters);
  }();
  if (!opened.ok()) {
    done(opened.status());
    return true;
  }
  const SessionPtr session = *std::move(opened);
  Arm(session);
  const bool stood = stands();
  if (stood) {
    journal_->Add(session, [this, session, done = std::move(done)](const absl::Status& status) {
      OnStored(session, status, done);
    });
  } else {
    End(session, {"identity_changed", std::nullopt, false}, nullptr);
  }
  for (const auto& waiter : waiters) waiter();
  return stood;
}

void SessionTable::OnStored(const SessionPtr& session, const absl::Status& status,
                            const std::function<void(absl::StatusOr<SessionPtr>)>& done) {
  if (!status.ok()) {
    End(session, {"not_stored", std::nullopt, false}, nullptr);
    return done(status);
  }
  // A change of the account meanwhile may have put another in its place.
  const absl::StatusOr<SessionPtr> opened = Find(session->user(), session->id());
  if (!opened.ok()) return done(opened.status());
  deps_.audit.Write({"session_opened",
                     {{"caller_sid", session->user().ToString()},
                      {"session", session->id().ToString()},
                      {"ttl", absl::FormatDuration(session->facts().ttl)}}});
  done(*opened);
}

SessionPtr SessionTable::ToEnd(const Sid& caller, const std::optional<SessionId>& id) const {
  const std::lock_guard lock(mutex_);
  if (id) {
    const auto slot = sessions_.find(*id);
    return slot == sessions_.end() ? nullptr : slot->second.session;
  }
  const auto user = users_.find(caller);
  return user == users_.end() ? nullptr : user->second.standard;
}

void SessionTable::Logoff(const AccessToken& caller, const std::optional<SessionId>& id,
                          std::function<void(absl::Status)> done) {
  const auto wait_group = std::make_shared<WaitGroup>(std::move(done));
  while (true) {
    const SessionPtr session = ToEnd(caller.user, id);
    if (session == nullptr) {
      if (id) wait_group->Note(error::NotFound("there is no such logon session open"));
      return;
    }
    if (absl::Status s = policy::MayEndSession(caller, session->user()); !s.ok()) {
      return wait_group->Note(s);
    }
    const bool own = caller.user == session->user();
    if (End(session, {own ? "logoff" : "administrator", caller.user, false}, wait_group)) return;
    // It ended just now, or a change of the account put another in its place.
  }
}

std::vector<SessionPtr> SessionTable::SessionsOf(const Sid& user) const {
  const std::lock_guard lock(mutex_);
  std::vector<SessionPtr> found;
  const auto known = users_.find(user);
  if (known == users_.end()) return found;
  for (const SessionId& id : known->second.sessions) found.push_back(sessions_.at(id).session);
  return found;
}

std::vector<SessionPtr> SessionTable::All() const {
  const std::lock_guard lock(mutex_);
  std::vector<SessionPtr> found;
  for (const auto& [id, slot] : sessions_) found.push_back(slot.session);
  return found;
}

std::vector<SessionPtr> SessionTable::List(const std::optional<Sid>& user) const {
  std::vector<SessionPtr> found = user ? SessionsOf(*user) : All();
  const DualDeadline now = Now();
  std::erase_if(found, [&](const SessionPtr& session) { return session->IsOver(now); });
  std::sort(found.begin(), found.end(), [](const SessionPtr& a, const SessionPtr& b) {
    return std::pair(a->facts().begin, a->id()) < std::pair(b->facts().begin, b->id());
  });
  return found;
}

std::shared_ptr<EndSignal> SessionTable::Of(const Sid& user) const {
  const std::lock_guard lock(mutex_);
  const auto known = users_.find(user);
  return known == users_.end() ? nullptr : known->second.presence;
}

bool SessionTable::AwaitLogon(const Sid& user, std::function<void()> fn) {
  const std::lock_guard lock(mutex_);
  if (users_.contains(user)) return false;
  waiting_[user].push_back(std::move(fn));
  return true;
}

}  // namespace bitsd
