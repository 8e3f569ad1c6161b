// The broker: the one process that can become others, and believes nobody.
//
// It loads the account directory and the paths itself, takes requests for workers from its channel,
// and hands back the channel of a worker that has become the identity for good. It opens no file of
// a job. It ends when the server closes the channel. Thread safety: one thread, from fork to exit.
// Ownership: owns its channel and reaps its workers.

#ifndef BITSD_SERVER_BROKER_BROKER_H_
#define BITSD_SERVER_BROKER_BROKER_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/broker/channel.h"
#include "server/broker/identity_check.h"
#include "server/broker/safe_path.h"
#include "server/broker/unique_fd.h"
#include "server/broker/worker_table.h"
#include "server/identity/account_directory.h"

namespace bitsd {

struct BrokerOptions {
  /// Loads the account directory; runs in the broker process.
  std::function<absl::StatusOr<std::shared_ptr<const AccountDirectory>>()> load_directory;
  /// The files that say who and where: the account directory and the configuration. They must
  /// belong to root or `trusted_owner` and be writable by nobody else, or the broker does not
  /// start.
  std::vector<std::string> trusted_files;
  std::optional<uid_t> trusted_owner;
  /// Folders and files out of reach of every job (safe_path.h).
  std::vector<std::string> protected_paths;
  std::vector<std::string> allowed_roots;
  bool allow_root = false;
};

class Broker {
 public:
  /// Loads everything. `identity_switching`: this process has CAP_SETUID and CAP_SETGID.
  static absl::StatusOr<Broker> Make(const BrokerOptions& options, bool identity_switching);

  /// Serves `channel` until its peer is gone.
  void Serve(UniqueFd channel);

 private:
  Broker(SafePaths paths, IdentityCheck check, bool identity_switching)
      : paths_(std::move(paths)), check_(std::move(check)), switching_(identity_switching) {}

  bool ServeNext();
  absl::StatusOr<UniqueFd> Open(ReceiveResult received, const Packet& packet);
  absl::StatusOr<UniqueFd> StartWorker(const PosixIdentity& identity);
  void Reap();

  SafePaths paths_;
  IdentityCheck check_;
  bool switching_;
  WorkerTable workers_;
  UniqueFd channel_;
  UniqueFd signals_;
  UniqueFd lifeline_read_;   ///< What workers hold: it ends with this process.
  UniqueFd lifeline_write_;  ///< Nobody writes to it.
};

/// E_INVALIDARG unless `path` belongs to root or `owner` and nobody else can write or replace it.
absl::Status CheckTrustedFile(const std::string& path, std::optional<uid_t> owner);

}  // namespace bitsd

#endif  // BITSD_SERVER_BROKER_BROKER_H_
