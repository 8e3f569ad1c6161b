#include "client/cli/error_report.h"

#include <nlohmann/json.hpp>

#include "bitsd/client/error.h"
#include "client/cli/exit_code.h"
#include "client/cli/hints.h"
#include "client/cli/output/text.h"
#include "client/connection/wire_status.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace bits::cli {
namespace {

nlohmann::ordered_json TextOrNull(const std::string& text) {
  return text.empty() ? nlohmann::ordered_json() : nlohmann::ordered_json(text);
}

std::string ReasonLine(const ErrorReport& report) {
  if (report.name.empty()) return report.code;
  if (report.hresult == 0) return report.name;
  return report.name + " (" + HresultText(report.hresult) + ")";
}

// The job's error in the form in which a call carries one.
absl::Status JobErrorStatus(const v1::JobError& error, const std::string& message) {
  google::rpc::ErrorInfo info;
  info.set_domain("bits.v1");
  info.set_reason(error.reason());
  (*info.mutable_metadata())["hresult"] = HresultText(error.hresult());
  if (!error.rule().empty()) (*info.mutable_metadata())["rule"] = error.rule();
  google::rpc::Status details;
  details.add_details()->PackFrom(info);
  return StatusFromWire(static_cast<int>(absl::StatusCode::kAborted), message,
                        details.SerializeAsString());
}

}  // namespace

ErrorReport ReportOf(const absl::Status& status) {
  const CallError error = ErrorOf(status);
  ErrorReport report{.hresult = error.hresult,
                     .name = error.reason,
                     .rule = error.rule,
                     .code = absl::StatusCodeToString(status.code()),
                     .message = std::string(status.message()),
                     .hint = ""};
  report.hint = HintFor(report.rule, report.name, report.code, report.message);
  return report;
}

std::string ErrorText(const ErrorReport& report) {
  std::string text = "bitsctl: " + PrintableLines(report.message) + "\n";
  if (!report.name.empty()) text += "  reason: " + Printable(ReasonLine(report)) + "\n";
  if (!report.rule.empty()) text += "  rule:   " + Printable(report.rule) + "\n";
  if (!report.hint.empty()) text += "  try:    " + report.hint + "\n";
  return text;
}

std::string ErrorJson(const ErrorReport& report) {
  nlohmann::ordered_json error;
  error["hresult"] = report.hresult == 0 ? nlohmann::ordered_json()
                                         : nlohmann::ordered_json(HresultText(report.hresult));
  error["name"] = TextOrNull(report.name);
  error["rule"] = TextOrNull(report.rule);
  error["code"] = report.code;
  error["message"] = report.message;
  error["hint"] = TextOrNull(report.hint);
  const nlohmann::ordered_json whole{{"error", error}};
  return whole.dump(-1, ' ', /*ensure_ascii=*/true, nlohmann::json::error_handler_t::replace) +
         "\n";
}

absl::Status WithAdvice(const absl::Status& status, const std::string& advice) {
  absl::Status longer(status.code(), std::string(status.message()) + "\n  " + advice);
  status.ForEachPayload([&longer](absl::string_view url, const absl::Cord& payload) {
    longer.SetPayload(url, payload);
  });
  return longer;
}

absl::Status StatusOfJob(const v1::Job& job) {
  if (job.state() == v1::JOB_STATE_CANCELLED) {
    return WithExitCode(absl::CancelledError("job " + job.id() + " was cancelled"), kExitFailed);
  }
  if (job.state() != v1::JOB_STATE_ERROR) return absl::OkStatus();
  const std::string message = "job " + job.id() + " is in ERROR: " + job.error().message();
  return WithExitCode(JobErrorStatus(job.error(), message), kExitFailed);
}

}  // namespace bits::cli
