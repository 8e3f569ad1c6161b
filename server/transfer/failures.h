// How a download fails: what the disk, the broker and the transport report, as errors of a job.
//
// Thread safety: pure functions. Messages are printable ASCII whatever a server sent.

#ifndef BITSD_SERVER_TRANSFER_FAILURES_H_
#define BITSD_SERVER_TRANSFER_FAILURES_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "server/job/transfer_service.h"
#include "server/transfer/http/http_request.h"

namespace bitsd {

/// The broker's refusal or failure.
TransferFailure LocalFailure(const absl::Status& status);

/// A write or sync that failed with `error` (errno).
TransferFailure WriteFailure(int error);

/// A write or sync that has not returned for too long.
TransferFailure DiskHangs();

/// A refusal by policy: of a URL, a redirect or an address.
TransferFailure RemoteRefusal(const absl::Status& status);

/// A request that ended without the whole response.
TransferFailure TransportFailure(const HttpEnd& end);

/// BG_E_INVALID_SERVER_RESPONSE, fatal.
TransferFailure InvalidResponse(std::string_view what);

/// BG_E_CONNECTION_CLOSED, transient.
TransferFailure ClosedEarly(std::string_view what);

}  // namespace bitsd

#endif  // BITSD_SERVER_TRANSFER_FAILURES_H_
