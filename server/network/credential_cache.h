// A credential cache in the format of MIT's files: who it is of, and its ticket-granting ticket.
//
// The bytes are anybody's: they are parsed in a credential agent alone, which has nothing else to
// lose. Nothing but the ticket-granting ticket of the owner's own realm is taken: every other
// ticket is got with it, from a KDC, which says whose it is. Thread safety: none.

#ifndef BITSD_SERVER_NETWORK_CREDENTIAL_CACHE_H_
#define BITSD_SERVER_NETWORK_CREDENTIAL_CACHE_H_

#include <krb5.h>

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/base/unique_fd.h"
#include "server/network/krb5_handles.h"

namespace bitsd::network {

struct CredentialCache {
  std::string principal;
  Krb5Creds ticket;  ///< Has not ended at the time it was read.
};

/// `what` begins messages. E_INVALIDARG when `bytes` are no cache, or have no such ticket;
/// BG_E_TOKEN_REQUIRED when it has ended.
absl::StatusOr<CredentialCache> ReadCredentialCache(krb5_context context, std::string_view bytes,
                                                    const std::string& what);

/// A file in memory with these bytes, and what it is called; for what takes nothing but names.
struct MemoryFile {
  UniqueFd fd;
  std::string path() const { return "/proc/self/fd/" + std::to_string(fd.get()); }
};
absl::StatusOr<MemoryFile> MakeMemoryFile(std::string_view bytes);

/// "alice@EXAMPLE.COM".
std::string NameOf(krb5_context context, krb5_const_principal principal);

}  // namespace bitsd::network

#endif  // BITSD_SERVER_NETWORK_CREDENTIAL_CACHE_H_
