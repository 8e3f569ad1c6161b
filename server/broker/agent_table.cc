#include "server/broker/agent_table.h"

#include <string>

#include "server/error/errors.h"

namespace bitsd {

absl::Status AgentTable::Admit(const wire::OpenAgentRequest& agent) const {
  const auto delegated = [](const wire::OpenAgentRequest& other) { return other.delegated(); };
  if (size() >= kMaxAgents || (agent.delegated() && Count(delegated) >= kMaxDelegated)) {
    return error::Unavailable("all credential agents of this kind are in use: try again later");
  }
  const size_t most = agent.delegated() ? kMaxDelegatedPerUser : kMaxPerCredentials;
  const size_t same = Count([&](const wire::OpenAgentRequest& other) { return other == agent; });
  if (same < most) return absl::OkStatus();
  return error::Unavailable(agent.sid.ToString() + " has " + std::to_string(same) +
                            " credential agents of this kind: try again later");
}

}  // namespace bitsd
