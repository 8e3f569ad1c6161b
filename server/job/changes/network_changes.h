// Changes of a job's network settings: pure functions from one to the next.
//
// Null settings are those of a new job. Thread safety: pure functions.

#ifndef BITSD_SERVER_JOB_CHANGES_NETWORK_CHANGES_H_
#define BITSD_SERVER_JOB_CHANGES_NETWORK_CHANGES_H_

#include <cstdint>
#include <optional>

#include "server/job/changes/job_changes.h"
#include "server/model/network_settings.h"

namespace bitsd {

/// What of `base` is in force before the change to `next` is in the store: all but the credentials
/// and the certificate that `next` does not have, or has otherwise. `base` itself when it
/// withdraws nothing.
NetworkSettingsPtr KeptOf(const NetworkSettingsPtr& base, const NetworkSettingsPtr& next);

/// The acting identity's own credentials may be sent at all.
bool HasImplicitCredentials(const NetworkSettings* settings);

bool HasClientCertificate(const NetworkSettings* settings);

/// It shows something that is the job's own, so that its connections must be, too.
bool HasOwnCredentials(const NetworkSettings* settings);

namespace change {

Result SetCredential(const JobVersion& job, const JobCredential& credential);
/// The same version when there is none.
Result RemoveCredential(const JobVersion& job, AuthTarget target, AuthScheme scheme);
/// Unset: removes it.
Result SetClientCertificate(const JobVersion& job, std::optional<ClientCertificate> certificate);

/// Proxies and flags of an update, if it has any.
void UpdateNetwork(const JobUpdate& update, JobRecord& record);

}  // namespace change
}  // namespace bitsd

#endif  // BITSD_SERVER_JOB_CHANGES_NETWORK_CHANGES_H_
