// What a credential agent knows and answers: the tickets and the login of one identity.
//
// Thread safety: none; the agent process has one thread for it. Ownership: everything secret it
// reads or gets, in this process alone.

#ifndef BITSD_SERVER_NETWORK_CREDENTIAL_AGENT_H_
#define BITSD_SERVER_NETWORK_CREDENTIAL_AGENT_H_

#include <krb5.h>

#include <cstdint>
#include <memory>
#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/broker/wire/wire.h"
#include "server/network/agent_wire.h"
#include "server/network/negotiate_tokens.h"
#include "server/network/ticket_sources.h"
#include "server/network/tickets.h"

namespace bitsd::network {

class CredentialAgent {
 public:
  explicit CredentialAgent(wire::OpenAgentRequest who);

  AgentReply Answer(const AgentRequest& request);

  /// When Refresh is to be called even if nobody asks, in seconds since 1970.
  std::optional<int64_t> wants_refresh_at() const;
  void Refresh();

 private:
  struct ContextFree {
    void operator()(krb5_context context) const { krb5_free_context(context); }
  };
  using Context = std::unique_ptr<std::remove_pointer_t<krb5_context>, ContextFree>;

  absl::Status Negotiate(const AgentRequest& request, AgentReply& reply);
  absl::Status Ntlm(AgentReply& reply) const;
  absl::Status Take(const AgentRequest& request, AgentReply& reply);

  const wire::OpenAgentRequest who_;
  Context context_;
  std::unique_ptr<Tickets> tickets_;  ///< Null without libkrb5.
  std::unique_ptr<NegotiateTokens> tokens_;
  std::unique_ptr<TicketSource> source_;  ///< Null without Kerberos, and until Take.
};

}  // namespace bitsd::network

#endif  // BITSD_SERVER_NETWORK_CREDENTIAL_AGENT_H_
