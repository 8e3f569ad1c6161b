// How a failed call looks to clients: gRPC status with google.rpc.ErrorInfo.
//
// Codes come with the status (server/error made it); this file only converts. Thread safety: pure
// functions, but for a log line when a status was not made by server/error.

#ifndef BITSD_SERVER_RPC_CONVERT_STATUS_H_
#define BITSD_SERVER_RPC_CONVERT_STATUS_H_

#include <grpcpp/support/status.h>

#include "absl/status/status.h"

namespace bitsd::rpc {

/// ErrorInfo.domain of every error.
inline constexpr char kErrorDomain[] = "bits.v1";

/// Longest message in bytes: with its copy in the details it stays below the 8 KiB of metadata that
/// clients accept.
inline constexpr size_t kMaxErrorMessage = 1000;

/// The gRPC status of `status`: its code, its message, and ErrorInfo with reason (symbolic name),
/// hresult and rule. A status that server/error did not make, or whose HRESULT no call may answer,
/// becomes INTERNAL with a general message; the log has the rest.
grpc::Status ToGrpc(const absl::Status& status);

}  // namespace bitsd::rpc

#endif  // BITSD_SERVER_RPC_CONVERT_STATUS_H_
