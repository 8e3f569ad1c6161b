// How sessions end: by a deadline, by Logoff, with their account; and what is discarded then.

#include <utility>

#include "server/session/session_table.h"

namespace bitsd {

std::shared_ptr<EndSignal> SessionTable::RemoveLocked(const Session& session) {
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
                       const WaitGroupPtr& wait_group) {
  EndSignal::Attached mine;
  EndSignal::Attached of_owner;
  std::shared_ptr<EndSignal> presence;  // Destroyed after the lock.
  Slot slot;
  {
    const std::lock_guard lock(mutex_);
    const auto known = sessions_.find(session->id());
    if (known == sessions_.end() || known->second.session != session) return false;
    if (ending.if_over && !session->IsOver(Now())) return false;
    slot = known->second;
    mine = session->MarkEnded();
    presence = RemoveLocked(*session);
    if (presence != nullptr) of_owner = presence->MarkEnded();
  }
  deps_.timer.Cancel(slot.timer);
  const SessionFacts& facts = session->facts();
  AuditEvent event{"session_ended",
                   {{"user_sid", facts.user.ToString()},
                    {"session", facts.id.ToString()},
                    {"reason", std::string(ending.reason)}}};
  if (ending.by) event.fields.emplace_back("caller_sid", ending.by->ToString());
  deps_.audit.Write(std::move(event));
  EndSignal::Run(mine, ending.reason, wait_group);
  EndSignal::Run(of_owner, "owner_logged_off", wait_group);
  journal_->Erase(facts.id, wait_group);
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
    EndSignal::Attached attached;
    {
      const std::lock_guard lock(mutex_);
      const auto known = sessions_.find(session->id());
      if (known == sessions_.end() || known->second.session != session) continue;
      auto next = std::make_shared<Session>(session->facts(), session->deadline());
      if (session->facts().is_default) users_[session->user()].standard = next;
      known->second.session = std::move(next);
      attached = session->MarkEnded();
    }
    EndSignal::Run(attached, reason, nullptr);
  }
}

void SessionTable::RefreshOf(const Sid& user, std::string_view reason) {
  Replace(SessionsOf(user), reason);
  for (const SessionPtr& session : SessionsOf(user)) {
    if (session->facts().is_default) EndUnlessAllowed(session);
  }
}

bool SessionTable::EndUnlessAllowed(const SessionPtr& standard) {
  const std::shared_ptr<const Account> account = deps_.accounts.Find(standard->user());
  if (account != nullptr && MayHaveDefault(*account)) return false;
  End(standard, {"logon_required", std::nullopt, false}, nullptr);
  return true;
}

void SessionTable::RefreshAll(std::string_view reason) { Replace(All(), reason); }

void SessionTable::Shutdown() {
  for (const SessionPtr& session : All()) session->Close("service_stopping");
}

void SessionTable::Arm(const SessionPtr& session) {
  const DualDeadline when = session->deadline();
  const Timer::Task timer = deps_.timer.AtOrAfter(when.wall, when.steady - deps_.steady.Now(),
                                                  [this, id = session->id()] { OnDue(id); });
  Timer::Task dropped = timer;
  {
    const std::lock_guard lock(mutex_);
    const auto known = sessions_.find(session->id());
    if (known != sessions_.end()) dropped = std::exchange(known->second.timer, timer);
  }
  deps_.timer.Cancel(dropped);
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
  const DualDeadline now = Now();
  const bool in_use = session->deadline().HasCome(now) && !session->IsOver(now);
  if (in_use) Renew(session).IgnoreError();
  if (End(session, {"expired", std::nullopt, true}, nullptr)) return;
  Arm(session);
}

}  // namespace bitsd
