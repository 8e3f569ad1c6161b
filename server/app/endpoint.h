// Where the server listens: finding a free port for port 0, and telling others which it became.
//
// Thread safety: functions of the operating system.

#ifndef BITSD_SERVER_APP_ENDPOINT_H_
#define BITSD_SERVER_APP_ENDPOINT_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/policy/remote_addresses.h"

namespace bitsd {

/// `listen` with a free port in place of port 0, so that every part knows the port before anything
/// listens: no job may reach it.
absl::StatusOr<std::string> ResolveListen(const std::string& listen);

/// Writes "ADDRESS:PORT\n" to `run_dir`/endpoint, whole or not at all.
absl::Status WriteEndpoint(const std::string& run_dir, const std::string& endpoint);

/// True when `endpoint` has an address of this machine, now: addresses come and go.
bool IsLocalAddress(const policy::Endpoint& endpoint);

}  // namespace bitsd

#endif  // BITSD_SERVER_APP_ENDPOINT_H_
