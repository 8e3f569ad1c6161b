// A failed status as bitsctl prints it, for people and for programs.
//
// Thread safety: pure functions.

#ifndef BITSD_CLIENT_CLI_ERROR_REPORT_H_
#define BITSD_CLIENT_CLI_ERROR_REPORT_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "bits/v1/job.pb.h"

namespace bits::cli {

struct ErrorReport {
  uint32_t hresult = 0;  ///< 0: none.
  std::string name;      ///< Of the HRESULT; empty: none.
  std::string rule;      ///< Empty: none.
  std::string code;      ///< Of gRPC, such as PERMISSION_DENIED.
  std::string message;
  std::string hint;  ///< What to do next; empty when nothing is known.
};

ErrorReport ReportOf(const absl::Status& status);

/// Several lines: message, reason, rule, and what to try. Harmless on a terminal.
std::string ErrorText(const ErrorReport& report);

/// {"error":{"hresult","name","rule","code","message","hint"}} on one line; what is not there is
/// null, and hresult is text such as "0x80070005".
std::string ErrorJson(const ErrorReport& report);

/// The same status with a line that says how to go on.
absl::Status WithAdvice(const absl::Status& status, const std::string& advice);

/// The status of a run that waited for `job`, which is in ERROR or was cancelled; else OK.
absl::Status StatusOfJob(const v1::Job& job);

}  // namespace bits::cli

#endif  // BITSD_CLIENT_CLI_ERROR_REPORT_H_
