// The `network:` of an account in the account directory's file: what it shows to servers and
// proxies.
//
// Thread safety: pure functions. The files that are named are not looked at here.

#ifndef BITSD_SERVER_IDENTITY_NETWORK_READER_H_
#define BITSD_SERVER_IDENTITY_NETWORK_READER_H_

#include <optional>

#include "server/base/strict_yaml.h"
#include "server/identity/network_credentials.h"

namespace bitsd {

/// Reports what is malformed to `errors`.
std::optional<NetworkCredentials> ReadNetworkCredentials(const yaml::TreeNode& node,
                                                         yaml::Errors& errors);

}  // namespace bitsd

#endif  // BITSD_SERVER_IDENTITY_NETWORK_READER_H_
