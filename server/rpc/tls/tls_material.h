// The server's certificate, its key, and the roots that clients must have: PEM texts.
//
// Checked before gRPC sees them, because gRPC takes bad ones and then fails every handshake. Thread
// safety: values. The key is a secret: it is never logged.

#ifndef BITSD_SERVER_RPC_TLS_TLS_MATERIAL_H_
#define BITSD_SERVER_RPC_TLS_TLS_MATERIAL_H_

#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace bitsd::rpc {

struct TlsMaterial {
  std::string certificate_chain;  ///< The leaf first.
  std::string private_key;        ///< Without a passphrase.
  std::string roots;              ///< At least one; clients are verified by these only.

  friend bool operator==(const TlsMaterial&, const TlsMaterial&) = default;
};

/// E_INVALIDARG, saying which of the three is wrong and how, unless all parse, the key is the
/// leaf's and the leaf is valid at `now`.
absl::Status CheckTlsMaterial(const TlsMaterial& material, absl::Time now);

/// The parts of CheckTlsMaterial.
absl::Status CheckServerPair(const TlsMaterial& material, absl::Time now);
absl::Status CheckRoots(const TlsMaterial& material);

}  // namespace bitsd::rpc

#endif  // BITSD_SERVER_RPC_TLS_TLS_MATERIAL_H_
