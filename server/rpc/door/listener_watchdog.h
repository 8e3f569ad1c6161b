// Connects to the own listener now and again, and ends the process when it does not answer.
//
// A service that accepts nobody is worse than one that is started again, and nobody else sees it:
// the kernel completes connections that no program takes. A hello of TLS is sent; any answer, or
// the end of the connection, will do.
//
// Thread safety: one thread of its own. Ownership: owns the thread.

#ifndef BITSD_SERVER_RPC_DOOR_LISTENER_WATCHDOG_H_
#define BITSD_SERVER_RPC_DOOR_LISTENER_WATCHDOG_H_

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "absl/time/time.h"
#include "server/rpc/door/listen_socket.h"

namespace bitsd::rpc {

class ListenerWatchdog {
 public:
  /// `on_silence` is called once, on the watchdog's thread, when the listener at `listener` has not
  /// answered for `patience`, asked three times meanwhile.
  ListenerWatchdog(const SocketAddress& listener, absl::Duration patience,
                   std::function<void()> on_silence);
  ~ListenerWatchdog();
  ListenerWatchdog(const ListenerWatchdog&) = delete;
  ListenerWatchdog& operator=(const ListenerWatchdog&) = delete;

 private:
  void Run();

  const SocketAddress listener_;
  const absl::Duration pause_;
  const std::function<void()> on_silence_;
  const std::string hello_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace bitsd::rpc

#endif  // BITSD_SERVER_RPC_DOOR_LISTENER_WATCHDOG_H_
