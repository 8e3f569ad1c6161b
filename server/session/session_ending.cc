// How sessions end: by a deadline, by Logoff, with their account; and what is discarded then.

#include <utility>

#include "server/session/session_table.h"

namespace bitsd {

std::shared_ptr<Lifeline> SessionTable::RemoveLocked(const Session& session) {
  sessions_.erase(session.id());
  const auto user = users_.find(session.user());
  std::erase(user->second.sessions, session.id());
  if (user->second.standard.get() == &session) user->second.standard = nullptr;
  if (!user->second.sessions.empty()) return nullptr;
  auto presence = std::move(user->second.presence);
  users_.erase(user);
  return presence;
}

bool SessionTable::End(const SessionPtr& session, const Ending& ending,
                       const SettlementPtr& settlement) {
  Lifeline::Attached mine;
  Lifeline::Attached of_owner;
  std::shared_ptr<Lifeline> presence;  // Destroyed after the lock.
  Slot slot;
  {
    const std::lock_guard lock(mutex_);
    const auto known = sessions_.find(session->id());
    if (known == sessions_.end() || known->second.session != session) return false;
    if (ending.if_over && !session->IsOver(deps_.clock.Now())) return false;
    slot = known->second;
    mine = session->MarkEnded();
    presence = RemoveLocked(*session);
    if (presence != nullptr) of_owner = presence->MarkEnded();
  }
  if (slot.timer != 0) deps_.timer.Cancel(slot.timer, slot.timer_due);
  const SessionFacts& facts = session->facts();
  AuditEvent event{"session_ended",
                   {{"user_sid", facts.user.ToString()},
                    {"session", facts.id.ToString()},
                    {"reason", std::string(ending.reason)}}};
  if (ending.by) event.fields.emplace_back("caller_sid", ending.by->ToString());
  deps_.audit.Write(std::move(event));
  Lifeline::Run(mine, ending.reason, settlement);
  Lifeline::Run(of_owner, "owner_logged_off", settlement);
  journal_->Erase(facts.id, settlement);
  return true;
}

void SessionTable::CloseOf(const Sid& user, std::string_view reason) {
  // Again, when another was put in the place of one meanwhile.
  for (auto left = SessionsOf(user); !left.empty(); left = SessionsOf(user)) {
    for (const SessionPtr& session : left) End(session, {reason, std::nullopt, false}, nullptr);
  }
}

void SessionTable::Replace(const std::vector<SessionPtr>& sessions, std::string_view reason) {
  for (const SessionPtr& session : sessions) {
    Lifeline::Attached attached;
    {
      const std::lock_guard lock(mutex_);
      const auto known = sessions_.find(session->id());
      if (known == sessions_.end() || known->second.session != session) continue;
      auto next = std::make_shared<Session>(session->facts(), session->deadline());
      if (session->facts().is_default) users_[session->user()].standard = next;
      known->second.session = std::move(next);
      attached = session->MarkEnded();
    }
    Lifeline::Run(attached, reason, nullptr);
  }
}

void SessionTable::RefreshOf(const Sid& user, std::string_view reason) {
  Replace(SessionsOf(user), reason);
}

void SessionTable::RefreshAll(std::string_view reason) { Replace(All(), reason); }

void SessionTable::Shutdown() {
  for (const SessionPtr& session : All()) session->Close("service_stopping");
}

void SessionTable::Arm(const SessionPtr& session) {
  const absl::Time when = session->deadline();
  const uint64_t timer = deps_.timer.At(when, [this, id = session->id()] { OnDue(id); });
  Slot before;
  bool kept = false;
  {
    const std::lock_guard lock(mutex_);
    const auto known = sessions_.find(session->id());
    if (known != sessions_.end()) {
      before = std::exchange(known->second, Slot{known->second.session, when, timer});
      kept = true;
    }
  }
  if (!kept) return deps_.timer.Cancel(timer, when);
  if (before.timer != 0) deps_.timer.Cancel(before.timer, before.timer_due);
}

void SessionTable::OnDue(const SessionId& id) {
  SessionPtr session;
  {
    const std::lock_guard lock(mutex_);
    const auto known = sessions_.find(id);
    if (known == sessions_.end()) return;
    session = known->second.session;
  }
  // Renewed meanwhile, or kept by an open stream: it is looked at again.
  const bool in_use =
      session->deadline() <= deps_.clock.Now() && !session->IsOver(deps_.clock.Now());
  if (in_use) Renew(session).IgnoreError();
  if (End(session, {"expired", std::nullopt, true}, nullptr)) return;
  Arm(session);
}

}  // namespace bitsd
