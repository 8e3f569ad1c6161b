// Which answer, if any, a server or proxy gets that asks who a job is.
//
// The table of docs/semantics.md, "Who answers a challenge". Thread safety: values and pure
// functions.

#ifndef BITSD_SERVER_POLICY_CHALLENGE_RULES_H_
#define BITSD_SERVER_POLICY_CHALLENGE_RULES_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "server/policy/network_facts.h"
#include "server/policy/url.h"

namespace bitsd::policy {

/// A set of schemes.
constexpr uint32_t SchemeBit(AuthScheme scheme) { return uint32_t{1} << static_cast<int>(scheme); }

/// "Negotiate, NTLM"; "nothing known" for none.
std::string SchemeNames(uint32_t schemes);

/// One entry of the job's credentials, without its secrets.
struct CredentialEntry {
  AuthTarget target = AuthTarget::kServer;
  AuthScheme scheme = AuthScheme::kBasic;
  bool implicit = false;
  /// An explicit one that is gone: nothing is answered with it, and nothing in its place.
  bool lost = false;
};

struct Challenge {
  AuthTarget target = AuthTarget::kServer;
  uint32_t offered = 0;  ///< SchemeBit of each.
  std::vector<CredentialEntry> credentials;
  bool has_kerberos = false;  ///< The acting identity has.
  bool has_ntlm = false;
  bool own_host = true;       ///< Of a server: the one the job names; false: a redirect led here.
  bool listed = false;        ///< The host or proxy is on the service's list for implicit ones.
  bool weakened_tls = false;  ///< Of a server over TLS: the job's flags weaken its verification.
  /// Of a server over plain HTTP: a proxy carries the answer that the job named and nobody listed.
  bool through_unlisted_proxy = false;
};

struct ChallengeAnswer {
  AuthScheme scheme = AuthScheme::kBasic;
  size_t entry = 0;  ///< Of `credentials`.
  bool implicit = false;
};

/// The strongest scheme that is offered, that the job has credentials for, and that may be answered
/// here. E_ACCESSDENIED with the rule that left the strongest one without an answer:
/// credentials_missing, credentials_for_another_host, implicit_not_listed, implicit_weakened_tls,
/// identity_has_no_credentials.
absl::StatusOr<ChallengeAnswer> AnswerTo(const Challenge& challenge);

/// A server that may get what was set for `own`: the same host, scheme and port, or the https of a
/// host that was asked by http, both at their usual ports.
bool IsOwnHost(const Url& own, const Url& url);

}  // namespace bitsd::policy

#endif  // BITSD_SERVER_POLICY_CHALLENGE_RULES_H_
