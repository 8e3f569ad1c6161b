// The thread that does all HTTP: an event loop over the connection pools of the security contexts.
//
// Nothing blocks on it: file data goes to the disk pool, and names are resolved on curl's own
// threads. Thread safety: Post from any thread; PostAfter and PoolFor on the engine's thread only.
// Ownership: the engine owns its pools. Its destructor drops what was not run yet; every request
// must have been cancelled before.

#ifndef BITSD_SERVER_TRANSFER_HTTP_HTTP_ENGINE_H_
#define BITSD_SERVER_TRANSFER_HTTP_HTTP_ENGINE_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/time/time.h"
#include "server/broker/unique_fd.h"
#include "server/transfer/http/connection_pool.h"

namespace bitsd {

class HttpEngine {
 public:
  /// A pool without a request for `idle_connections` is closed.
  explicit HttpEngine(absl::Duration idle_connections);
  ~HttpEngine();
  HttpEngine(const HttpEngine&) = delete;
  HttpEngine& operator=(const HttpEngine&) = delete;

  /// Runs `task` on the engine's thread, in order, never inside this call.
  void Post(std::function<void()> task);
  void PostAfter(std::chrono::milliseconds delay, std::function<void()> task);

  /// The connections of `context`; stays while it has requests.
  ConnectionPool& PoolFor(const std::string& context);

 private:
  void Loop();
  void Dispatch(uint64_t event_data, uint32_t events);
  bool RunPosted();
  void RunTimers();
  void DropIdlePools();
  int Timeout() const;

  const std::chrono::milliseconds idle_connections_;
  UniqueFd epoll_;
  UniqueFd wake_;

  std::mutex mutex_;
  std::vector<std::function<void()>> posted_;  // Guarded by mutex_, as is closing_.
  bool closing_ = false;

  // The engine's thread only.
  std::multimap<SteadyTime, std::function<void()>> delayed_;
  absl::flat_hash_map<std::string, uint32_t> ids_;
  std::map<uint32_t, std::unique_ptr<ConnectionPool>> pools_;
  uint32_t last_id_ = 0;  // 0 is the wake-up's.

  std::thread thread_;
};

}  // namespace bitsd

#endif  // BITSD_SERVER_TRANSFER_HTTP_HTTP_ENGINE_H_
