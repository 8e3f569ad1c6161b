// The server's FileBroker: asks the broker for a worker of each identity, and the worker for files.
//
// One operation per worker at a time. A worker or broker that does not answer in time is given up,
// and a folder whose operation hangs is refused until it has ended (worker_crew.h): a file system
// that hangs costs only who uses it. What comes back is checked, as a worker may have been taken
// over. Thread safety: any thread. Ownership: owns the control socket and all channels.

#ifndef BITSD_SERVER_BROKER_BROKER_CLIENT_H_
#define BITSD_SERVER_BROKER_BROKER_CLIENT_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/broker/broker_link.h"
#include "server/broker/file_broker.h"
#include "server/broker/file_result.h"
#include "server/broker/wire.h"
#include "server/broker/worker_crew.h"

namespace bitsd {

class BrokerClient final : public FileBroker {
 public:
  /// `control` is what RunSupervised gives the server; `deadline` bounds every operation, and the
  /// wait for the first broker. kUnavailable when there is none.
  static absl::StatusOr<std::unique_ptr<BrokerClient>> Connect(UniqueFd control,
                                                               absl::Duration deadline);

  absl::Status CheckDirectory(const ActingIdentity& who, const std::string& directory) override;
  absl::Status CheckDestinations(const ActingIdentity& who, const std::string& directory,
                                 const std::vector<std::string>& names) override;
  absl::Status CreateTemporaries(const ActingIdentity& who, const std::vector<std::string>& paths,
                                 std::vector<OpenTemporary>* created) override;
  absl::StatusOr<UniqueFd> ReopenTemporary(const ActingIdentity& who, const std::string& path,
                                           FileId id) override;
  absl::Status CheckTemporary(const ActingIdentity& who, const std::string& path, FileId id,
                              const std::string& destination, uint64_t size) override;
  absl::Status PublishFiles(const ActingIdentity& who, const std::vector<Publication>& files,
                            std::vector<uint32_t>* published) override;
  absl::Status RemoveTemporary(const ActingIdentity& who, const std::string& path,
                               FileId id) override;
  absl::StatusOr<UniqueFd> OpenPem(const ActingIdentity& who, const std::string& path) override;
  absl::StatusOr<OpenedSource> OpenSource(const ActingIdentity& who,
                                          const std::string& path) override;
  absl::Status SyncDirectory(const ActingIdentity& who, const std::string& directory) override;

  /// The channel of a new credential agent, or the broker's refusal.
  absl::StatusOr<UniqueFd> OpenAgent(const wire::OpenAgentRequest& who, Deadline deadline) {
    return link_.Open(wire::Encode(who), deadline);
  }

  /// Bounds every operation that begins from now on.
  void SetDeadline(absl::Duration deadline) { timeout_ms_ = absl::ToInt64Milliseconds(deadline); }

  /// False: bitsd serves only accounts mapped to its own user.
  bool identity_switching() const { return link_.identity_switching(); }
  /// A broker is there to be asked.
  bool healthy() { return link_.healthy(); }
  /// Messages to the broker and its workers so far.
  uint64_t messages_sent() const { return messages_sent_ + link_.messages_sent(); }

 private:
  struct Identity;

  BrokerClient(UniqueFd control, absl::Duration deadline)
      : link_(std::move(control)), timeout_ms_(absl::ToInt64Milliseconds(deadline)) {}

  FileResult Call(const ActingIdentity& who, const wire::FileRequest& request);
  FileResult CallWorker(WorkerCrew& crew, WorkerCrew::Worker& worker, const std::string& identity,
                        const wire::FileRequest& request, Deadline deadline);
  absl::StatusOr<ExchangeResult> Deliver(WorkerCrew& crew, WorkerCrew::Worker& worker,
                                         const std::string& identity,
                                         const wire::FileRequest& request, Deadline deadline,
                                         Packet* reply);
  std::shared_ptr<Identity> Find(const std::string& identity);
  void CloseIdleWorkers(Deadline now);

  BrokerLink link_;
  std::atomic<int64_t> timeout_ms_;
  std::mutex mutex_;  ///< Guards identities_ and their last_used.
  std::unordered_map<std::string, std::shared_ptr<Identity>> identities_;  ///< Encoded.
  std::atomic<uint64_t> messages_sent_ = 0;
};

}  // namespace bitsd

#endif  // BITSD_SERVER_BROKER_BROKER_CLIENT_H_
