// Which calls gRPC sends again when it is not known whether the first one arrived.
//
// The contract says it: a method with idempotency_level may be repeated, the others never. gRPC
// repeats on UNAVAILABLE only, a few times, with growing random pauses, never beyond the deadline
// of the call. Thread safety: a pure function.

#ifndef BITSD_CLIENT_CONNECTION_SERVICE_CONFIG_H_
#define BITSD_CLIENT_CONNECTION_SERVICE_CONFIG_H_

#include <string>

namespace bits {

/// The gRPC service configuration (JSON), made from the descriptors of bits.v1.
std::string ServiceConfig();

}  // namespace bits

#endif  // BITSD_CLIENT_CONNECTION_SERVICE_CONFIG_H_
