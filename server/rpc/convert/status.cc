#include "server/rpc/convert/status.h"

#include <spdlog/spdlog.h>

#include <mutex>
#include <string>
#include <string_view>

#include "absl/time/clock.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "server/base/rate_limit.h"
#include "server/error/errors.h"

namespace bitsd::rpc {
namespace {

constexpr char kUnauthenticatedReason[] = "UNAUTHENTICATED";
constexpr char kUnavailableReason[] = "UNAVAILABLE";

/// The service says that it stops; other things that are not available are no answer.
bool IsStopping(const absl::Status& status, const ErrorDetail& detail) {
  return status.code() == absl::StatusCode::kUnavailable &&
         detail.rule == RuleName(Rule::kServiceStopping);
}

std::string Bounded(absl::string_view text) {
  if (text.size() <= kMaxErrorMessage) return std::string(text);
  size_t end = kMaxErrorMessage;
  // Not in the middle of a UTF-8 character.
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return std::string(text.substr(0, end));
}

bool MayAnswer(const absl::Status& status, const ErrorDetail& detail) {
  if (detail.hresult == Hresult::kOk) {
    return status.code() == absl::StatusCode::kUnauthenticated || IsStopping(status, detail);
  }
  return status.code() != absl::StatusCode::kUnknown;
}

google::rpc::ErrorInfo InfoOf(const absl::Status& status, const ErrorDetail& detail) {
  google::rpc::ErrorInfo info;
  info.set_domain(kErrorDomain);
  info.set_reason(IsStopping(status, detail) ? kUnavailableReason : kUnauthenticatedReason);
  if (detail.hresult != Hresult::kOk) {
    const auto value = static_cast<uint32_t>(detail.hresult);
    info.set_reason(HresultName(value));
    (*info.mutable_metadata())["hresult"] = HresultText(value);
  }
  if (!detail.rule.empty()) (*info.mutable_metadata())["rule"] = detail.rule;
  return info;
}

/// A caller may repeat what ends so as often as it likes: the log of a process has its bound.
bool MayLog() {
  static std::mutex mutex;
  static RateLimit budget(20, absl::Seconds(30));
  const std::lock_guard lock(mutex);
  const bool may = budget.Has(absl::Now());
  if (may) budget.Take();
  return may;
}

grpc::Status Internal(const absl::Status& status) {
  if (MayLog()) {
    spdlog::error("A call failed with a status that is no answer: {}", status.ToString());
  }
  return {grpc::StatusCode::INTERNAL, "The service failed. Its log says why; try again."};
}

}  // namespace

grpc::Status ToGrpc(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  const ErrorDetail detail = DetailOf(status);
  if (!MayAnswer(status, detail)) return Internal(status);
  google::rpc::Status full;
  full.set_code(static_cast<int>(status.code()));
  full.set_message(Bounded(status.message()));
  full.add_details()->PackFrom(InfoOf(status, detail));
  return {static_cast<grpc::StatusCode>(status.code()), full.message(), full.SerializeAsString()};
}

}  // namespace bitsd::rpc
