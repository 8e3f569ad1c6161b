#include "server/session/session.h"

#include <utility>
#include <vector>

namespace bitsd {

bool Session::is_open() const {
  std::lock_guard lock(mutex_);
  return open_;
}

uint64_t Session::Attach(Discard discard) {
  std::lock_guard lock(mutex_);
  if (!open_) return 0;
  const uint64_t id = next_id_++;
  attached_.emplace(id, std::move(discard));
  return id;
}

void Session::Detach(uint64_t id) {
  std::lock_guard lock(mutex_);
  attached_.erase(id);
}

void Session::Close(std::string_view reason) {
  absl::flat_hash_map<uint64_t, Discard> discards;
  {
    std::lock_guard lock(mutex_);
    open_ = false;
    discards.swap(attached_);
  }
  for (auto& [id, discard] : discards) discard(reason);
}

std::shared_ptr<Session> SessionTable::Default(const Sid& user) {
  std::lock_guard lock(mutex_);
  std::shared_ptr<Session>& session = defaults_[user];
  if (session == nullptr) session = std::make_shared<Session>(user);
  return session;
}

void SessionTable::CloseOf(const Sid& user, std::string_view reason) {
  std::shared_ptr<Session> session;
  {
    std::lock_guard lock(mutex_);
    const auto it = defaults_.find(user);
    if (it == defaults_.end()) return;
    session = std::move(it->second);
    defaults_.erase(it);
  }
  session->Close(reason);
}

void SessionTable::CloseAll(std::string_view reason) {
  absl::flat_hash_map<Sid, std::shared_ptr<Session>> sessions;
  {
    std::lock_guard lock(mutex_);
    sessions.swap(defaults_);
  }
  for (auto& [user, session] : sessions) session->Close(reason);
}

}  // namespace bitsd
