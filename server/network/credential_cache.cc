#include "server/network/credential_cache.h"

#include <sys/mman.h>
#include <unistd.h>

#include <ctime>
#include <optional>
#include <utility>

#include "server/error/errors.h"

namespace bitsd::network {
namespace {

constexpr int kMaxTickets = 1000;

/// krbtgt/REALM@REALM.
bool IsLocalTgt(krb5_const_principal server, krb5_const_principal owner) {
  const auto equals = [](const krb5_data& data, const krb5_data& other) {
    return std::string_view(data.data, data.length) == std::string_view(other.data, other.length);
  };
  if (server->length != 2) return false;
  const krb5_data& first = server->data[0];
  return std::string_view(first.data, first.length) == KRB5_TGS_NAME &&
         equals(server->data[1], owner->realm) && equals(server->realm, owner->realm);
}

absl::Status NoCache(const std::string& what) {
  return error::InvalidArgument(what + " is no Kerberos credential cache (format FILE of MIT)");
}

/// Of the local ticket-granting tickets the one that ends last; nothing when there is none.
absl::StatusOr<std::optional<Krb5Creds>> FindTgt(krb5_context context, krb5_ccache cache,
                                                 krb5_const_principal owner,
                                                 const std::string& what) {
  std::optional<Krb5Creds> best;
  krb5_cc_cursor cursor = nullptr;
  if (krb5_cc_start_seq_get(context, cache, &cursor) != 0) return NoCache(what);
  krb5_error_code code = 0;
  for (int i = 0; i < kMaxTickets; ++i) {
    Krb5Creds next(context);
    code = krb5_cc_next_cred(context, cache, &cursor, next.get());
    if (code != 0) break;
    if (!krb5_principal_compare(context, next->client, owner)) continue;
    if (!IsLocalTgt(next->server, owner)) continue;
    if (!best || EndOf(*next) > EndOf(**best)) best = std::move(next);
  }
  krb5_cc_end_seq_get(context, cache, &cursor);
  // What is cut off, or goes on in another way, is no cache at all.
  if (code != 0 && code != KRB5_CC_END) return NoCache(what);
  return best;
}

}  // namespace

std::string NameOf(krb5_context context, krb5_const_principal principal) {
  Krb5Name name(context);
  if (krb5_unparse_name(context, principal, name.out()) != 0) return "";
  return name.get();
}

absl::StatusOr<MemoryFile> MakeMemoryFile(std::string_view bytes) {
  MemoryFile file{UniqueFd(::memfd_create("credentials", MFD_CLOEXEC))};
  if (!file.fd.valid()) return error::Unavailable("no memory for credentials: try again later");
  while (!bytes.empty()) {
    const ssize_t written = ::write(file.fd.get(), bytes.data(), bytes.size());
    if (written <= 0) return error::Unavailable("no memory for credentials: try again later");
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return file;
}

absl::StatusOr<CredentialCache> ReadCredentialCache(krb5_context context, std::string_view bytes,
                                                    const std::string& what) {
  absl::StatusOr<MemoryFile> file = MakeMemoryFile(bytes);
  if (!file.ok()) return file.status();
  Krb5OpenCache cache(context);
  Krb5Principal owner(context);
  const std::string name = "FILE:" + file->path();
  if (krb5_cc_resolve(context, name.c_str(), cache.out()) != 0 ||
      krb5_cc_get_principal(context, cache.get(), owner.out()) != 0) {
    return NoCache(what);
  }
  const std::string principal = NameOf(context, owner.get());
  auto found = FindTgt(context, cache.get(), owner.get(), what);
  if (!found.ok()) return found.status();
  std::optional<Krb5Creds>& ticket = *found;
  if (!ticket || principal.empty()) {
    return error::InvalidArgument(what + " has no ticket-granting ticket of its owner");
  }
  if (EndOf(**ticket) <= std::time(nullptr)) {
    return error::TokenRequired(what + " has ended: the tickets of " + principal +
                                " must be got anew");
  }
  return CredentialCache{principal, *std::move(ticket)};
}

}  // namespace bitsd::network
