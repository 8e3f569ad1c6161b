#include "tests/testing/broker_process.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <utility>

#include "server/broker/privileges.h"

namespace bitsd::tests {

BrokerProcess::BrokerProcess(const BrokerOptions& options, uid_t service) {
  ChannelPair pair = MakeChannelPair();
  const pid_t parent = ::getpid();
  pid_ = ::fork();
  if (pid_ != 0) {
    channel_ = std::move(pair.first);
    return;
  }
  privileges::KeepOnly({&pair.second});
  privileges::LeaveRoot(service, service);
  privileges::KeepIdentityCapabilitiesOnly();
  privileges::Harden();
  privileges::EndWith(parent);
  absl::StatusOr<Broker> broker = Broker::Make(options, true);
  if (!broker.ok()) ::_exit(EXIT_FAILURE);
  broker->Serve(std::move(pair.second));
  ::_exit(EXIT_SUCCESS);
}

BrokerProcess::~BrokerProcess() {
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

absl::StatusOr<std::unique_ptr<BrokerClient>> BrokerProcess::Connect(absl::Duration deadline) {
  ChannelPair control = MakeChannelPair();
  const UniqueFd channel = TakeChannel();
  if (SendPacket(control.first.get(), EncodeBrokerHello(true), channel.get()) !=
      SendResult::kSent) {
    return absl::InternalError("the client could not be given its channel");
  }
  return BrokerClient::Connect(std::move(control.second), deadline);
}

}  // namespace bitsd::tests
