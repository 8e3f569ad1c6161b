// The server's end of one credential agent: one question and its answer at a time.
//
// An agent with credentials of the account directory is started when it is asked something, ended
// when it does not answer in time or is no longer needed, and started again. One with delegated
// credentials is started once: with it they are gone. It is left alone while a KDC keeps it, and
// what it then answers to nobody is dropped. Thread safety: Ask is called by one thread at a time;
// the rest by any. Ownership: the channel; closing it ends the agent.

#ifndef BITSD_SERVER_NETWORK_AGENT_LINK_H_
#define BITSD_SERVER_NETWORK_AGENT_LINK_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>

#include "absl/status/statusor.h"
#include "server/base/unique_fd.h"
#include "server/broker/wire/channel.h"
#include "server/network/agent_wire.h"

namespace bitsd::network {

/// Starts an agent and returns its channel.
using StartAgent = std::function<absl::StatusOr<UniqueFd>(Deadline)>;

class AgentLink {
 public:
  /// Why the answer came, or did not.
  enum class Fate { kAnswered, kTimeout, kGone };

  /// `lasting`: it is started again as often as need be, also when it is busy with one question for
  /// longer than `patience`.
  AgentLink(StartAgent start, bool lasting, std::chrono::milliseconds patience)
      : start_(std::move(start)), lasting_(lasting), patience_(patience) {}
  ~AgentLink() { Close(); }

  /// The answer with status OK, its error, or kUnavailable; BG_E_TOKEN_REQUIRED when the agent is
  /// gone for good.
  absl::StatusOr<AgentReply> Ask(AgentRequest request, Deadline deadline);

  /// Ends the agent until the next Ask. For one that lasts.
  void Rest() { Drop(); }
  /// Ends the agent for good; an Ask under way returns.
  void Close();

  bool running() const;

 private:
  using Channel = std::shared_ptr<const UniqueFd>;

  absl::StatusOr<Channel> Open(Deadline deadline);
  /// Sends and receives; what was answered to earlier questions is dropped.
  Fate Exchange(int channel, AgentRequest& request, Deadline deadline, AgentReply* reply);
  Fate Receive(int channel, uint64_t number, Deadline deadline, AgentReply* reply);
  void Drop();
  absl::Status Gone() const;

  const StartAgent start_;
  const bool lasting_;
  const std::chrono::milliseconds patience_;
  uint64_t sent_ = 0;      ///< Ask's: the number of the newest question.
  uint64_t answered_ = 0;  ///< Ask's: the number of the newest answer.
  Deadline busy_since_;    ///< Ask's: when the newest question was sent.
  mutable std::mutex mutex_;
  Channel channel_;
  bool started_ = false;
  bool closed_ = false;
};

}  // namespace bitsd::network

#endif  // BITSD_SERVER_NETWORK_AGENT_LINK_H_
