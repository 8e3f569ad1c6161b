// Who a job is on the network, with what, and over whose connections.

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "server/job/changes/network_changes.h"
#include "server/job/job.h"
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

}  // namespace

std::optional<ActingIdentity> Job::OwnerSide(const JobRecord& record, const Account* owner) {
  auto identity = policy::OwnerIdentity(owner, record.elevated);
  if (!identity.ok()) return std::nullopt;
  return *std::move(identity);
}

bool Job::HelperIsOnNetwork(const JobVersion& version) {
  const auto side = NetworkSide(version);
  return side.ok() && *side == policy::Side::kHelper;
}

NetworkIdentityPtr Job::DelegatedIdentity(const JobVersion& version) {
  return HelperIsOnNetwork(version) ? version.token->network() : nullptr;
}

absl::Status Job::CheckNetwork(const JobVersion& version) {
  const JobRecord& record = *version.record;
  const NetworkSettings* settings = record.network.get();
  absl::Status alone = policy::CheckCertificateConflict(HasClientCertificate(settings),
                                                        record.owner, record.token_flags);
  if (!alone.ok() || !HasImplicitCredentials(settings)) return alone;
  return NetworkSide(version).status();
}

std::string Job::NetworkContext(const JobVersion& version) const {
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

const NetworkCredentials& Job::ActingCredentials(const JobVersion& version, const Account& owner) {
  return HelperIsOnNetwork(version) ? version.token->identity().network
                                    : policy::OwnerNetwork(owner, version.record->elevated);
}

std::string Job::ConnectionContext(const JobVersion& version, const Account& owner) const {
  const NetworkSettings* settings = version.record->network.get();
  std::string context = NetworkContext(version);
  if (HasOwnCredentials(settings) || DelegatedIdentity(version) != nullptr) {
    return absl::StrCat(id_.ToString(), "-", downloads_, "/", context);
  }
  if (!HasImplicitCredentials(settings)) return context;
  // The directory may name somebody else tomorrow, for the same SID.
  return absl::StrCat(NamesIn(ActingCredentials(version, owner)), "/", context);
}

NetworkIdentityPtr Job::ImplicitIdentity(const JobVersion& version, const Account& owner) const {
  if (!HasImplicitCredentials(version.record->network.get())) return nullptr;
  // Asked once: a token that ends meanwhile leaves nobody, and not the owner.
  const auto side = NetworkSide(version);
  if (!side.ok()) return nullptr;
  if (*side == policy::Side::kOwner) {
    return environment_.network.Of(owner_, policy::OwnerNetwork(owner, version.record->elevated));
  }
  if (!version.token->principal().empty()) return version.token->network();
  const AccessToken& helper = version.token->identity();
  return environment_.network.Of(helper.user, helper.network);
}

NetworkTask Job::NetworkOf(const JobVersion& version, const Account& owner) {
  ++downloads_;
  work_context_ = NetworkContext(version);
  work_network_ = version.record->network;
  work_delegated_ = DelegatedIdentity(version);
  return {ConnectionContext(version, owner), work_network_, ImplicitIdentity(version, owner),
          OwnerSide(*version.record, &owner)};
}

bool Job::NetworkIsRight(const JobVersion& version) const {
  return NetworkContext(version) == work_context_ && version.record->network == work_network_ &&
         DelegatedIdentity(version) == work_delegated_;
}

}  // namespace bitsd
