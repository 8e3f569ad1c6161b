// Reload: takes what bitsd's files hold now, when it is good, without an end to a connection.
//
// A thread looks at the files every second; SIGHUP makes it look at once. What cannot be taken
// changes nothing and is told to the board, the health service and the log. Whatever withdraws is
// in force before Reload returns: the new directory and roots judge every call, sessions of
// accounts that changed are closed with the tokens and handles attached to them, and jobs stop
// what is no longer right.
//
// Thread safety: any thread; only the reloader's own thread loads. Ownership: what Targets names
// must outlive it.

#ifndef BITSD_SERVER_APP_RELOAD_H_
#define BITSD_SERVER_APP_RELOAD_H_

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "server/base/file_stamps.h"
#include "server/broker/broker_client.h"
#include "server/identity/account_changes.h"
#include "server/identity/identity_cache.h"
#include "server/identity/live_account_directory.h"
#include "server/job/calls/job_manager.h"
#include "server/ops/config.h"
#include "server/ops/reload_status.h"
#include "server/rpc/grpc_server.h"
#include "server/transfer/transfer_engine.h"

namespace bitsd {

/// What the server was started with, and goes by until something else is loaded.
struct Loaded {
  Config config;
  uid_t deciding_owner = 0;
  rpc::TlsMaterial tls;
  std::vector<std::string> san_sid_roots;
  std::vector<std::string> crls;

  /// What these say of certificates. E_INVALIDARG when they do not go together.
  /// `now`: unset when the lists are those that are in force.
  absl::StatusOr<CertificateReader> MakeReader(std::optional<absl::Time> now) const;
};

class Reloader {
 public:
  struct Targets {
    LiveAccountDirectory& accounts;
    IdentityCache& identities;
    SessionTable& sessions;
    JobManager& jobs;
    rpc::GrpcServer& rpc;
    AuditLog& audit;
    const Clock& clock;
    ReloadStatus& board;
    /// Gives transfers and jobs the parts of a configuration that are theirs.
    std::function<void(const Config&)> configure;
  };

  Reloader(Targets targets, Loaded loaded);
  ~Reloader();
  Reloader(const Reloader&) = delete;
  Reloader& operator=(const Reloader&) = delete;

  /// Has every file looked at now, changed or not, and waits for that.
  void ReloadAll();

 private:
  struct Source {
    ReloadSource name;
    FileStamps stamps;
    std::string files;  ///< For messages.
    bool look = false;  ///< At the next turn, changed or not.
    /// True when something else is in force now.
    std::function<absl::StatusOr<bool>()> load;
  };

  void Run();
  void LookAt(bool always);
  void Load(Source& source);
  Source& Of(ReloadSource name) { return sources_[static_cast<size_t>(name) - 1]; }
  absl::StatusOr<bool> LoadConfiguration();
  absl::StatusOr<bool> LoadAccounts();
  void WarnOfSecrets(const FileAccountDirectory& accounts);
  absl::StatusOr<bool> LoadServerPair();
  absl::StatusOr<bool> LoadClientRoots();
  absl::StatusOr<bool> LoadSanSidRoots();
  void AdoptAccounts(std::shared_ptr<const FileAccountDirectory> accounts);
  absl::StatusOr<bool> LoadCrls();
  /// Puts the roots and lists of `next` in force.
  absl::Status AdoptTrust(Loaded next, bool trust_less);

  const Targets targets_;
  const Config start_;
  Loaded loaded_;                ///< The thread's only.
  std::string secrets_problem_;  ///< What was said of them last.
  std::vector<Source> sources_;  ///< In the order of ReloadSource; the thread's only.

  std::mutex mutex_;
  std::condition_variable changed_;
  uint64_t asked_ = 0;     ///< How often ReloadAll was called.
  uint64_t answered_ = 0;  ///< Of these, how many the thread is done with.
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace bitsd

#endif  // BITSD_SERVER_APP_RELOAD_H_
