#include "client/method_table.h"

#include <array>

namespace bits {
namespace {

constexpr std::string_view kManager = "bits.v1.BackgroundCopyManager";
constexpr std::string_view kJob = "bits.v1.BackgroundCopyJob";
constexpr std::string_view kToken = "bits.v1.BitsTokenOptions";
constexpr std::string_view kSessions = "bits.v1.Sessions";

constexpr auto kTable = std::to_array<MethodRow>({
    {kManager, "CreateJob", Repeat::kWithRequestId},
    {kManager, "GetJob", Repeat::kSafe},
    {kManager, "ListJobs", Repeat::kSafe},
    {kManager, "WatchJobs", Repeat::kNever},  // The caller sees the break and asks anew.
    {kManager, "GetErrorDescription", Repeat::kSafe},
    {kManager, "GetServerInfo", Repeat::kSafe},
    {kJob, "QueryInterface", Repeat::kNever},  // Each one uses up a handle.
    {kJob, "Release", Repeat::kNever},
    {kJob, "AddFileSet", Repeat::kWithRequestId},
    {kJob, "ListFiles", Repeat::kSafe},
    {kJob, "UpdateJob", Repeat::kNever},
    {kJob, "Suspend", Repeat::kNever},
    {kJob, "Resume", Repeat::kNever},
    {kJob, "Cancel", Repeat::kNever},
    {kJob, "Complete", Repeat::kNever},
    {kJob, "SetCredentials", Repeat::kNever},
    {kJob, "RemoveCredentials", Repeat::kNever},
    {kJob, "SetClientCertificate", Repeat::kNever},
    {kJob, "RemoveClientCertificate", Repeat::kNever},
    {kToken, "SetHelperTokenFlags", Repeat::kNever},
    {kToken, "GetHelperTokenFlags", Repeat::kSafe},
    {kToken, "SetHelperToken", Repeat::kNever},
    {kToken, "ClearHelperToken", Repeat::kNever},
    {kToken, "GetHelperTokenSid", Repeat::kSafe},
    {kSessions, "Logon", Repeat::kNever},      // Each one opens a session.
    {kSessions, "KeepAlive", Repeat::kNever},  // A LogonSession connects again by itself.
    {kSessions, "Logoff", Repeat::kNever},
    {kSessions, "ListSessions", Repeat::kSafe},
});

constexpr char kRetryPolicy[] =
    R"("retryPolicy":{"maxAttempts":4,"initialBackoff":"0.2s","maxBackoff":"2s",)"
    R"("backoffMultiplier":2,"retryableStatusCodes":["UNAVAILABLE"]})";

}  // namespace

std::span<const MethodRow> AllMethods() { return kTable; }

std::string ServiceConfig() {
  std::string names;
  for (const MethodRow& row : kTable) {
    if (row.repeat == Repeat::kNever) continue;
    if (!names.empty()) names += ",";
    names += R"({"service":")" + std::string(row.service) + R"(","method":")" +
             std::string(row.method) + R"("})";
  }
  return R"({"methodConfig":[{"name":[)" + names + "]," + kRetryPolicy + "}]}";
}

}  // namespace bits
