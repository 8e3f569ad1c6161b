#include "client/connection/connection_pool.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace bits {

bool ConnectionPool::ByContent::operator()(const Identity& a, const Identity& b) const {
  return std::tie(a.certificate, a.private_key, a.roots) <
         std::tie(b.certificate, b.private_key, b.roots);
}

ConnectionPool::ConnectionPool(ConnectionOptions options, size_t max_connections)
    : options_(std::move(options)), max_connections_(std::max<size_t>(max_connections, 1)) {}

std::shared_ptr<Connection> ConnectionPool::Get(const Identity& identity, Clock::time_point now) {
  Closed closed;  // Ends after the lock.
  const std::lock_guard lock(mutex_);
  auto found = entries_.find(identity);
  if (found == entries_.end()) {
    DropIdle(now, closed);
    if (entries_.size() >= max_connections_) DropLeastRecentlyUsed(closed);
    found = entries_.emplace(identity, Entry{}).first;
    // Nothing is sent yet: the first call connects.
    found->second.connection = Connection::Open(options_, identity);
  }
  found->second.used = now;
  return found->second.connection;
}

void ConnectionPool::DropIdle(Clock::time_point now, Closed& closed) {
  for (auto at = entries_.begin(); at != entries_.end();) {
    const auto next = std::next(at);
    const Entry& entry = at->second;
    const bool in_use = entry.connection.use_count() > 1;
    if (!in_use && now - entry.used >= options_.idle_timeout)
      closed.push_back(entries_.extract(at));
    at = next;
  }
}

void ConnectionPool::DropLeastRecentlyUsed(Closed& closed) {
  const auto oldest =
      std::min_element(entries_.begin(), entries_.end(),
                       [](const auto& a, const auto& b) { return a.second.used < b.second.used; });
  closed.push_back(entries_.extract(oldest));
}

size_t ConnectionPool::size() const {
  const std::lock_guard lock(mutex_);
  return entries_.size();
}

}  // namespace bits
