// The services of bits.v1 and their methods, from the descriptors of the contract.
//
// Thread safety: pure functions.

#ifndef BITSD_SERVER_RPC_SERVICES_SERVICES_H_
#define BITSD_SERVER_RPC_SERVICES_SERVICES_H_

#include <string>
#include <vector>

namespace bitsd::rpc {

/// Full names: "bits.v1.BackgroundCopyManager", ...
std::vector<std::string> ServiceNames();

/// "/bits.v1.BackgroundCopyManager/CreateJob" and every other method of these services.
std::vector<std::string> MethodPaths();

}  // namespace bitsd::rpc

#endif  // BITSD_SERVER_RPC_SERVICES_SERVICES_H_
