// Calls that were refused, in the audit log: who called what, and which rule refused.
//
// Written are E_ACCESSDENIED and its kind (PERMISSION_DENIED) and UNAUTHENTICATED; never the
// message, a handle or anything else of the request. Of a caller who is not accepted: the address
// of the connection, and subject and serial number of the certificate. Lines are bounded for each
// caller, so that nobody fills a disk or hides others behind a flood, and for all together; the
// caller's next line then says how many were left out. Callers without an accepted identity share
// one budget.
//
// Thread safety: any thread; costs nothing for calls that are not refused. Ownership: audit log and
// clock must outlive it.

#ifndef BITSD_SERVER_RPC_CALLER_REFUSAL_LOG_H_
#define BITSD_SERVER_RPC_CALLER_REFUSAL_LOG_H_

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "server/base/clock.h"
#include "server/identity/sid.h"
#include "server/ops/audit.h"
#include "server/ops/line_limits.h"

namespace bitsd::rpc {

class RefusalLog {
 public:
  static constexpr int kBurst = 20;  ///< Lines of one caller at once.
  static constexpr absl::Duration kRefill = absl::Seconds(10);
  static constexpr int kBurstOfAll = 200;
  static constexpr absl::Duration kRefillOfAll = absl::Milliseconds(100);

  RefusalLog(AuditLog& audit, const Clock& clock) : audit_(audit), clock_(clock) {}

  static bool IsRefusal(const absl::Status& status);

  struct Peer {
    std::optional<Sid> sid;        ///< What the certificate says.
    std::string_view certificate;  ///< PEM.
    std::string address;           ///< Empty where it is not known.
  };
  /// `method` was refused with `status` to `peer`. Writes nothing when the status is no refusal.
  void Add(std::string_view method, const Peer& peer, const absl::Status& status);

 private:
  AuditLog& audit_;
  const Clock& clock_;
  LineLimits limits_{RateLimit(kBurst, kRefill), RateLimit(kBurstOfAll, kRefillOfAll)};
};

}  // namespace bitsd::rpc

#endif  // BITSD_SERVER_RPC_CALLER_REFUSAL_LOG_H_
