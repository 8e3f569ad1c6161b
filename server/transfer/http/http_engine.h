// The thread that does all HTTP: an event loop over the connection pools of the security contexts.
//
// Nothing blocks on it: file data goes to the disk pool, and names to the resolver. Thread safety:
// Post and resolver from any thread; everything else on the engine's thread only.
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
#include "server/base/unique_fd.h"
#include "server/transfer/common/executor.h"
#include "server/transfer/http/connection_pool.h"
#include "server/transfer/http/resolver.h"

namespace bitsd {

class HttpEngine final : public Executor {
 public:
  /// A pool without a request for `idle_connections` is closed.
  explicit HttpEngine(absl::Duration idle_connections);
  ~HttpEngine();
  HttpEngine(const HttpEngine&) = delete;
  HttpEngine& operator=(const HttpEngine&) = delete;

  void Post(std::function<void()> task) override;
  Delayed PostAfter(std::chrono::milliseconds delay, std::function<void()> task) override;
  void Cancel(const Delayed& task) override { delayed_.erase(task); }

  Resolver& resolver() { return resolver_; }

  /// The connections of `context`; stays while it has requests.
  ConnectionPool& PoolFor(const std::string& context);
  /// Nobody will ask for contexts that begin with `prefix` any more: their connections are closed
  /// soon. Also inside of curl's callbacks.
  void Retire(const std::string& prefix);

 private:
  void Loop();
  void Dispatch(uint64_t event_data, uint32_t events);
  bool RunPosted();
  void RunTimers();
  void DropIdlePools();
  bool IsRetired(const std::string& context) const;
  int Timeout() const;

  const std::chrono::milliseconds idle_connections_;
  UniqueFd epoll_;
  UniqueFd wake_;
  Resolver resolver_;

  std::mutex mutex_;
  std::vector<std::function<void()>> posted_;  // Guarded by mutex_, as is closing_.
  bool closing_ = false;

  // The engine's thread only.
  std::map<Delayed, std::function<void()>> delayed_;
  uint64_t last_delayed_ = 0;
  absl::flat_hash_map<std::string, uint32_t> ids_;
  std::vector<std::string> retired_;
  std::map<uint32_t, std::unique_ptr<ConnectionPool>> pools_;
  uint32_t last_id_ = 0;  // 0 is the wake-up's.

  std::thread thread_;
};

}  // namespace bitsd

#endif  // BITSD_SERVER_TRANSFER_HTTP_HTTP_ENGINE_H_
