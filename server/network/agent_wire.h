// The messages between the server and a credential agent: a closed list, every field bounded.
//
// They hold secrets: whoever encodes or decodes one overwrites its bytes afterwards (WipeText).
// Thread safety: pure functions and values.

#ifndef BITSD_SERVER_NETWORK_AGENT_WIRE_H_
#define BITSD_SERVER_NETWORK_AGENT_WIRE_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/base/secret.h"
#include "server/policy/credential_rules.h"

namespace bitsd::network {

/// Of a delegated credential cache.
inline constexpr size_t kMaxCacheBytes = policy::kMaxDelegated;
/// Of one token in base64, and of all tokens of one reply but the last.
inline constexpr size_t kMaxToken = size_t{64} << 10;
inline constexpr uint8_t kMaxTokens = 16;
/// Of a message, whichever it is.
inline constexpr size_t kMaxMessage = 2 * kMaxToken + (size_t{16} << 10);

enum class Question : uint8_t {
  kNegotiate = 1,  ///< Tokens for a host.
  kNtlm = 2,       ///< The login.
  kTake = 3,       ///< Be the owner of this credential cache; once, and first.
};

struct AgentRequest {
  uint64_t number = 0;  ///< The reply has it, too.
  Question question = Question::kNegotiate;
  std::string host;   ///< kNegotiate: for HTTP@host.
  uint8_t count = 1;  ///< kNegotiate: how many tokens at most, 1 to kMaxTokens.
  Secret cache;       ///< kTake.
};

struct AgentReply {
  uint64_t number = 0;
  absl::Status status;
  /// Tokens; or user and password; or the principal.
  std::vector<Secret> answers;
};

std::string Encode(const AgentRequest& request);
std::string Encode(const AgentReply& reply);

/// E_INVALIDARG when `bytes` are not such a message.
absl::StatusOr<AgentRequest> DecodeAgentRequest(std::string_view bytes);
absl::StatusOr<AgentReply> DecodeAgentReply(std::string_view bytes);

/// A name that a service can have: letters, digits, '-', '_' and '.', at most 255.
bool IsServiceHost(std::string_view host);

}  // namespace bitsd::network

#endif  // BITSD_SERVER_NETWORK_AGENT_WIRE_H_
