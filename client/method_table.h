// Which calls may be sent again when it is not known whether the first one arrived.
//
// gRPC repeats them, on UNAVAILABLE only, by the service configuration made here: few times, with a
// growing random pause, never beyond the call's deadline. Thread safety: constants.

#ifndef BITSD_CLIENT_METHOD_TABLE_H_
#define BITSD_CLIENT_METHOD_TABLE_H_

#include <span>
#include <string>
#include <string_view>

namespace bits {

enum class Repeat {
  kSafe,           ///< It reads only.
  kWithRequestId,  ///< The service remembers the request_id, which the client always sets.
  kNever,          ///< A repeat could undo what somebody did in between, or fail after a success.
};

struct MethodRow {
  std::string_view service;  ///< "bits.v1.BackgroundCopyJob".
  std::string_view method;   ///< "AddFileSet".
  Repeat repeat;
};

/// Every method of the contract, once.
std::span<const MethodRow> AllMethods();

/// The gRPC service configuration (JSON) that repeats what may be repeated.
std::string ServiceConfig();

}  // namespace bits

#endif  // BITSD_CLIENT_METHOD_TABLE_H_
