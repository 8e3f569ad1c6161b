// The connections of one client: one for each identity, made on demand, closed when unused.
//
// Two identities are the same when certificate, key and roots are, byte for byte; nothing less is
// ever answered with another's connection. Thread safety: all methods may be called at once; no
// connection is closed under the lock. Ownership: the pool holds connections that may be used
// again; whoever got one keeps it open, also when the pool has let it go.

#ifndef BITSD_CLIENT_CONNECTION_CONNECTION_POOL_H_
#define BITSD_CLIENT_CONNECTION_CONNECTION_POOL_H_

#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "client/connection/connection.h"

namespace bits {

class ConnectionPool {
 public:
  using Clock = std::chrono::steady_clock;

  /// Keeps at most `max_connections`, each for `options.idle_timeout` after its last use.
  ConnectionPool(ConnectionOptions options, size_t max_connections);

  std::shared_ptr<Connection> Get(const Identity& identity, Clock::time_point now = Clock::now());

  size_t size() const;

 private:
  struct ByContent {
    bool operator()(const Identity& a, const Identity& b) const;
  };
  struct Entry {
    std::shared_ptr<Connection> connection;
    Clock::time_point used;
  };
  using Entries = std::map<Identity, Entry, ByContent>;
  using Closed = std::vector<Entries::node_type>;

  void DropIdle(Clock::time_point now, Closed& closed);
  void DropLeastRecentlyUsed(Closed& closed);

  const ConnectionOptions options_;
  const size_t max_connections_;
  mutable std::mutex mutex_;
  Entries entries_;
};

}  // namespace bits

#endif  // BITSD_CLIENT_CONNECTION_CONNECTION_POOL_H_
