// How many connections there may be, and how much may be on its way.
//
// Thread safety: values, pure functions.

#ifndef BITSD_SERVER_RPC_DOOR_DOOR_LIMITS_H_
#define BITSD_SERVER_RPC_DOOR_DOOR_LIMITS_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace bitsd::rpc {

struct DoorLimits {
  size_t connections = 1000;
  size_t per_address = 250;
  size_t per_identity = 100;
  /// Bytes of requests that have arrived in part: of one caller, and of all.
  int64_t unfinished_per_caller = int64_t{32} << 20;
  int64_t unfinished = int64_t{128} << 20;
  /// Bytes of answers that a caller has not read: above that it makes no further call.
  size_t unread_per_caller = size_t{64} << 20;
};

/// What fits into `descriptors`, the process's limit: a connection takes two, and half of all are
/// for files, web servers and whatever else there is. One address never gets everything, and one
/// identity never all of an address.
inline DoorLimits FitInto(DoorLimits limits, uint64_t descriptors) {
  const auto fits = static_cast<size_t>(std::max<uint64_t>(descriptors / 4, 8));
  limits.connections = std::min(limits.connections, fits);
  limits.per_address = std::min(limits.per_address, std::max<size_t>(limits.connections / 2, 1));
  limits.per_identity = std::min(limits.per_identity, std::max<size_t>(limits.per_address / 2, 1));
  return limits;
}

}  // namespace bitsd::rpc

#endif  // BITSD_SERVER_RPC_DOOR_DOOR_LIMITS_H_
