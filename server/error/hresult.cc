#include "server/error/hresult.h"

#include <array>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "server/error/bits_codes.h"

namespace bitsd {
namespace {

using Code = absl::StatusCode;

constexpr auto kTable = std::to_array<HresultInfo>({
    {Hresult::kOk, "S_OK", Code::kOk, "The call succeeded."},
    {Hresult::kFalse, "S_FALSE", Code::kOk, "The call succeeded; there was nothing to do."},
    {Hresult::kNotImplemented, "E_NOTIMPL", Code::kUnimplemented, "This is not built."},
    {Hresult::kNoInterface, "E_NOINTERFACE", Code::kInvalidArgument,
     "The job has no such interface."},
    {Hresult::kAccessDenied, "E_ACCESSDENIED", Code::kPermissionDenied,
     "The identity has no right to do this."},
    {Hresult::kOutOfMemory, "E_OUTOFMEMORY", Code::kResourceExhausted,
     "A limit of the service is reached."},
    {Hresult::kNotReady, "ERROR_NOT_READY", Code::kUnavailable,
     "A file system or a part of the service does not answer now."},
    {Hresult::kInvalidArgument, "E_INVALIDARG", Code::kInvalidArgument,
     "An argument is not valid."},
    {Hresult::kDiskFull, "ERROR_DISK_FULL", Code::kResourceExhausted, "The disk is full."},
    {Hresult::kNotLoggedOn, "ERROR_NOT_LOGGED_ON", Code::kFailedPrecondition,
     "The identity has no logon session."},
    {Hresult::kFailedToImpersonate, "CO_E_FAILEDTOIMPERSONATE", Code::kPermissionDenied,
     "The call's impersonation level does not let the service act as the caller."},
    {Hresult::kDisconnected, "RPC_E_DISCONNECTED", Code::kFailedPrecondition,
     "The handle is dead. Call QueryInterface again."},
    {Hresult::kNotFound, "BG_E_NOT_FOUND", Code::kNotFound, "There is no such job."},
    {Hresult::kInvalidState, "BG_E_INVALID_STATE", Code::kFailedPrecondition,
     "The job's state does not allow this."},
    {Hresult::kEmpty, "BG_E_EMPTY", Code::kFailedPrecondition,
     "The job has no files. Add one before Resume."},
    {Hresult::kDestinationLocked, "BG_E_DESTINATION_LOCKED", Code::kUnknown,
     "The destination's file system is not available."},
    {Hresult::kNetworkDisconnected, "BG_E_NETWORK_DISCONNECTED", Code::kUnknown,
     "The network is not available."},
    {Hresult::kNewOwnerNoFileAccess, "BG_E_NEW_OWNER_NO_FILE_ACCESS", Code::kPermissionDenied,
     "The new owner cannot write the job's files."},
    {Hresult::kPartialComplete, "BG_S_PARTIAL_COMPLETE", Code::kOk,
     "Only the files that were transferred are in place."},
    {Hresult::kProxyListTooLarge, "BG_E_PROXY_LIST_TOO_LARGE", Code::kInvalidArgument,
     "The list of proxies is longer than allowed."},
    {Hresult::kProxyBypassListTooLarge, "BG_E_PROXY_BYPASS_LIST_TOO_LARGE", Code::kInvalidArgument,
     "The list of hosts without a proxy is longer than allowed."},
    {Hresult::kUnableToDeleteFiles, "BG_S_UNABLE_TO_DELETE_FILES", Code::kOk,
     "The job is done, but temporary files could not be removed."},
    {Hresult::kInvalidServerResponse, "BG_E_INVALID_SERVER_RESPONSE", Code::kUnknown,
     "The server's answer is not valid."},
    {Hresult::kLocalFileChanged, "BG_E_LOCAL_FILE_CHANGED", Code::kUnknown,
     "The local file was changed by somebody else."},
    {Hresult::kTooLarge, "BG_E_TOO_LARGE", Code::kInvalidArgument, "The data is too large."},
    {Hresult::kStringTooLong, "BG_E_STRING_TOO_LONG", Code::kInvalidArgument,
     "A string is longer than allowed."},
    {Hresult::kNoProgress, "BG_E_NO_PROGRESS", Code::kUnknown,
     "The transfer made no progress within its time."},
    {Hresult::kUsernameTooLarge, "BG_E_USERNAME_TOO_LARGE", Code::kInvalidArgument,
     "The user name is longer than allowed."},
    {Hresult::kPasswordTooLarge, "BG_E_PASSWORD_TOO_LARGE", Code::kInvalidArgument,
     "The password is longer than allowed."},
    {Hresult::kInvalidAuthTarget, "BG_E_INVALID_AUTH_TARGET", Code::kInvalidArgument,
     "There is no such target of credentials."},
    {Hresult::kInvalidAuthScheme, "BG_E_INVALID_AUTH_SCHEME", Code::kInvalidArgument,
     "There is no such scheme of authentication."},
    {Hresult::kFileNotFound, "BG_E_FILE_NOT_FOUND", Code::kUnknown, "The file was not found."},
    {Hresult::kConnectFailure, "BG_E_CONNECT_FAILURE", Code::kUnknown,
     "No connection to the server could be made."},
    {Hresult::kConnectionClosed, "BG_E_CONNECTION_CLOSED", Code::kUnknown,
     "The server closed the connection early."},
    {Hresult::kBlockedByPolicy, "BG_E_BLOCKED_BY_POLICY", Code::kPermissionDenied,
     "A policy of the service does not allow this."},
    {Hresult::kInvalidProxyInfo, "BG_E_INVALID_PROXY_INFO", Code::kInvalidArgument,
     "The proxy list or the proxy bypass list is not valid."},
    {Hresult::kTooManyJobsPerUser, "BG_E_TOO_MANY_JOBS_PER_USER", Code::kResourceExhausted,
     "The identity has as many jobs as it may have."},
    {Hresult::kTooManyJobsPerMachine, "BG_E_TOO_MANY_JOBS_PER_MACHINE", Code::kResourceExhausted,
     "The service has as many jobs as it may have."},
    {Hresult::kTooManyFilesInJob, "BG_E_TOO_MANY_FILES_IN_JOB", Code::kResourceExhausted,
     "The job has as many files as it may have."},
    {Hresult::kTokenRequired, "BG_E_TOKEN_REQUIRED", Code::kFailedPrecondition,
     "The job needs a helper token and has none: call SetHelperToken, or SetHelperTokenFlags(0)."},
    {Hresult::kRemoteFileChanged, "BG_E_REMOTE_FILE_CHANGED", Code::kUnknown,
     "The remote file changed during the transfer."},
    {Hresult::kClientCertNeeded, "ERROR_WINHTTP_CLIENT_AUTH_CERT_NEEDED", Code::kUnknown,
     "The server wants a client certificate, and takes none that the job has."},
    {Hresult::kClientCertNoAccessPrivateKey, "ERROR_WINHTTP_CLIENT_CERT_NO_ACCESS_PRIVATE_KEY",
     Code::kUnknown, "The client certificate cannot be used together with a network helper token."},
});

const BitsCode* FindOther(uint32_t value) {
  for (const BitsCode& row : OtherBitsCodes()) {
    if (row.value == value) return &row;
  }
  return nullptr;
}

bool IsHttpError(uint32_t value) {
  const uint32_t base = static_cast<uint32_t>(Hresult::kHttpErrorBase);
  return value >= base + 100 && value <= base + 599;
}

uint32_t HttpStatusOf(uint32_t value) {
  return value - static_cast<uint32_t>(Hresult::kHttpErrorBase);
}

}  // namespace

absl::Span<const HresultInfo> AllHresults() { return kTable; }

const HresultInfo* FindHresult(uint32_t value) {
  for (const HresultInfo& row : kTable) {
    if (static_cast<uint32_t>(row.value) == value) return &row;
  }
  return nullptr;
}

Hresult HttpHresult(int http_status) {
  return static_cast<Hresult>(static_cast<uint32_t>(Hresult::kHttpErrorBase) +
                              static_cast<uint32_t>(http_status));
}

std::string HresultName(uint32_t value) {
  if (const HresultInfo* row = FindHresult(value)) return std::string(row->name);
  if (const BitsCode* row = FindOther(value)) return std::string(row->name);
  if (IsHttpError(value)) return absl::StrCat("BG_E_HTTP_ERROR_", HttpStatusOf(value));
  return "";
}

std::string HresultDescription(uint32_t value) {
  if (const HresultInfo* row = FindHresult(value)) return std::string(row->message);
  if (const BitsCode* row = FindOther(value)) return std::string(row->message);
  if (IsHttpError(value))
    return absl::StrCat("The server answered HTTP ", HttpStatusOf(value), ".");
  return "";
}

std::string HresultText(uint32_t value) { return absl::StrFormat("0x%08X", value); }

}  // namespace bitsd
