// The server's certificate, its key, and the roots that clients must have: PEM texts.
//
// Checked before gRPC sees them, because gRPC takes bad ones and then fails every handshake. Thread
// safety: values. The key is a secret: it is never logged.

#ifndef BITSD_SERVER_RPC_TLS_MATERIAL_H_
#define BITSD_SERVER_RPC_TLS_MATERIAL_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace bitsd::rpc {

struct TlsMaterial {
  std::string certificate_chain;  ///< The leaf first.
  std::string private_key;        ///< Without a passphrase.
  std::string roots;              ///< At least one; clients are verified by these only.
};

/// E_INVALIDARG, saying which of the three is wrong and how, unless all parse, the key is the
/// leaf's and the leaf is valid at `now`.
absl::Status CheckTlsMaterial(const TlsMaterial& material, absl::Time now);

/// Reads the three files. E_INVALIDARG with the path of one that cannot be read.
absl::StatusOr<TlsMaterial> LoadTlsMaterial(const std::string& certificate_path,
                                            const std::string& key_path,
                                            const std::string& roots_path);

}  // namespace bitsd::rpc

#endif  // BITSD_SERVER_RPC_TLS_MATERIAL_H_
