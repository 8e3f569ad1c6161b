#include "server/session/session.h"

#include <algorithm>
#include <utility>

#include "server/policy/session_rules.h"

namespace bitsd {

Session::Session(SessionFacts facts, DualDeadline deadline) : facts_(facts), deadline_(deadline) {}

DualDeadline Session::deadline() const {
  const std::lock_guard lock(mutex_);
  return deadline_;
}

bool Session::IsOverLocked(const DualDeadline& now) const {
  const bool kept = facts_.is_default && uses_ > 0;
  return deadline_.HasCome(now) && !kept;
}

bool Session::IsOver(const DualDeadline& now) const {
  const std::lock_guard lock(mutex_);
  return IsOverLocked(now);
}

Session::Renewal Session::Renew(const DualDeadline& now, const DualDeadline& deadline) {
  const std::lock_guard lock(mutex_);
  if (!open_ || IsOverLocked(now)) return Renewal::kEnded;
  deadline_ = deadline;
  return deadline_.wall > stored_until_ ? Renewal::kStore : Renewal::kDone;
}

SessionRecord Session::Record() {
  const std::lock_guard lock(mutex_);
  stored_until_ = std::min(deadline_.wall + policy::StoreSlack(facts_.ttl), facts_.last_end.wall);
  return {facts_.id, facts_.user, facts_.is_default, facts_.ttl, facts_.begin, stored_until_};
}

Session::Use::Use(SessionPtr session) : session_(std::move(session)) {
  const std::lock_guard lock(session_->mutex_);
  ++session_->uses_;
}

Session::Use::~Use() {
  const std::lock_guard lock(session_->mutex_);
  --session_->uses_;
}

}  // namespace bitsd
