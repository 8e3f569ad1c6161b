#include "server/job/network_use.h"

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "server/policy/network_side.h"
#include "server/policy/openers.h"

namespace bitsd {
namespace {

/// Who these credentials show.
std::string NamesIn(const NetworkCredentials& credentials) {
  std::string names;
  if (credentials.kerberos) absl::StrAppend(&names, credentials.kerberos->principal);
  names += '|';
  if (credentials.ntlm) {
    absl::StrAppend(&names, credentials.ntlm->domain, "\\", credentials.ntlm->user);
  }
  return names;
}

absl::StatusOr<policy::Side> NetworkSide(const JobVersion& version) {
  return policy::SideFor(policy::Resource::kNetwork, version.record->token_flags,
                         version.LiveToken() != nullptr);
}

/// The network's side is the helper's, and it is there.
bool HelperIsOnNetwork(const JobVersion& version) {
  const auto side = NetworkSide(version);
  return side.ok() && *side == policy::Side::kHelper;
}

NetworkIdentityPtr DelegatedIdentity(const JobVersion& version) {
  return HelperIsOnNetwork(version) ? version.token->network() : nullptr;
}

std::string NetworkContext(const JobVersion& version) {
  const JobRecord& record = *version.record;
  const bool helper = HelperIsOnNetwork(version);
  const Sid& acting = helper ? version.token->identity().user : record.owner;
  const bool full = helper ? !version.token->identity().filtered : record.elevated;
  const NetworkSettings* settings = record.network.get();
  const uint32_t flags = settings == nullptr ? 0 : settings->security_flags;
  return absl::StrCat(record.owner.ToString(), "/", acting.ToString(), full ? "/full" : "",
                      HasImplicitCredentials(settings) ? "/implicit" : "",
                      CheckNetwork(version).ok() ? "" : "/refused",
                      flags == 0 ? "" : absl::StrFormat("/flags-%x", flags),
                      helper ? kHelperNetworkContext : "");
}

/// What the acting side has in the directory.
const NetworkCredentials& ActingCredentials(const JobVersion& version, const Account& owner) {
  return HelperIsOnNetwork(version) ? version.token->identity().network
                                    : policy::OwnerNetwork(owner, version.record->elevated);
}

/// Whose connections are used: of its own where what it shows is the job's own.
std::string ConnectionContext(const JobVersion& version, const NetworkUse& use,
                              const Account& owner, uint64_t download) {
  const NetworkSettings* settings = use.settings.get();
  if (HasOwnCredentials(settings) || use.delegated != nullptr) {
    return absl::StrCat(version.record->id.ToString(), "-", download, "/", use.context);
  }
  if (!HasImplicitCredentials(settings)) return use.context;
  // The directory may name somebody else tomorrow, for the same SID.
  return absl::StrCat(NamesIn(ActingCredentials(version, owner)), "/", use.context);
}

NetworkIdentityPtr ImplicitIdentity(const JobVersion& version, const Account& owner,
                                    NetworkIdentities& identities) {
  if (!HasImplicitCredentials(version.record->network.get())) return nullptr;
  // Asked once: a token that ends meanwhile leaves nobody, and not the owner.
  const auto side = NetworkSide(version);
  if (!side.ok()) return nullptr;
  if (*side == policy::Side::kOwner) {
    return identities.Of(version.record->owner,
                         policy::OwnerNetwork(owner, version.record->elevated));
  }
  if (!version.token->principal().empty()) return version.token->network();
  const AccessToken& helper = version.token->identity();
  return identities.Of(helper.user, helper.network);
}

std::optional<ActingIdentity> OwnerSide(const JobRecord& record, const Account& owner) {
  auto identity = policy::OwnerIdentity(&owner, record.elevated);
  if (!identity.ok()) return std::nullopt;
  return *std::move(identity);
}

}  // namespace

absl::Status CheckNetwork(const JobVersion& version) {
  const JobRecord& record = *version.record;
  const NetworkSettings* settings = record.network.get();
  absl::Status alone = policy::CheckCertificateConflict(HasClientCertificate(settings),
                                                        record.owner, record.token_flags);
  if (!alone.ok() || !HasImplicitCredentials(settings)) return alone;
  return NetworkSide(version).status();
}

NetworkUse NetworkUseOf(const JobVersion& version) {
  return {NetworkContext(version), version.record->network, DelegatedIdentity(version)};
}

NetworkTask NetworkTaskOf(const JobVersion& version, const NetworkUse& use, const Account& owner,
                          uint64_t download, NetworkIdentities& identities) {
  return {ConnectionContext(version, use, owner, download),
          ImplicitIdentity(version, owner, identities),
          {use.settings, OwnerSide(*version.record, owner)}};
}

}  // namespace bitsd
