// A client certificate with its key, read from PEM text.
//
// Thread safety: parse on any thread; what was parsed is used on one at a time. Ownership: the key
// is overwritten when the last user has let go.

#ifndef BITSD_SERVER_TRANSFER_HTTP_CLIENT_CERTIFICATE_H_
#define BITSD_SERVER_TRANSFER_HTTP_CLIENT_CERTIFICATE_H_

#include <memory>
#include <string_view>

#include "absl/status/statusor.h"
#include "server/base/openssl_ptr.h"

namespace bitsd {

struct ClientKeyPair {
  X509Ptr certificate;
  X509StackPtr chain;  ///< What follows the certificate in its file.
  EvpPkeyPtr key;
};
using ClientKeyPairPtr = std::shared_ptr<const ClientKeyPair>;

/// E_INVALIDARG: no PEM, a key that needs a passphrase, or one of another certificate.
absl::StatusOr<ClientKeyPairPtr> ParseClientKeyPair(std::string_view certificate_pem,
                                                    std::string_view key_pem);

}  // namespace bitsd

#endif  // BITSD_SERVER_TRANSFER_HTTP_CLIENT_CERTIFICATE_H_
