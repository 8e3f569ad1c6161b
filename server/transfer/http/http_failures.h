// How a download fails by HTTP: what the transport and the answers report, as errors of a job.
//
// Thread safety: pure functions. Messages are printable ASCII whatever a server sent.

#ifndef BITSD_SERVER_TRANSFER_HTTP_HTTP_FAILURES_H_
#define BITSD_SERVER_TRANSFER_HTTP_HTTP_FAILURES_H_

#include <cstdint>
#include <string_view>

#include "absl/status/status.h"
#include "server/model/transfer_service.h"
#include "server/policy/network_facts.h"
#include "server/transfer/http/http_request.h"

namespace bitsd {

/// A request that ended without the whole response.
TransferFailure TransportFailure(const HttpEnd& end);

/// A challenge with `status` (401, 407) that gets no answer: `why` is policy's.
TransferFailure Unanswered(int status, uint32_t offered, const absl::Status& why);

/// Why a challenge is none: a 407, and there is no proxy.
absl::Status NotAProxy();

/// A challenge that came again though it was answered.
TransferFailure AnswerRefused(int status, AuthScheme scheme);

/// The acting identity has no answer for `target` now, as `status` says: transient when that may
/// change.
TransferFailure NoAnswerNow(AuthTarget target, const absl::Status& status);

/// The proxy's answer to CONNECT.
TransferFailure TunnelRefused(int status);

/// A redirect, and the job's flags follow none.
TransferFailure RedirectRefused(int status);

/// One redirect more than are followed: `refused` is policy's.
TransferFailure TooManyRedirects(const absl::Status& refused, bool cookies_set);

/// BG_E_INVALID_SERVER_RESPONSE, fatal.
TransferFailure InvalidResponse(std::string_view what);

}  // namespace bitsd

#endif  // BITSD_SERVER_TRANSFER_HTTP_HTTP_FAILURES_H_
