// The connections of one security context: one curl multi handle, driven by socket and timer
// events.
//
// No connection, cached name or pooled socket is ever shared with another context. Thread safety:
// the engine's thread only. Ownership: the pool owns its multi handle; easy handles belong to their
// requests, which must remove them before the pool goes.

#ifndef BITSD_SERVER_TRANSFER_HTTP_CONNECTION_POOL_H_
#define BITSD_SERVER_TRANSFER_HTTP_CONNECTION_POOL_H_

#include <curl/curl.h>

#include <chrono>
#include <cstdint>
#include <optional>

#include "server/transfer/http/name_cache.h"

namespace bitsd {

using SteadyTime = std::chrono::steady_clock::time_point;

/// Learns how a request ended, outside of every curl callback.
class CurlClient {
 public:
  virtual void OnCurlDone(CURLcode code) = 0;

 protected:
  ~CurlClient() = default;
};

class ConnectionPool {
 public:
  /// Watches its sockets with `epoll_fd`; their event data is EventData(id, socket).
  ConnectionPool(int epoll_fd, uint32_t id);
  ~ConnectionPool();
  ConnectionPool(const ConnectionPool&) = delete;
  ConnectionPool& operator=(const ConnectionPool&) = delete;

  static uint64_t EventData(uint32_t id, int socket) {
    return (uint64_t{id} << 32) | static_cast<uint32_t>(socket);
  }

  /// CURLOPT_PRIVATE of `easy` must be its CurlClient.
  CURLMcode Add(CURL* easy);
  void Remove(CURL* easy);

  void OnSocket(int socket, uint32_t epoll_events);
  void OnTimer();
  const std::optional<SteadyTime>& deadline() const { return deadline_; }

  /// What names led to: known to this context alone.
  NameCache& names() { return names_; }

  /// When the last request left, while there is none.
  std::optional<SteadyTime> idle_since() const;

 private:
  static int SocketChanged(CURL* easy, curl_socket_t socket, int what, void* pool, void* watched);
  static int TimerChanged(CURLM* multi, long milliseconds, void* pool);

  void Watch(int socket, int what, bool is_new);
  void Act(curl_socket_t socket, int events);

  const int epoll_fd_;
  const uint32_t id_;
  CURLM* const multi_;
  NameCache names_;
  int requests_ = 0;
  SteadyTime last_request_;
  std::optional<SteadyTime> deadline_;
};

}  // namespace bitsd

#endif  // BITSD_SERVER_TRANSFER_HTTP_CONNECTION_POOL_H_
