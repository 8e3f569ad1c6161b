#include "server/rpc/caller/refusal_log.h"

#include <string>
#include <utility>

#include "server/error/errors.h"
#include "server/identity/certificate_identity.h"

namespace bitsd::rpc {
namespace {

/// A path is the caller's text where no such method exists.
constexpr size_t kMaxMethod = 200;

std::string KindOf(const absl::Status& status, const ErrorDetail& detail) {
  if (status.code() == absl::StatusCode::kUnauthenticated) return "UNAUTHENTICATED";
  return HresultName(static_cast<uint32_t>(detail.hresult));
}

/// What an operator needs to find whose it is.
void AddPeer(const RefusalLog::Peer& peer, AuditEvent& event) {
  if (!peer.address.empty()) event.fields.emplace_back("peer", peer.address);
  const std::optional<CertificateName> name = NameOfCertificate(peer.certificate);
  if (!name) return;
  event.fields.emplace_back("certificate_subject", name->subject);
  event.fields.emplace_back("certificate_serial", name->serial);
}

}  // namespace

bool RefusalLog::IsRefusal(const absl::Status& status) {
  return status.code() == absl::StatusCode::kPermissionDenied ||
         status.code() == absl::StatusCode::kUnauthenticated;
}

void RefusalLog::Add(std::string_view method, const Peer& peer, const absl::Status& status) {
  if (!IsRefusal(status)) return;
  // Whoever is not accepted may have as many SIDs as certificates: they share one budget.
  const bool accepted = peer.sid && status.code() != absl::StatusCode::kUnauthenticated;
  const std::optional<uint64_t> left_out = limits_.Take(accepted ? *peer.sid : Sid(), clock_.Now());
  if (!left_out) return;
  const ErrorDetail detail = DetailOf(status);
  AuditEvent event{"call_refused", {}};
  if (peer.sid) event.fields.emplace_back("caller_sid", peer.sid->ToString());
  if (!accepted) AddPeer(peer, event);
  event.fields.emplace_back("method", std::string(method.substr(0, kMaxMethod)));
  event.fields.emplace_back("error", KindOf(status, detail));
  if (!detail.rule.empty()) event.fields.emplace_back("rule", detail.rule);
  if (*left_out > 0) event.fields.emplace_back("left_out", std::to_string(*left_out));
  audit_.Write(std::move(event));
}

}  // namespace bitsd::rpc
