// Connects to the own listener now and again, and ends the process when it does not answer.
//
// A service that accepts nobody is worse than one that is started again, and nobody else sees it:
// the kernel completes connections that no program takes. A hello of TLS is sent; any answer, or
// the end of the connection, will do. When so many connect that the watchdog's own connection is
// not let in, but others are, the listener is busy and not silent.
//
// Thread safety: one thread of its own. Ownership: owns the thread; the table must outlive it.

#ifndef BITSD_SERVER_RPC_DOOR_LISTENER_WATCHDOG_H_
#define BITSD_SERVER_RPC_DOOR_LISTENER_WATCHDOG_H_

#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/base/unique_fd.h"
#include "server/rpc/door/connection_table.h"
#include "server/rpc/door/listen_socket.h"

namespace bitsd::rpc {

class ListenerWatchdog {
 public:
  /// `on_silence` is called once, on the watchdog's thread, when the listener at `listener` has not
  /// answered for `patience`, asked three times meanwhile. `table` has the connections that it let
  /// in. E_INVALIDARG when the process has no descriptors left.
  static absl::StatusOr<std::unique_ptr<ListenerWatchdog>> Start(const SocketAddress& listener,
                                                                 absl::Duration patience,
                                                                 const ConnectionTable& table,
                                                                 std::function<void()> on_silence);
  /// Waits for nobody.
  ~ListenerWatchdog();
  ListenerWatchdog(const ListenerWatchdog&) = delete;
  ListenerWatchdog& operator=(const ListenerWatchdog&) = delete;

 private:
  class Probe;
  ListenerWatchdog(const SocketAddress& listener, absl::Duration patience,
                   const ConnectionTable& table, std::function<void()> on_silence);
  void Run();
  /// False when the listener is silent.
  bool IsWell() const;
  /// True when the watchdog is to end before `patience` is over.
  bool StopsWithin(absl::Duration patience) const;

  const SocketAddress listener_;
  const absl::Duration pause_;
  const ConnectionTable& table_;
  const std::function<void()> on_silence_;
  const std::string hello_;
  const UniqueFd stop_;  ///< Readable: end.
  std::thread thread_;
};

}  // namespace bitsd::rpc

#endif  // BITSD_SERVER_RPC_DOOR_LISTENER_WATCHDOG_H_
