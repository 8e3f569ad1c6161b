// Accepts connections and hands them on.
//
// gRPC would accept by itself, but version 1.51 never accepts again once it has met a process
// without descriptors, and has no bound for connections. Here a lack of descriptors is a pause, and
// ConnectionTable says who may come in.
//
// Thread safety: one thread of its own accepts; Close may be called by any. Ownership: owns the
// listening socket and its thread; the table must outlive it.

#ifndef BITSD_SERVER_RPC_DOOR_FRONT_DOOR_H_
#define BITSD_SERVER_RPC_DOOR_FRONT_DOOR_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <thread>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/base/unique_fd.h"
#include "server/rpc/door/connection_table.h"
#include "server/rpc/door/listen_socket.h"

namespace bitsd::rpc {

class FrontDoor {
 public:
  /// Takes a connection over.
  using Take = std::function<void(UniqueFd)>;

  /// Begins to accept from `socket`. E_INVALIDARG when the process has no descriptors left.
  static absl::StatusOr<std::unique_ptr<FrontDoor>> Open(ListenSocket socket,
                                                         ConnectionTable& table, Take take);
  ~FrontDoor() { Close(); }
  FrontDoor(const FrontDoor&) = delete;
  FrontDoor& operator=(const FrontDoor&) = delete;

  /// Nobody comes in any more. Returns when Take will not be called again.
  void Close();

 private:
  FrontDoor(ListenSocket socket, ConnectionTable& table, Take take);
  void Run();
  /// Takes events from the kernel, for `patience` milliseconds at most.
  void Wait(int patience);
  void AcceptWaiting();
  void Admit(UniqueFd connection, const sockaddr_storage& address);
  void Pause();

  UniqueFd listener_;
  ConnectionTable& table_;
  const Take take_;
  UniqueFd events_;
  UniqueFd wake_;
  std::atomic<bool> closing_{false};
  absl::Time complained_ = absl::InfinitePast();  ///< Of a lack of descriptors. The thread's.
  std::thread thread_;
};

}  // namespace bitsd::rpc

#endif  // BITSD_SERVER_RPC_DOOR_FRONT_DOOR_H_
