#include "server/network/ticket_sources.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <utility>

#include "server/base/file_stamps.h"
#include "server/base/secret.h"
#include "server/error/errors.h"
#include "server/network/credential_cache.h"
#include "server/network/kerberos_errors.h"
#include "server/network/secret_files.h"

namespace bitsd::network {
namespace {

/// A KDC that could not renew is asked again after this many seconds.
constexpr int64_t kRenewAgain = 20;

absl::StatusOr<Secret> ReadSecretFile(const std::string& path, size_t max_bytes) {
  absl::StatusOr<Secret> content = ReadSecret(path, ::geteuid(), max_bytes);
  if (content.ok()) return content;
  return UnusableCredentials(std::string(content.status().message()));
}

class KeytabSource : public TicketSource {
 public:
  KeytabSource(krb5_context context, KerberosAccount account)
      : context_(context), account_(std::move(account)) {}

  absl::Status Refresh(Tickets& tickets) override {
    const bool later = !tickets.due() || std::time(nullptr) < not_before_;
    if (tickets.usable() && later) return absl::OkStatus();
    absl::Status status = Get(tickets);
    not_before_ = status.ok() ? 0 : std::time(nullptr) + kRenewAgain;
    return tickets.usable() ? absl::OkStatus() : status;
  }

 private:
  // The file is read each time: it may have been replaced.
  absl::Status Get(Tickets& tickets) const {
    const absl::StatusOr<Secret> content = ReadSecretFile(account_.keytab, kMaxSecretFile);
    if (!content.ok()) return content.status();
    absl::StatusOr<MemoryFile> file = MakeMemoryFile(content->view());
    if (!file.ok()) return file.status();
    Krb5Keytab keytab(context_);
    Krb5Principal principal(context_);
    Krb5InitOptions options(context_);
    const std::string name = "FILE:" + file->path();
    krb5_error_code code = krb5_kt_resolve(context_, name.c_str(), keytab.out());
    if (code == 0) {
      code = krb5_parse_name(context_, account_.principal.c_str(), principal.out());
    }
    if (code == 0) code = krb5_get_init_creds_opt_alloc(context_, options.out());
    if (code != 0) return Failed(code);
    krb5_get_init_creds_opt_set_forwardable(options.get(), 0);
    krb5_get_init_creds_opt_set_proxiable(options.get(), 0);
    krb5_get_init_creds_opt_set_canonicalize(options.get(), 0);
    Krb5Creds ticket(context_);
    code = krb5_get_init_creds_keytab(context_, ticket.get(), principal.get(), keytab.get(), 0,
                                      nullptr, options.get());
    if (code != 0) return Failed(code);
    return tickets.Replace(std::move(ticket));
  }

  absl::Status Failed(krb5_error_code code) const {
    return KerberosError(context_, code,
                         "tickets for " + account_.principal + " with " + account_.keytab);
  }

  krb5_context context_;
  const KerberosAccount account_;
  int64_t not_before_ = 0;
};

class CacheFileSource : public TicketSource {
 public:
  CacheFileSource(krb5_context context, KerberosAccount account)
      : context_(context), account_(std::move(account)), stamps_({account_.credential_cache}) {}

  absl::Status Refresh(Tickets& tickets) override {
    if (stamps_.Changed()) last_ = Read(tickets);
    // Whoever writes it anew may be at it just now.
    if (tickets.usable()) return absl::OkStatus();
    if (!last_.ok()) return last_;
    return error::TokenRequired("the tickets in " + account_.credential_cache +
                                " have ended: whoever keeps it must renew them");
  }

 private:
  absl::Status Read(Tickets& tickets) const {
    if (::access(account_.credential_cache.c_str(), F_OK) != 0 && errno == ENOENT) {
      return error::TokenRequired(account_.credential_cache +
                                  " is not there: whoever keeps it must write it");
    }
    const absl::StatusOr<Secret> content =
        ReadSecretFile(account_.credential_cache, kMaxSecretFile);
    if (!content.ok()) return content.status();
    auto cache = ReadCredentialCache(context_, content->view(), account_.credential_cache);
    if (!cache.ok()) return Unusable(cache.status());
    if (cache->principal != account_.principal) {
      return UnusableCredentials(account_.credential_cache + " has the tickets of " +
                                 cache->principal + ", not of " + account_.principal);
    }
    return tickets.Replace(std::move(cache->ticket));
  }

  static absl::Status Unusable(const absl::Status& status) {
    if (DetailOf(status).hresult != Hresult::kInvalidArgument) return status;
    return UnusableCredentials(std::string(status.message()));
  }

  krb5_context context_;
  const KerberosAccount account_;
  FileStamps stamps_;
  absl::Status last_;
};

class DelegatedSource : public TicketSource {
 public:
  DelegatedSource(krb5_context context, std::string principal)
      : context_(context), principal_(std::move(principal)) {}

  absl::Status Refresh(Tickets& tickets) override {
    if (!tickets.usable()) {
      return error::TokenRequired("the delegated tickets of " + principal_ + " have ended");
    }
    const int64_t now = std::time(nullptr);
    if (tickets.due() && now >= not_before_ && now < tickets.renewable_until()) Renew(tickets);
    return absl::OkStatus();
  }

  std::optional<int64_t> wants_refresh_at(const Tickets& tickets) const override {
    const int64_t at = std::max(tickets.due_at(), not_before_);
    if (!tickets.usable() || at >= tickets.renewable_until()) return std::nullopt;
    return at;
  }

 private:
  // Nothing is lost when it fails: the ticket is good until its end.
  void Renew(Tickets& tickets) {
    Krb5Principal principal(context_);
    Krb5Creds ticket(context_);
    const bool renewed = krb5_parse_name(context_, principal_.c_str(), principal.out()) == 0 &&
                         krb5_get_renewed_creds(context_, ticket.get(), principal.get(),
                                                tickets.cache(), nullptr) == 0 &&
                         krb5_principal_compare(context_, ticket->client, principal.get());
    const bool replaced = renewed && tickets.Replace(std::move(ticket)).ok();
    // Counted from the end of the attempt, which may have waited for long.
    not_before_ = replaced ? 0 : std::time(nullptr) + kRenewAgain;
  }

  krb5_context context_;
  const std::string principal_;
  int64_t not_before_ = 0;
};

}  // namespace

std::unique_ptr<TicketSource> MakeDirectorySource(krb5_context context,
                                                  const KerberosAccount& account) {
  if (!account.keytab.empty()) return std::make_unique<KeytabSource>(context, account);
  return std::make_unique<CacheFileSource>(context, account);
}

absl::StatusOr<std::unique_ptr<TicketSource>> MakeDelegatedSource(krb5_context context,
                                                                  std::string_view cache,
                                                                  Tickets& tickets,
                                                                  std::string* principal) {
  auto read = ReadCredentialCache(context, cache, "the delegated credential cache");
  if (!read.ok()) return error::InvalidArgument(std::string(read.status().message()));
  absl::Status status = tickets.Replace(std::move(read->ticket));
  if (!status.ok()) return status;
  *principal = read->principal;
  return std::make_unique<DelegatedSource>(context, read->principal);
}

}  // namespace bitsd::network
