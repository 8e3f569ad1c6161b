// How a download fails on any way: what the disk, the broker and policy report, as errors of a job.
//
// Thread safety: pure functions. Messages are printable ASCII whatever a server sent.

#ifndef BITSD_SERVER_TRANSFER_COMMON_FAILURES_H_
#define BITSD_SERVER_TRANSFER_COMMON_FAILURES_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "server/model/transfer_service.h"

namespace bitsd {

TransferFailure MakeFailure(ErrorContext context, Hresult hresult, bool transient,
                            std::string message);

/// The broker's refusal or failure.
TransferFailure LocalFailure(const absl::Status& status);

/// A write or sync that failed with `error` (errno).
TransferFailure WriteFailure(int error);

/// A write or sync that has not returned for too long.
TransferFailure DiskHangs();

/// A refusal by policy: of a URL, a redirect, an address or a proxy list.
TransferFailure RemoteRefusal(const absl::Status& status);

/// BG_E_CONNECTION_CLOSED, transient.
TransferFailure ClosedEarly(std::string_view what);

/// Adds to what failed at a server which file it was: its URL, and where redirects had led.
void NameFile(TransferFailure& failure, std::string_view remote_name, std::string_view url);

/// The beginning of `text`, parts of which may come from a server.
std::string Printable(std::string_view text);

}  // namespace bitsd

#endif  // BITSD_SERVER_TRANSFER_COMMON_FAILURES_H_
