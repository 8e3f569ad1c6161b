#include "server/policy/method_table.h"

#include <array>
#include <string>

#include "server/error/errors.h"

namespace bitsd::policy {
namespace {

constexpr auto kRows = std::to_array<MethodRow>({
    {"/grpc.health.v1.Health/Check", Admission::kVerifiedPeer},
    {"/grpc.health.v1.Health/Watch", Admission::kVerifiedPeer},
    {"/grpc.reflection.v1alpha.ServerReflection/*", Admission::kAcceptedIdentity},
    {"/grpc.channelz.v1.Channelz/*", Admission::kEnabledAdministrator},

    {"/bits.v1.BackgroundCopyManager/CreateJob", Admission::kAcceptedIdentity},
    {"/bits.v1.BackgroundCopyManager/GetJob", Admission::kAcceptedIdentity},
    {"/bits.v1.BackgroundCopyManager/ListJobs", Admission::kAcceptedIdentity},
    {"/bits.v1.BackgroundCopyManager/WatchJobs", Admission::kAcceptedIdentity},
    {"/bits.v1.BackgroundCopyManager/GetErrorDescription", Admission::kAcceptedIdentity},
    {"/bits.v1.BackgroundCopyManager/GetServerInfo", Admission::kAcceptedIdentity},

    {"/bits.v1.BackgroundCopyJob/QueryInterface", Admission::kAcceptedIdentity},
    {"/bits.v1.BackgroundCopyJob/Release", Admission::kAcceptedIdentity},
    {"/bits.v1.BackgroundCopyJob/AddFileSet", Admission::kAcceptedIdentity},
    {"/bits.v1.BackgroundCopyJob/ListFiles", Admission::kAcceptedIdentity},
    {"/bits.v1.BackgroundCopyJob/UpdateJob", Admission::kAcceptedIdentity},
    {"/bits.v1.BackgroundCopyJob/Suspend", Admission::kAcceptedIdentity},
    {"/bits.v1.BackgroundCopyJob/Resume", Admission::kAcceptedIdentity},
    {"/bits.v1.BackgroundCopyJob/Cancel", Admission::kAcceptedIdentity},
    {"/bits.v1.BackgroundCopyJob/Complete", Admission::kAcceptedIdentity},
    {"/bits.v1.BackgroundCopyJob/SetCredentials", Admission::kAcceptedIdentity},
    {"/bits.v1.BackgroundCopyJob/RemoveCredentials", Admission::kAcceptedIdentity},
    {"/bits.v1.BackgroundCopyJob/SetClientCertificate", Admission::kAcceptedIdentity},
    {"/bits.v1.BackgroundCopyJob/RemoveClientCertificate", Admission::kAcceptedIdentity},

    {"/bits.v1.Sessions/Logon", Admission::kAcceptedIdentity},
    {"/bits.v1.Sessions/KeepAlive", Admission::kAcceptedIdentity},
    {"/bits.v1.Sessions/Logoff", Admission::kAcceptedIdentity},
    {"/bits.v1.Sessions/ListSessions", Admission::kAcceptedIdentity},

    {"/bits.v1.BitsTokenOptions/SetHelperTokenFlags", Admission::kAcceptedIdentity},
    {"/bits.v1.BitsTokenOptions/GetHelperTokenFlags", Admission::kAcceptedIdentity},
    {"/bits.v1.BitsTokenOptions/SetHelperToken", Admission::kAcceptedIdentity},
    {"/bits.v1.BitsTokenOptions/ClearHelperToken", Admission::kAcceptedIdentity},
    {"/bits.v1.BitsTokenOptions/GetHelperTokenSid", Admission::kAcceptedIdentity},
});

/// "/package.Service/*" covers "/package.Service/Method", one non-empty name without a slash.
bool Covers(std::string_view row, std::string_view path) {
  if (row == path) return true;
  if (!row.ends_with("/*")) return false;
  row.remove_suffix(1);
  if (!path.starts_with(row)) return false;
  path.remove_prefix(row.size());
  return !path.empty() && path.find('/') == std::string_view::npos;
}

absl::Status Denied(std::string_view why) { return error::AccessDenied(Rule::kMethodDenied, why); }

absl::Status MayCallAs(Admission admission, const AccessToken& token) {
  if (token.level == ImpersonationLevel::kAnonymous) {
    return Denied(
        "at level anonymous only the health service answers: send "
        "bits-impersonation-level identify or above");
  }
  if (admission == Admission::kEnabledAdministrator && !token.IsEnabledAdministrator()) {
    return Denied("this method is for enabled administrators");
  }
  return absl::OkStatus();
}

}  // namespace

absl::Span<const MethodRow> AllMethodRows() { return kRows; }

const MethodRow* FindMethodRow(std::string_view path) {
  for (const MethodRow& row : kRows) {
    if (Covers(row.path, path)) return &row;
  }
  return nullptr;
}

absl::Status MayCall(std::string_view path, const AccessToken* token, const absl::Status& refusal) {
  const MethodRow* row = FindMethodRow(path);
  if (row != nullptr && row->admission == Admission::kVerifiedPeer) return absl::OkStatus();
  if (!refusal.ok()) return refusal;
  if (token == nullptr) return error::Unauthenticated("the caller has no accepted identity");
  if (row == nullptr) return Denied("no rule admits anybody to this method");
  return MayCallAs(row->admission, *token);
}

}  // namespace bitsd::policy
