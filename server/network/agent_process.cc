#include "server/network/agent_process.h"

#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdlib>
#include <ctime>
#include <string>
#include <thread>

#include "server/broker/privileges.h"
#include "server/broker/wire/channel.h"
#include "server/network/agent_wire.h"
#include "server/network/credential_agent.h"

namespace bitsd::network {
namespace {

/// What would name other credentials than those that were asked for, or write of them. KRB5_CONFIG
/// stays: it is what bitsd was started with.
constexpr const char* kForeignNames[] = {"KRB5CCNAME",    "KRB5_KTNAME",    "KRB5_CLIENT_KTNAME",
                                         "KRB5_TRACE",    "KRB5RCACHETYPE", "KRB5RCACHENAME",
                                         "GSS_USE_PROXY", "NTLM_USER_FILE"};

/// Ends the process when the peer of one of the two is gone.
void EndWithPeers(int channel, int end_signal) {
  pollfd peers[] = {{channel, 0, 0}, {end_signal, POLLIN, 0}};
  while (::poll(peers, 2, -1) < 0 && errno == EINTR) {
  }
  ::_exit(EXIT_SUCCESS);
}

/// Until when nothing is to be done, as poll has it.
int Idle(const CredentialAgent& agent) {
  const auto at = agent.wants_refresh_at();
  if (!at) return -1;
  const int64_t seconds = std::clamp<int64_t>(*at - std::time(nullptr), 0, 3600);
  return static_cast<int>(seconds * 1000);
}

bool Receive(int channel, AgentRequest& request) {
  Packet packet;
  if (ReceivePacket(channel, &packet, 0, kMaxMessage) != ReceiveResult::kPacket) return false;
  absl::StatusOr<AgentRequest> decoded = DecodeAgentRequest(packet.bytes);
  WipeText(packet.bytes);
  if (!decoded.ok()) return false;
  request = *std::move(decoded);
  return true;
}

/// Only the server speaks to it: what it does not understand ends it.
void Serve(CredentialAgent& agent, int channel) {
  while (true) {
    pollfd entry{channel, POLLIN, 0};
    const int ready = ::poll(&entry, 1, Idle(agent));
    if (ready < 0 && errno != EINTR) return;
    if (ready <= 0) {
      agent.Refresh();
      continue;
    }
    AgentRequest request;
    if (!Receive(channel, request)) return;
    std::string reply = Encode(agent.Answer(request));
    const SendResult sent = SendPacket(channel, reply);
    WipeText(reply);
    if (sent != SendResult::kSent) return;
  }
}

}  // namespace

void RunAgent(const wire::OpenAgentRequest& who, pid_t broker, UniqueFd channel,
              UniqueFd end_signal) {
  privileges::KeepOnly({&channel, &end_signal});
  privileges::DropAllCapabilities();
  privileges::Harden();
  privileges::EndWith(broker);
  privileges::DetachStandardStreams();
  ::umask(077);
  ::signal(SIGPIPE, SIG_IGN);  // libkrb5 writes to KDCs that may be gone.
  for (const char* name : kForeignNames) ::unsetenv(name);
  std::thread(EndWithPeers, channel.get(), end_signal.get()).detach();
  CredentialAgent agent(who);
  Serve(agent, channel.get());
  ::_exit(EXIT_SUCCESS);  // The thread still uses the descriptors.
}

}  // namespace bitsd::network
