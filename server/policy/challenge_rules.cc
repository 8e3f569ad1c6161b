#include "server/policy/challenge_rules.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/error/errors.h"
#include "server/policy/host_rules.h"

namespace bitsd::policy {
namespace {

struct SchemeName {
  AuthScheme scheme;
  std::string_view name;
};

/// The strongest first.
constexpr std::array<SchemeName, 4> kSchemes = {{{AuthScheme::kNegotiate, "Negotiate"},
                                                 {AuthScheme::kNtlm, "NTLM"},
                                                 {AuthScheme::kDigest, "Digest"},
                                                 {AuthScheme::kBasic, "Basic"}}};

bool HasExplicitForServer(const Challenge& challenge) {
  return std::any_of(challenge.credentials.begin(), challenge.credentials.end(),
                     [](const CredentialEntry& entry) {
                       return entry.target == AuthTarget::kServer && !entry.implicit;
                     });
}

/// Implicit credentials for proxies serve servers, too, where there are no explicit ones for these,
/// and were none that are lost.
bool IsFor(const CredentialEntry& entry, const Challenge& challenge) {
  if (entry.target == challenge.target) return true;
  return challenge.target == AuthTarget::kServer && entry.implicit &&
         !HasExplicitForServer(challenge);
}

absl::Status CheckExplicit(AuthScheme scheme) {
  if (scheme != AuthScheme::kNegotiate) return absl::OkStatus();
  return error::AccessDenied(Rule::kCredentialsMissing,
                             "Negotiate is answered with implicit credentials only");
}

absl::Status CheckImplicit(const Challenge& challenge, AuthScheme scheme) {
  const bool kerberos = scheme == AuthScheme::kNegotiate;
  if (!kerberos && scheme != AuthScheme::kNtlm) {
    return error::AccessDenied(Rule::kCredentialsMissing,
                               "only Negotiate and NTLM are answered with implicit credentials");
  }
  if (!challenge.listed) {
    const bool proxy = challenge.target == AuthTarget::kProxy;
    return error::AccessDenied(
        Rule::kImplicitNotListed,
        absl::StrCat("implicit credentials go to listed ", proxy ? "proxies" : "hosts",
                     " only: have it listed in network.",
                     proxy ? "implicit_proxies" : "implicit_hosts"));
  }
  if (challenge.weakened_tls) {
    return error::AccessDenied(Rule::kImplicitWeakenedTls,
                               "the job's security flags weaken how its server is verified: "
                               "implicit credentials do not go there");
  }
  if (challenge.through_unlisted_proxy) {
    return error::AccessDenied(Rule::kImplicitNotListed,
                               "implicit credentials would go through a proxy that the job named, "
                               "without TLS: use https, or have the proxy listed in "
                               "network.implicit_proxies");
  }
  if (kerberos ? challenge.has_kerberos : challenge.has_ntlm) return absl::OkStatus();
  return error::AccessDenied(
      Rule::kIdentityHasNoCredentials,
      absl::StrCat("the acting identity has no ", kerberos ? "Kerberos" : "NTLM",
                   " credentials: the account directory gives it some"));
}

absl::Status Check(const Challenge& challenge, const CredentialEntry& entry) {
  if (challenge.target == AuthTarget::kServer && !challenge.own_host) {
    return error::AccessDenied(Rule::kCredentialsForAnotherHost,
                               "a redirect led to another host than the job names: no credentials "
                               "go there; add the file with its final URL");
  }
  return entry.implicit ? CheckImplicit(challenge, entry.scheme) : CheckExplicit(entry.scheme);
}

/// The entry for `scheme`: the target's own before what serves it too.
std::optional<size_t> Find(const Challenge& challenge, AuthScheme scheme) {
  std::optional<size_t> found;
  for (size_t i = 0; i < challenge.credentials.size(); ++i) {
    const CredentialEntry& entry = challenge.credentials[i];
    if (entry.lost || entry.scheme != scheme || !IsFor(entry, challenge)) continue;
    if (!found || entry.target == challenge.target) found = i;
  }
  return found;
}

}  // namespace

std::string SchemeNames(uint32_t schemes) {
  std::string names;
  for (const SchemeName& scheme : kSchemes) {
    if ((schemes & SchemeBit(scheme.scheme)) == 0) continue;
    absl::StrAppend(&names, names.empty() ? "" : ", ", std::string(scheme.name));
  }
  return names.empty() ? "nothing known" : names;
}

absl::StatusOr<ChallengeAnswer> AnswerTo(const Challenge& challenge) {
  absl::Status why = error::AccessDenied(
      Rule::kCredentialsMissing, "the job has no credentials for what is asked: SetCredentials");
  bool met = false;
  for (const SchemeName& scheme : kSchemes) {
    if ((challenge.offered & SchemeBit(scheme.scheme)) == 0) continue;
    const std::optional<size_t> found = Find(challenge, scheme.scheme);
    if (!found) continue;
    const CredentialEntry& entry = challenge.credentials[*found];
    absl::Status allowed = Check(challenge, entry);
    if (allowed.ok()) return ChallengeAnswer{scheme.scheme, *found, entry.implicit};
    if (!std::exchange(met, true)) why = std::move(allowed);
  }
  return why;
}

bool IsOwnHost(const Url& own, const Url& url) {
  if (HostNameOf(own) != HostNameOf(url)) return false;
  if (own.scheme == url.scheme) return own.port == url.port;
  return own.scheme == Scheme::kHttp && own.port == 80 && url.port == 443;
}

}  // namespace bitsd::policy
