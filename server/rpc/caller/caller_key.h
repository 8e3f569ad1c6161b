// For whom something is counted: an accepted caller's SID, or the certificate of a peer who is
// nobody to us. Who shows a certificate that is refused is not counted as the SID in it.
//
// Thread safety: a value.

#ifndef BITSD_SERVER_RPC_CALLER_CALLER_KEY_H_
#define BITSD_SERVER_RPC_CALLER_CALLER_KEY_H_

#include <string>
#include <utility>

#include "server/identity/sid.h"

namespace bitsd::rpc {

struct CallerKey {
  Sid sid;                  ///< Of an accepted caller.
  std::string fingerprint;  ///< Of the certificate, when the caller is not accepted.

  friend bool operator==(const CallerKey&, const CallerKey&) = default;
  template <typename H>
  friend H AbslHashValue(H h, const CallerKey& key) {
    return H::combine(std::move(h), key.sid, key.fingerprint);
  }
};

}  // namespace bitsd::rpc

#endif  // BITSD_SERVER_RPC_CALLER_CALLER_KEY_H_
