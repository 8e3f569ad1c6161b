// The broker: the one process that can become others, and believes nobody.
//
// It loads the account directory and the paths itself, again when their files change, takes
// requests for workers from its channel, and hands back the channel of a worker that has become the
// identity for good; or of a credential agent, which stays who the broker is and loses what it may.
// It opens no file of a job. It ends when the server closes the channel. Thread safety: one thread,
// from fork to exit. Ownership: owns its channel and reaps its workers and agents.

#ifndef BITSD_SERVER_BROKER_BROKER_H_
#define BITSD_SERVER_BROKER_BROKER_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/base/file_stamps.h"
#include "server/base/unique_fd.h"
#include "server/broker/agent_table.h"
#include "server/broker/files/safe_path.h"
#include "server/broker/identity_check.h"
#include "server/broker/wire/channel.h"
#include "server/broker/worker_table.h"
#include "server/identity/account_directory.h"

namespace bitsd {

/// What the broker goes by.
struct BrokerFiles {
  std::shared_ptr<const AccountDirectory> directory;
  std::vector<std::string> allowed_roots;
  std::vector<std::string> protected_paths = {};  ///< Besides those of BrokerOptions.
};

struct BrokerOptions {
  /// Reads the files that say who and where, which must belong to root or `owner` and be writable
  /// by nobody else; runs in the broker process, at its start and when `watched_files` change.
  std::function<absl::StatusOr<BrokerFiles>(uid_t owner)> load;
  std::vector<std::string> watched_files;
  std::optional<uid_t> trusted_owner;
  /// Folders and files out of reach of every job (safe_path.h).
  std::vector<std::string> protected_paths;
  bool allow_root = false;
  /// What a credential agent does, in the process that `broker` forked for it, until the peer of
  /// `channel` or `end_signal` is gone. Null: there are none.
  std::function<void(const wire::OpenAgentRequest& who, pid_t broker, UniqueFd channel,
                     UniqueFd end_signal)>
      run_agent;
};

class Broker {
 public:
  /// Loads everything. `identity_switching`: this process has CAP_SETUID and CAP_SETGID.
  static absl::StatusOr<Broker> Make(const BrokerOptions& options, bool identity_switching);

  /// Serves `channel` until its peer is gone.
  void Serve(UniqueFd channel);

 private:
  struct Beliefs {
    std::vector<std::string> allowed_roots;
    std::vector<std::string> protected_paths;
    SafePaths paths;
    IdentityCheck check;
  };

  Broker(BrokerOptions options, Beliefs beliefs, bool identity_switching)
      : options_(std::move(options)),
        beliefs_(std::move(beliefs)),
        stamps_(options_.watched_files),
        switching_(identity_switching) {}

  static absl::StatusOr<Beliefs> Load(const BrokerOptions& options, bool identity_switching);
  bool ServeNext();
  /// Loads the files again if they changed. What cannot be taken changes nothing and is logged
  /// once.
  void Refresh();
  void Adopt(Beliefs beliefs);
  absl::StatusOr<UniqueFd> Open(ReceiveResult received, const Packet& packet);
  absl::StatusOr<UniqueFd> OpenWorker(std::string_view bytes);
  absl::StatusOr<UniqueFd> OpenAgent(std::string_view bytes);
  struct Child;
  /// Forks a process in which `run` runs, and nothing after it.
  static absl::StatusOr<Child> Fork(
      const std::function<void(UniqueFd channel, UniqueFd end_signal)>& run);
  void HandleSignals();
  void Reap();

  BrokerOptions options_;
  Beliefs beliefs_;
  FileStamps stamps_;
  std::string last_failure_;
  bool switching_;
  WorkerTable workers_;
  AgentTable agents_;
  UniqueFd channel_;
  UniqueFd signals_;
};

}  // namespace bitsd

#endif  // BITSD_SERVER_BROKER_BROKER_H_
