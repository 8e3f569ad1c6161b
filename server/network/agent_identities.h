// NetworkIdentities with a credential agent behind each.
//
// Agents with credentials of the account directory are shared by all that have the same, are
// started when they are needed and end when nothing was asked of them for a while. One with
// delegated credentials ends with its identity. Thread safety: any thread; nothing blocks.
// Ownership: the threads on which callbacks run. It must outlive every identity it gave out, and
// the timer must be stopped before it goes.

#ifndef BITSD_SERVER_NETWORK_AGENT_IDENTITIES_H_
#define BITSD_SERVER_NETWORK_AGENT_IDENTITIES_H_

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "server/base/disk_pool.h"
#include "server/base/timer.h"
#include "server/broker/wire/wire.h"
#include "server/identity/network_identity.h"
#include "server/network/agent_queue.h"

namespace bitsd::network {

class AgentIdentities final : public NetworkIdentities {
 public:
  /// Asks the broker for an agent.
  using OpenAgent =
      std::function<absl::StatusOr<UniqueFd>(const wire::OpenAgentRequest&, Deadline)>;

  struct Options {
    AgentQueue::Limits limits;
    std::chrono::milliseconds idle{60'000};  ///< An agent of the directory ends after that.
    size_t max_taking = 4;  ///< Delegated caches of one user that are being parsed.
  };

  AgentIdentities(OpenAgent open, Timer& timer, Options options);
  ~AgentIdentities() override;

  NetworkIdentityPtr Of(const Sid& user, const NetworkCredentials& credentials) override;
  void Take(const Sid& user, Secret credential_cache,
            std::function<void(absl::StatusOr<Delegated>)> done) override;

  /// Returns when every Take that was begun has been answered: before those go that were to hear
  /// it. Takes as long as the deadline of a request at most.
  void AwaitTaken();

 private:
  class Identity;

  std::shared_ptr<AgentQueue> NewQueue(wire::OpenAgentRequest who);
  void Sweep();
  void SweepLater();
  /// `answer` runs soon, on a thread of its own.
  void Refuse(std::function<void()> answer) { refusals_->Post(std::move(answer)); }

  const OpenAgent open_;
  const Options options_;
  Timer& timer_;
  std::optional<DiskPool> pool_;  ///< Always there, until the end.
  const std::shared_ptr<Strand> refusals_;
  /// What the timer holds: gone with this object.
  const std::shared_ptr<AgentIdentities*> self_;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Identity>> identities_;  ///< By what the broker is asked.
  std::condition_variable taken_;
  std::map<Sid, size_t> taking_;  ///< Caches of each user that are being parsed.
};

}  // namespace bitsd::network

#endif  // BITSD_SERVER_NETWORK_AGENT_IDENTITIES_H_
