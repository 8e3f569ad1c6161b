#include "server/network/agent_link.h"

#include <sys/socket.h>

#include <chrono>
#include <string>

#include "server/error/errors.h"

namespace bitsd::network {
namespace {

absl::Status NoAnswer() {
  return error::Unavailable(
      "the KDC, or the agent that holds the credentials, did not answer in time: try again later");
}

}  // namespace

// An agent that lasts and is gone has lost nothing: another one is asked, once, as one that dies of
// the question would die again.
absl::StatusOr<AgentReply> AgentLink::Ask(AgentRequest request, Deadline deadline) {
  // Who waited too long for its turn starts nothing.
  if (std::chrono::steady_clock::now() >= deadline) return NoAnswer();
  for (int tries = 0; tries < (lasting_ ? 2 : 1); ++tries) {
    absl::StatusOr<Channel> channel = Open(deadline);
    if (!channel.ok()) return channel.status();
    AgentReply reply;
    switch (Exchange((*channel)->get(), request, deadline, &reply)) {
      case Fate::kAnswered:
        if (!reply.status.ok()) return reply.status;
        return reply;
      case Fate::kTimeout:
        // It waits for a KDC, longer than we do, and has tickets that are good: only one that hangs
        // for good is given up.
        if (lasting_ && std::chrono::steady_clock::now() - busy_since_ > patience_) Drop();
        return NoAnswer();
      case Fate::kGone: Drop(); break;
    }
  }
  return Gone();
}

absl::StatusOr<AgentLink::Channel> AgentLink::Open(Deadline deadline) {
  {
    const std::lock_guard lock(mutex_);
    if (channel_ != nullptr) return channel_;
    if (closed_ || (started_ && !lasting_)) return Gone();
    started_ = true;
  }
  absl::StatusOr<UniqueFd> opened = start_(deadline);
  if (!opened.ok()) return opened.status();
  answered_ = sent_;
  const std::lock_guard lock(mutex_);
  if (closed_) return Gone();
  channel_ = std::make_shared<const UniqueFd>(*std::move(opened));
  return channel_;
}

AgentLink::Fate AgentLink::Exchange(int channel, AgentRequest& request, Deadline deadline,
                                    AgentReply* reply) {
  // One that is still busy is not given more to do.
  while (answered_ < sent_) {
    const Fate earlier = Receive(channel, sent_, deadline, reply);
    if (earlier != Fate::kAnswered) return earlier;
  }
  request.number = ++sent_;
  busy_since_ = std::chrono::steady_clock::now();
  std::string message = Encode(request);
  const SendResult sent = TrySendPacket(channel, message);
  WipeText(message);
  if (sent != SendResult::kSent) return Fate::kGone;
  return Receive(channel, request.number, deadline, reply);
}

AgentLink::Fate AgentLink::Receive(int channel, uint64_t number, Deadline deadline,
                                   AgentReply* reply) {
  if (!WaitReadable(channel, deadline)) return Fate::kTimeout;
  Packet packet;
  if (ReceivePacket(channel, &packet, 0, kMaxMessage) != ReceiveResult::kPacket) return Fate::kGone;
  absl::StatusOr<AgentReply> decoded = DecodeAgentReply(packet.bytes);
  WipeText(packet.bytes);
  // It may have been taken over: what it was not asked is no answer.
  if (!decoded.ok() || decoded->number != number) return Fate::kGone;
  answered_ = number;
  *reply = *std::move(decoded);
  return Fate::kAnswered;
}

void AgentLink::Drop() {
  const std::lock_guard lock(mutex_);
  // Whoever waits for it stops waiting; the descriptor is closed when nobody uses it.
  if (channel_ != nullptr) ::shutdown(channel_->get(), SHUT_RDWR);
  channel_.reset();
}

void AgentLink::Close() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }
  Drop();
}

bool AgentLink::running() const {
  const std::lock_guard lock(mutex_);
  return channel_ != nullptr;
}

absl::Status AgentLink::Gone() const {
  if (lasting_) return error::Unavailable("the agent that holds the credentials ended: try again");
  return error::TokenRequired("the delegated credentials are gone: lend them again");
}

}  // namespace bitsd::network
