// How many handshakes were refused, and why.
//
// A refused peer has no call that could be answered: the count, a log line and an audit line are
// all there is to see. Audit lines are bounded to kLinesPerSecond, so that nobody fills a disk with
// refused connections; the next line then says how many were left out.
//
// Thread safety: any thread. Ownership: audit log and clock must outlive the counters.

#ifndef BITSD_SERVER_RPC_TLS_HANDSHAKE_COUNTERS_H_
#define BITSD_SERVER_RPC_TLS_HANDSHAKE_COUNTERS_H_

#include <array>
#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string_view>

#include "absl/time/time.h"
#include "server/base/clock.h"
#include "server/base/rate_limit.h"
#include "server/ops/audit.h"

namespace bitsd::rpc {

enum class HandshakeRefusal {
  kNoCertificate,       ///< The peer sent none.
  kVerificationFailed,  ///< Expired, another issuer, a signature that is wrong, ...
  kOther,               ///< Another protocol, no accepted version or cipher, an alert, ...
  kAbandoned,           ///< The peer closed the connection or took too long. Not an audit event.
};

/// "no_certificate" for kNoCertificate.
std::string_view RefusalName(HandshakeRefusal refusal);

/// The refusal that a log message of gRPC's server about a failed handshake speaks of.
HandshakeRefusal ClassifyHandshakeMessage(std::string_view message);

class HandshakeCounters {
 public:
  static constexpr int kLinesPerSecond = 10;

  HandshakeCounters(AuditLog& audit, const Clock& clock) : audit_(audit), clock_(clock) {}

  /// Counts a refusal; `message` is what gRPC says of it.
  void Add(std::string_view message);
  uint64_t Count(HandshakeRefusal refusal) const;

 private:
  /// How many lines were left out before this one; nothing when it is left out, too.
  std::optional<uint64_t> TakeLine();

  AuditLog& audit_;
  const Clock& clock_;
  std::array<std::atomic<uint64_t>, 4> counts_{};

  std::mutex mutex_;
  RateLimit budget_{kLinesPerSecond, absl::Seconds(1) / kLinesPerSecond};
  uint64_t left_out_ = 0;
};

}  // namespace bitsd::rpc

#endif  // BITSD_SERVER_RPC_TLS_HANDSHAKE_COUNTERS_H_
