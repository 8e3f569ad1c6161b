// The server's connection to the broker, which outlives any one broker.
//
// The supervisor sends the channel of each broker it starts down the control socket; the newest one
// counts. Thread safety: any thread; requests take turns. Ownership: owns both sockets.

#ifndef BITSD_SERVER_BROKER_BROKER_LINK_H_
#define BITSD_SERVER_BROKER_BROKER_LINK_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "server/base/timed_lock.h"
#include "server/base/unique_fd.h"
#include "server/broker/wire/channel.h"

namespace bitsd {

/// What the supervisor sends with a broker's channel.
std::string EncodeBrokerHello(bool identity_switching);

class BrokerLink {
 public:
  explicit BrokerLink(UniqueFd control) : control_(std::move(control)) {}

  /// True when there is a broker before `deadline`.
  bool AwaitBroker(Deadline deadline) { return Channel(deadline) != nullptr; }

  /// Sends an encoded OpenWorkerRequest or OpenAgentRequest; returns the channel of the worker or
  /// agent, the broker's refusal, or kUnavailable. A broker that dies on the way is replaced by the
  /// next one. A broker that hangs may cost some seconds more than `deadline`.
  absl::StatusOr<UniqueFd> Open(std::string_view request, Deadline deadline);

  bool healthy();
  bool identity_switching() const { return identity_switching_; }
  uint64_t messages_sent() const { return messages_sent_; }

 private:
  using SharedFd = std::shared_ptr<const UniqueFd>;

  SharedFd Channel(Deadline deadline);
  SharedFd NewestChannel();
  void Drop(const SharedFd& channel);

  TimedLock one_request_;
  const UniqueFd control_;
  std::mutex mutex_;  ///< Guards channel_ and reading from control_.
  SharedFd channel_;  ///< Null while no broker is known.
  std::atomic<bool> identity_switching_ = false;
  std::atomic<uint64_t> messages_sent_ = 0;
};

}  // namespace bitsd

#endif  // BITSD_SERVER_BROKER_BROKER_LINK_H_
