// What the supervisor and the broker are told, from the configuration.
//
// Thread safety: before any thread is started.

#ifndef BITSD_SERVER_APP_SUPERVISION_H_
#define BITSD_SERVER_APP_SUPERVISION_H_

#include "absl/status/status.h"
#include "server/broker/supervisor.h"
#include "server/ops/config.h"

namespace bitsd {

/// Makes the state, run and log folders where they are missing, for the user bitsd will be.
absl::Status PrepareFolders(const Config& config);

SupervisorOptions SupervisorOptionsOf(const Config& config);

}  // namespace bitsd

#endif  // BITSD_SERVER_APP_SUPERVISION_H_
