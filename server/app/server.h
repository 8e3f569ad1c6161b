// The server process: everything behind the gRPC port, joined together.
//
// Create is config -> parts -> listening; Wait runs until a signal ends it. Thread safety: Create
// and Wait are called once, from the process's first thread, before any other thread is started.
// Ownership: the server owns every part; parts are destroyed in the order that lets calls end
// first.

#ifndef BITSD_SERVER_APP_SERVER_H_
#define BITSD_SERVER_APP_SERVER_H_

#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/base/unique_fd.h"
#include "server/ops/config.h"

namespace bitsd {

class Server {
 public:
  /// Starts everything and listens. `control` is the server's end of the supervisor.
  static absl::StatusOr<std::unique_ptr<Server>> Create(const Config& config, UniqueFd control);
  ~Server();

  /// Serves until SIGTERM or SIGINT, reloads on SIGHUP; then calls drain and transfers park.
  void Wait();

 private:
  class Parts;
  /// SIGHUP: looks at every file now.
  void Reload();
  explicit Server(std::unique_ptr<Parts> parts);

  const std::unique_ptr<Parts> parts_;
};

}  // namespace bitsd

#endif  // BITSD_SERVER_APP_SERVER_H_
