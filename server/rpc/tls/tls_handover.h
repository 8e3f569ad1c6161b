// How new TLS material reaches gRPC: two files that never hold anything but a whole, checked pair.
//
// gRPC watches paths and takes what it finds: from the moment that only one of certificate and key
// has been replaced, every handshake fails. So it watches none of the operator's files, but two
// descriptors of our own, by /proc/self/fd/N: one file in memory holds certificate and key
// together, the other the roots. A new file takes the place of the old one by dup3, in one step.
// gRPC reads the pair in two steps and compares the times of last modification, in seconds, before
// and after: each new file has a time of its own, so that a pair read across a replacement is read
// again.
//
// Thread safety: one thread replaces, any thread opens the paths. Ownership: owns the descriptors;
// the paths lead nowhere once it is gone. The key is in memory only.

#ifndef BITSD_SERVER_RPC_TLS_TLS_HANDOVER_H_
#define BITSD_SERVER_RPC_TLS_TLS_HANDOVER_H_

#include <ctime>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/base/unique_fd.h"
#include "server/rpc/tls/tls_material.h"

namespace bitsd::rpc {

class TlsHandover {
 public:
  /// `material` has passed CheckTlsMaterial. E_INVALIDARG when there is no memory or no /proc.
  static absl::StatusOr<std::unique_ptr<TlsHandover>> Create(const TlsMaterial& material);

  /// Puts checked material in the place of what was there. On failure nothing has changed.
  absl::Status Replace(const TlsMaterial& material);

  /// Certificate chain and private key.
  std::string pair_path() const;
  std::string roots_path() const;

 private:
  TlsHandover() = default;

  UniqueFd pair_;
  UniqueFd roots_;
  std::time_t stamp_ = 0;
};

}  // namespace bitsd::rpc

#endif  // BITSD_SERVER_RPC_TLS_TLS_HANDOVER_H_
