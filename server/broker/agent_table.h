// The credential agents that live, and how many more there may be.
//
// Thread safety: none; the broker has one thread.

#ifndef BITSD_SERVER_BROKER_AGENT_TABLE_H_
#define BITSD_SERVER_BROKER_AGENT_TABLE_H_

#include "absl/status/status.h"
#include "server/broker/child_table.h"
#include "server/broker/wire/wire.h"

namespace bitsd {

class AgentTable : public ChildTable<wire::OpenAgentRequest> {
 public:
  static constexpr size_t kMaxAgents = 256;
  /// With delegated credentials, each a loan to some job: of all users, and of one. The rest are
  /// for credentials of the directory, whoever lends how much.
  static constexpr size_t kMaxDelegated = 192;
  static constexpr size_t kMaxDelegatedPerUser = 64;
  /// With one set of credentials of the directory: one, and those it replaced and that hang.
  static constexpr size_t kMaxPerCredentials = 4;

  /// kUnavailable when there are too many agents, of all or such as `agent`, to start it.
  absl::Status Admit(const wire::OpenAgentRequest& agent) const;
};

}  // namespace bitsd

#endif  // BITSD_SERVER_BROKER_AGENT_TABLE_H_
