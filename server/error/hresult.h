// The HRESULTs bitsd knows: value, symbolic name, gRPC code and text, in one table.
//
// Values are Microsoft's (bits.h and winerror.h); docs/api.md lists them. Thread safety: everything
// here is constant.

#ifndef BITSD_SERVER_ERROR_HRESULT_H_
#define BITSD_SERVER_ERROR_HRESULT_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/types/span.h"

namespace bitsd {

enum class Hresult : uint32_t {
  kOk = 0x00000000,
  kFalse = 0x00000001,

  kNotImplemented = 0x80004001,
  kNoInterface = 0x80004002,
  kAccessDenied = 0x80070005,
  kOutOfMemory = 0x8007000E,
  kNotReady = 0x80070015,
  kInvalidArgument = 0x80070057,
  kDiskFull = 0x80070070,
  kNotLoggedOn = 0x800704DD,
  kFailedToImpersonate = 0x80010123,
  kDisconnected = 0x80010108,

  kNotFound = 0x80200001,
  kInvalidState = 0x80200002,
  kEmpty = 0x80200003,
  kDestinationLocked = 0x8020000D,
  kNetworkDisconnected = 0x80200010,
  kNewOwnerNoFileAccess = 0x80200016,
  kPartialComplete = 0x00200017,
  kProxyListTooLarge = 0x80200018,
  kProxyBypassListTooLarge = 0x80200019,
  kUnableToDeleteFiles = 0x0020001A,
  kInvalidServerResponse = 0x8020001B,
  kLocalFileChanged = 0x8020001D,
  kTooLarge = 0x80200020,
  kStringTooLong = 0x80200021,
  kNoProgress = 0x80200024,
  kUsernameTooLarge = 0x80200025,
  kPasswordTooLarge = 0x80200026,
  kInvalidAuthTarget = 0x80200027,
  kInvalidAuthScheme = 0x80200028,
  kFileNotFound = 0x80200029,
  kConnectFailure = 0x8020002D,
  kConnectionClosed = 0x8020002E,
  kBlockedByPolicy = 0x8020003E,
  kInvalidProxyInfo = 0x8020003F,
  kTooManyJobsPerUser = 0x80200049,
  kTooManyJobsPerMachine = 0x80200050,
  kTooManyFilesInJob = 0x80200051,
  kTokenRequired = 0x80200056,
  kRemoteFileChanged = 0x80200073,
  kClientCertNeeded = 0x80072F0C,
  kClientCertNoAccessPrivateKey = 0x80072F9A,

  /// BG_E_HTTP_ERROR_nnn is this plus the HTTP status; see HttpHresult.
  kHttpErrorBase = 0x80190000,
};

struct HresultInfo {
  Hresult value;
  std::string_view name;     ///< Symbolic name, such as BG_E_TOKEN_REQUIRED.
  absl::StatusCode code;     ///< What a call that fails with it answers; kUnknown: never does.
  std::string_view message;  ///< English sentence for people.
};

/// Every row of the table, in the order of the enum; HTTP errors are not in it.
absl::Span<const HresultInfo> AllHresults();

/// The row of `value`, or nullptr. HTTP errors have none: use HresultName.
const HresultInfo* FindHresult(uint32_t value);

/// BG_E_HTTP_ERROR_nnn for an HTTP status from 100 to 599.
Hresult HttpHresult(int http_status);

/// Symbolic name of `value` ("BG_E_HTTP_ERROR_404" included), or empty when unknown.
std::string HresultName(uint32_t value);

/// Sentence that describes `value`, or empty when unknown.
std::string HresultDescription(uint32_t value);

/// "0x80200056".
std::string HresultText(uint32_t value);

}  // namespace bitsd

#endif  // BITSD_SERVER_ERROR_HRESULT_H_
