// The tickets of one principal, in memory: what a credential agent has to show.
//
// Thread safety: none. Ownership: its cache, which goes with it; the context must outlive it.

#ifndef BITSD_SERVER_NETWORK_TICKETS_H_
#define BITSD_SERVER_NETWORK_TICKETS_H_

#include <krb5.h>

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "server/network/krb5_handles.h"

namespace bitsd::network {

class Tickets {
 public:
  explicit Tickets(krb5_context context) : context_(context), cache_(context) {}

  /// The ticket-granting ticket `ticket` takes the place of everything there was.
  absl::Status Replace(Krb5Creds ticket);

  /// There is a ticket-granting ticket that has not ended.
  bool usable() const;
  /// The last quarter of its life has begun, or the last five minutes: time for another one.
  bool due() const;
  /// When that will be, in seconds since 1970.
  int64_t due_at() const { return end_ - margin_; }
  /// Seconds since 1970 until which it may be renewed; 0: it may not.
  int64_t renewable_until() const { return renewable_until_; }

  krb5_ccache cache() const { return cache_.get(); }
  /// Such as MEMORY:abc.
  const std::string& cache_name() const { return name_; }
  /// Rises with every Replace.
  uint64_t generation() const { return generation_; }

 private:
  krb5_context context_;
  Krb5OwnCache cache_;
  std::string name_;
  uint64_t generation_ = 0;
  int64_t end_ = 0;
  int64_t margin_ = 0;
  int64_t renewable_until_ = 0;
};

}  // namespace bitsd::network

#endif  // BITSD_SERVER_NETWORK_TICKETS_H_
