#include "server/network/tickets.h"

#include <algorithm>
#include <ctime>
#include <utility>

#include "server/error/errors.h"
#include "server/network/kerberos_errors.h"

namespace bitsd::network {
namespace {

constexpr int64_t kLongestMargin = 300;

int64_t StartOf(const krb5_creds& ticket) {
  const auto start = static_cast<uint32_t>(ticket.times.starttime);
  return start != 0 ? start : static_cast<uint32_t>(ticket.times.authtime);
}

}  // namespace

absl::Status Tickets::Replace(Krb5Creds ticket) {
  Krb5OwnCache cache(context_);
  krb5_error_code code = krb5_cc_new_unique(context_, "MEMORY", nullptr, cache.out());
  if (code == 0) code = krb5_cc_initialize(context_, cache.get(), ticket->client);
  if (code == 0) code = krb5_cc_store_cred(context_, cache.get(), ticket.get());
  Krb5Name name(context_);
  if (code == 0) code = krb5_cc_get_full_name(context_, cache.get(), name.out());
  if (code != 0) return KerberosError(context_, code, "keeping a ticket");
  cache_ = std::move(cache);
  name_ = name.get();
  ++generation_;
  end_ = EndOf(*ticket);
  margin_ = std::min(kLongestMargin, (end_ - StartOf(*ticket)) / 4);
  const bool renewable = (ticket->ticket_flags & TKT_FLG_RENEWABLE) != 0;
  renewable_until_ = renewable ? static_cast<uint32_t>(ticket->times.renew_till) : 0;
  return absl::OkStatus();
}

bool Tickets::usable() const { return std::time(nullptr) < end_; }

bool Tickets::due() const { return std::time(nullptr) >= due_at(); }

}  // namespace bitsd::network
