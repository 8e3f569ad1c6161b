// The other end of credential agents, played by a test: each runs in a thread, and answers as the
// script says.
//
// Thread safety: any thread. Ownership: the threads; the destructor ends them once the channels'
// other ends are closed.

#ifndef BITSD_TESTS_UNIT_NETWORK_SCRIPTED_AGENT_H_
#define BITSD_TESTS_UNIT_NETWORK_SCRIPTED_AGENT_H_

#include <atomic>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "server/broker/wire/channel.h"
#include "server/network/agent_wire.h"

namespace bitsd::network {

class ScriptedAgents {
 public:
  /// What is sent back; nothing: the agent ends.
  using Script = std::function<std::optional<std::string>(const AgentRequest&)>;

  explicit ScriptedAgents(Script script) : script_(std::move(script)) {}
  ~ScriptedAgents() {
    for (std::thread& thread : threads_) thread.join();
  }

  absl::StatusOr<UniqueFd> Start() {
    ChannelPair pair = MakeChannelPair();
    ++started_;
    const std::lock_guard lock(mutex_);
    threads_.emplace_back([this, channel = std::move(pair.second)] { Serve(channel.get()); });
    return std::move(pair.first);
  }

  int started() const { return started_; }
  int running() const { return running_; }

  /// As many tokens as were asked for: HOST/1, HOST/2, ...
  static AgentReply Tokens(const AgentRequest& request, std::atomic<int>& made) {
    AgentReply reply;
    reply.number = request.number;
    for (int i = 0; i < request.count; ++i) {
      reply.answers.emplace_back(request.host + "/" + std::to_string(++made));
    }
    return reply;
  }

 private:
  void Serve(int channel) {
    ++running_;
    Packet packet;
    while (ReceivePacket(channel, &packet, 0, kMaxMessage) == ReceiveResult::kPacket) {
      const auto request = DecodeAgentRequest(packet.bytes);
      if (!request.ok()) break;
      const std::optional<std::string> reply = script_(*request);
      if (!reply || SendPacket(channel, *reply) != SendResult::kSent) break;
    }
    --running_;
  }

  const Script script_;
  std::atomic<int> started_ = 0;
  std::atomic<int> running_ = 0;
  std::mutex mutex_;
  std::vector<std::thread> threads_;
};

}  // namespace bitsd::network

#endif  // BITSD_TESTS_UNIT_NETWORK_SCRIPTED_AGENT_H_
