// The connections there are: whose they are, how many, and how much they have sent that no call
// has taken.
//
// What arrives before an identity is known is bounded here: connections in total, for each address
// and for each identity, and the bytes of requests that never end, which gRPC would keep. A new
// connection takes the place of the oldest one on which no accepted caller has made a call, so that
// connections that say nothing shut nobody out.
//
// gRPC does not say when a connection ends, and has no bound of its own for what arrives: the table
// holds a second descriptor of each socket, by which both can be seen, and by which a connection is
// ended.
//
// Thread safety: any thread; Called costs a look-up. No system call under the lock but shutdown(),
// which does not wait. Ownership: owns its descriptors.

#ifndef BITSD_SERVER_RPC_DOOR_CONNECTION_TABLE_H_
#define BITSD_SERVER_RPC_DOOR_CONNECTION_TABLE_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "server/base/unique_fd.h"
#include "server/identity/sid.h"
#include "server/rpc/door/door_limits.h"
#include "server/rpc/door/peer_address.h"

namespace bitsd::rpc {

class ConnectionTable {
 public:
  explicit ConnectionTable(const DoorLimits& limits) : limits_(limits) {}

  struct Admission {
    bool admitted = false;
    bool another_ended = false;  ///< To make room.
    uint64_t number = 0;         ///< Of the connection, if admitted.
  };
  /// A new connection. `socket` is a duplicate of its descriptor.
  Admission Admit(const PeerAddress& peer, UniqueFd socket);
  /// The connection with this number is over; nothing when it is not there any more.
  void Closed(uint64_t number);

  /// A call was made on the connection, with `bytes` of request; `user` is null for a caller who is
  /// not accepted. E_OUTOFMEMORY when the user has more connections than allowed: the connection
  /// ends soon after.
  absl::Status Called(const std::string& connection, const Sid* user, size_t bytes);

  /// Ends connections whose callers have more unfinished requests than allowed, those with the most
  /// first. To be called a few times a second, by one thread.
  void EndUnfinished();

  size_t size() const;
  /// How many connections have come since the start, let in or not.
  uint64_t arrived() const;
  /// Whether the connection is there: let in, and not ended.
  bool Has(const std::string& connection) const;

 private:
  struct Connection {
    std::string name;
    std::string place;
    UniqueFd socket;
    uint64_t number = 0;            ///< Rises with each connection.
    std::atomic<int64_t> taken{0};  ///< Bytes that calls have taken.
    std::optional<Sid> user;        ///< Under the table's lock.
    bool over = false;              ///< Too many of its user: under the table's lock.
    int rounds = 0;                 ///< Of EndUnfinished since it is over.
    int64_t floor = 0;              ///< EndUnfinished's.
  };
  using ConnectionPtr = std::shared_ptr<Connection>;
  /// A connection and what is unfinished on it.
  struct Load {
    ConnectionPtr connection;
    std::string caller;
    int64_t bytes = 0;
  };

  bool MakeRoom(const std::string& place);
  void Forget(const ConnectionPtr& connection);
  void End(const ConnectionPtr& connection);
  std::vector<Load> Loads();

  const DoorLimits limits_;
  mutable std::mutex mutex_;
  uint64_t next_ = 0;
  uint64_t arrived_ = 0;
  absl::flat_hash_map<std::string, ConnectionPtr> connections_;
  absl::flat_hash_map<uint64_t, ConnectionPtr> by_number_;
  absl::flat_hash_map<std::string, size_t> of_place_;
  absl::flat_hash_map<Sid, size_t> of_user_;
};

}  // namespace bitsd::rpc

#endif  // BITSD_SERVER_RPC_DOOR_CONNECTION_TABLE_H_
