#include "server/broker/broker_link.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "server/broker/wire/wire.h"
#include "server/error/errors.h"

namespace bitsd {
namespace {

constexpr std::string_view kSwitching = "switching";
constexpr std::string_view kOwnUser = "own-user";

/// The broker touches no file of a job and answers at once: one that takes this long hangs. It is
/// not given up sooner because a caller came late: all identities need it.
constexpr std::chrono::seconds kPatience{5};

absl::Status NoAnswer() {
  return error::Unavailable("the file broker does not answer: try again later");
}

absl::StatusOr<UniqueFd> ReadReply(Packet packet) {
  absl::StatusOr<wire::Reply> reply = wire::DecodeReply(packet.bytes);
  if (!reply.ok()) return NoAnswer();
  if (!reply->status.ok()) return reply->status;
  UniqueFd worker = packet.TakeFirst();
  if (!worker.valid()) return NoAnswer();
  return worker;
}

}  // namespace

std::string EncodeBrokerHello(bool identity_switching) {
  return std::string(identity_switching ? kSwitching : kOwnUser);
}

absl::StatusOr<UniqueFd> BrokerLink::Open(std::string_view request, Deadline deadline) {
  const std::unique_lock turn(one_request_, deadline);
  if (!turn) return NoAnswer();
  while (const SharedFd channel = Channel(deadline)) {
    ++messages_sent_;
    Packet packet;
    const Deadline patience = std::max(deadline, std::chrono::steady_clock::now() + kPatience);
    switch (Exchange(channel->get(), request, patience, &packet)) {
      case ExchangeResult::kReply: return ReadReply(std::move(packet));
      case ExchangeResult::kNotSent:
      case ExchangeResult::kNoReply: Drop(channel); continue;
      case ExchangeResult::kTimeout:
      case ExchangeResult::kMalformed: Drop(channel); return NoAnswer();
    }
  }
  return NoAnswer();
}

bool BrokerLink::healthy() {
  const SharedFd channel = NewestChannel();
  return channel != nullptr && !PeerGone(channel->get());
}

BrokerLink::SharedFd BrokerLink::Channel(Deadline deadline) {
  while (true) {
    if (SharedFd channel = NewestChannel()) return channel;
    if (!WaitReadable(control_.get(), deadline) || PeerGone(control_.get())) return nullptr;
  }
}

BrokerLink::SharedFd BrokerLink::NewestChannel() {
  const std::lock_guard lock(mutex_);
  while (WaitReadable(control_.get(), Deadline())) {
    Packet packet;
    if (ReceivePacket(control_.get(), &packet) != ReceiveResult::kPacket) break;
    UniqueFd channel = packet.TakeFirst();
    if (!channel.valid()) continue;
    identity_switching_ = packet.bytes == kSwitching;
    channel_ = std::make_shared<const UniqueFd>(std::move(channel));
  }
  return channel_;
}

void BrokerLink::Drop(const SharedFd& channel) {
  const std::lock_guard lock(mutex_);
  if (channel_ == channel) channel_.reset();
}

}  // namespace bitsd
