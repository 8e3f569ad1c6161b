// From what gRPC carried to the absl::Status that this library returns.
//
// Thread safety: pure functions.

#ifndef BITSD_CLIENT_CONNECTION_WIRE_STATUS_H_
#define BITSD_CLIENT_CONNECTION_WIRE_STATUS_H_

#include <string>

#include "absl/status/status.h"

namespace bits {

/// `details` is the serialized google.rpc.Status of the trailer grpc-status-details-bin, or empty;
/// what cannot be parsed is ignored, for the code alone decides. Read it back with ErrorOf.
absl::Status StatusFromWire(int code, const std::string& message, const std::string& details);

}  // namespace bits

#endif  // BITSD_CLIENT_CONNECTION_WIRE_STATUS_H_
