#include "server/rpc/tls/handshake_counters.h"

#include <spdlog/spdlog.h>

#include <string>
#include <utility>

namespace bitsd::rpc {
namespace {

constexpr size_t kMaxDetail = 200;

/// What comes before gRPC's braces: OpenSSL's reason, without addresses and times.
std::string DetailIn(std::string_view message) {
  return std::string(message.substr(0, message.find(" {")).substr(0, kMaxDetail));
}

bool Has(std::string_view message, std::string_view part) {
  return message.find(part) != std::string_view::npos;
}

}  // namespace

std::string_view RefusalName(HandshakeRefusal refusal) {
  switch (refusal) {
    case HandshakeRefusal::kNoCertificate: return "no_certificate";
    case HandshakeRefusal::kVerificationFailed: return "verification_failed";
    case HandshakeRefusal::kOther: return "other";
    case HandshakeRefusal::kAbandoned: return "abandoned";
  }
  return "unknown";
}

HandshakeRefusal ClassifyHandshakeMessage(std::string_view message) {
  if (Has(message, "peer did not return a certificate")) return HandshakeRefusal::kNoCertificate;
  if (Has(message, "certificate verify failed")) return HandshakeRefusal::kVerificationFailed;
  if (Has(message, "bad signature")) return HandshakeRefusal::kVerificationFailed;
  if (!Has(message, "SSL_ERROR")) return HandshakeRefusal::kAbandoned;
  // A signature that does not verify is told by the library of its algorithm, not by that of TLS.
  const bool by_tls = Has(message, "SSL routines:") || !Has(message, "error:");
  return by_tls ? HandshakeRefusal::kOther : HandshakeRefusal::kVerificationFailed;
}

void HandshakeCounters::Add(std::string_view message) {
  const HandshakeRefusal refusal = ClassifyHandshakeMessage(message);
  counts_[static_cast<size_t>(refusal)].fetch_add(1, std::memory_order_relaxed);
  if (refusal == HandshakeRefusal::kAbandoned) return;
  const std::optional<uint64_t> left_out = TakeLine();
  if (!left_out) return;
  const std::string detail = DetailIn(message);
  spdlog::warn("Handshake refused: {}: {}", RefusalName(refusal), detail);
  AuditEvent event{"handshake_refused",
                   {{"reason", std::string(RefusalName(refusal))}, {"detail", detail}}};
  if (*left_out > 0) event.fields.emplace_back("left_out", std::to_string(*left_out));
  audit_.Write(std::move(event));
}

uint64_t HandshakeCounters::Count(HandshakeRefusal refusal) const {
  return counts_[static_cast<size_t>(refusal)].load(std::memory_order_relaxed);
}

std::optional<uint64_t> HandshakeCounters::TakeLine() {
  const absl::Time now = clock_.Now();
  const std::lock_guard lock(mutex_);
  if (!budget_.Has(now)) {
    ++left_out_;
    return std::nullopt;
  }
  budget_.Take();
  return std::exchange(left_out_, 0);
}

}  // namespace bitsd::rpc
