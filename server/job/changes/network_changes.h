// Changes of a job's network settings: pure functions from one to the next.
//
// Null settings are those of a new job. Thread safety: pure functions.

#ifndef BITSD_SERVER_JOB_CHANGES_NETWORK_CHANGES_H_
#define BITSD_SERVER_JOB_CHANGES_NETWORK_CHANGES_H_

#include <optional>

#include "server/job/changes/job_version.h"
#include "server/job/changes/record_edits.h"
#include "server/job/service/job_requests.h"
#include "server/model/job_record.h"
#include "server/model/network_settings.h"

namespace bitsd::change {

Result SetCredential(const JobVersion& job, const JobCredential& credential);
/// The same version when there is none.
Result RemoveCredential(const JobVersion& job, AuthTarget target, AuthScheme scheme);
/// Unset: removes it.
Result SetClientCertificate(const JobVersion& job, std::optional<ClientCertificate> certificate);

/// Proxies and flags of an update, if it has any.
void UpdateNetwork(const JobUpdate& update, JobRecord& record);

}  // namespace bitsd::change

#endif  // BITSD_SERVER_JOB_CHANGES_NETWORK_CHANGES_H_
