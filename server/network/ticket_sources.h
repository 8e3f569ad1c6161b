// Where the tickets of a credential agent come from, and come from again.
//
// A keytab: got with it, and got again before they end. A credential cache that somebody else
// keeps: read again when the file has changed. Delegated: taken once, renewed as long as they can
// be. Thread safety: none. Ownership: the tickets are the agent's.

#ifndef BITSD_SERVER_NETWORK_TICKET_SOURCES_H_
#define BITSD_SERVER_NETWORK_TICKET_SOURCES_H_

#include <krb5.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/identity/network_credentials.h"
#include "server/network/tickets.h"

namespace bitsd::network {

class TicketSource {
 public:
  virtual ~TicketSource() = default;

  /// OK when `tickets` are usable afterwards. May ask a KDC, and wait for it.
  virtual absl::Status Refresh(Tickets& tickets) = 0;

  /// When Refresh is to be called even if nobody asks, in seconds since 1970.
  virtual std::optional<int64_t> wants_refresh_at(const Tickets& /*tickets*/) const {
    return std::nullopt;
  }
};

/// As the directory says: by keytab or credential cache.
std::unique_ptr<TicketSource> MakeDirectorySource(krb5_context context,
                                                  const KerberosAccount& account);

/// Parses `cache` and fills `tickets` from it; `principal` is set to whose they are.
absl::StatusOr<std::unique_ptr<TicketSource>> MakeDelegatedSource(krb5_context context,
                                                                  std::string_view cache,
                                                                  Tickets& tickets,
                                                                  std::string* principal);

}  // namespace bitsd::network

#endif  // BITSD_SERVER_NETWORK_TICKET_SOURCES_H_
