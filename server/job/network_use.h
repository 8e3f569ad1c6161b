// Who a job is on the network, with what, and over whose connections.
//
// Thread safety: pure functions but for NetworkTaskOf, which asks NetworkIdentities; any thread.
// Ownership: values.

#ifndef BITSD_SERVER_JOB_NETWORK_USE_H_
#define BITSD_SERVER_JOB_NETWORK_USE_H_

#include <string>

#include "absl/status/status.h"
#include "server/identity/account_directory.h"
#include "server/identity/network_identity.h"
#include "server/job/changes/job_version.h"
#include "server/model/network_settings.h"
#include "server/model/transfer_service.h"

namespace bitsd {

/// What a download goes out with. When another would, it stops and begins again.
struct NetworkUse {
  std::string context;  ///< Who is shown to whom, and how: another is another security context.
  NetworkSettingsPtr settings;
  NetworkIdentityPtr delegated;  ///< What the helper delegated, if that is to be used.

  friend bool operator==(const NetworkUse&, const NetworkUse&) = default;
};

NetworkUse NetworkUseOf(const JobVersion& version);

/// May the job connect? 0x80072F9A for a certificate beside a helper; BG_E_TOKEN_REQUIRED when it
/// may be asked for the credentials of a helper that is not there.
absl::Status CheckNetwork(const JobVersion& version);

/// What the transfer gets. `owner` passed OwnerStanding; `download` tells the downloads of a job
/// apart.
NetworkTask NetworkTaskOf(const JobVersion& version, const NetworkUse& use, const Account& owner,
                          uint64_t download, NetworkIdentities& identities);

}  // namespace bitsd

#endif  // BITSD_SERVER_JOB_NETWORK_USE_H_
