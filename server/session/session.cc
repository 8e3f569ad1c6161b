#include "server/session/session.h"

#include <algorithm>
#include <utility>

namespace bitsd {
namespace {

/// The stored deadline is this much later, so that a renewal is written at most this often.
constexpr absl::Duration kStoreSlack = absl::Minutes(1);

}  // namespace

Session::Session(SessionFacts facts, absl::Time deadline) : facts_(facts), deadline_(deadline) {}

absl::Time Session::deadline() const {
  const std::lock_guard lock(mutex_);
  return deadline_;
}

bool Session::IsOver(absl::Time now) const {
  const std::lock_guard lock(mutex_);
  return now >= deadline_ && !(facts_.is_default && uses_ > 0);
}

Session::Renewal Session::Renew(absl::Time now, absl::Time deadline) {
  const std::lock_guard lock(mutex_);
  const bool over = now >= deadline_ && !(facts_.is_default && uses_ > 0);
  if (!open_ || over) return Renewal::kEnded;
  deadline_ = deadline;
  return deadline_ > stored_until_ ? Renewal::kStore : Renewal::kDone;
}

SessionRecord Session::Record() {
  const std::lock_guard lock(mutex_);
  stored_until_ = std::min(deadline_ + kStoreSlack, facts_.last_end);
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
