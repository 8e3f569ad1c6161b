#include "tests/testing/credential_caches.h"

#include <krb5.h>

#include <cstdlib>
#include <functional>
#include <string_view>

#include "tests/testing/temp_folder.h"

namespace bitsd::tests {
namespace {

// What a test cannot go on without.
void Must(krb5_error_code code) {
  if (code != 0) std::abort();
}

/// libkrb5 for one function.
class Krb5 {
 public:
  Krb5() { Must(krb5_init_context(&context_)); }
  ~Krb5() { krb5_free_context(context_); }
  krb5_context get() const { return context_; }

  krb5_ccache Open(const std::string& path) const {
    krb5_ccache cache = nullptr;
    Must(krb5_cc_resolve(context_, ("FILE:" + path).c_str(), &cache));
    return cache;
  }
  krb5_ccache Make(const std::string& path, krb5_principal owner) const {
    krb5_ccache cache = Open(path);
    Must(krb5_cc_initialize(context_, cache, owner));
    return cache;
  }
  /// Every ticket of the cache `path`; not what it notes for itself.
  void ForEach(const std::string& path, const std::function<void(krb5_creds&)>& use) const {
    krb5_ccache cache = Open(path);
    krb5_cc_cursor cursor = nullptr;
    Must(krb5_cc_start_seq_get(context_, cache, &cursor));
    krb5_creds ticket{};
    while (krb5_cc_next_cred(context_, cache, &cursor, &ticket) == 0) {
      if (!krb5_is_config_principal(context_, ticket.server)) use(ticket);
      krb5_free_cred_contents(context_, &ticket);
      ticket = {};
    }
    Must(krb5_cc_end_seq_get(context_, cache, &cursor));
    krb5_cc_close(context_, cache);
  }
  /// Stores the tickets of `path` that `take` holds for in `to`, as those of `owner`.
  void CopyAs(const std::string& path, krb5_ccache to, krb5_principal owner,
              const std::function<bool(const krb5_creds&)>& take) const {
    ForEach(path, [&](krb5_creds& ticket) {
      if (!take(ticket)) return;
      krb5_principal client = ticket.client;
      ticket.client = owner;
      Must(krb5_cc_store_cred(context_, to, &ticket));
      ticket.client = client;
    });
  }
  krb5_principal OwnerOf(const std::string& path) const {
    krb5_ccache cache = Open(path);
    krb5_principal owner = nullptr;
    Must(krb5_cc_get_principal(context_, cache, &owner));
    krb5_cc_close(context_, cache);
    return owner;
  }

 private:
  krb5_context context_ = nullptr;
};

bool IsTgt(const krb5_creds& ticket) {
  const krb5_data& first = ticket.server->data[0];
  return std::string_view(first.data, first.length) == "krbtgt";
}

bool Any(const krb5_creds&) { return true; }

}  // namespace

std::string Relabelled(const std::string& path, const std::string& principal) {
  const TempFolder folder;
  const Krb5 krb5;
  krb5_principal owner = nullptr;
  Must(krb5_parse_name(krb5.get(), principal.c_str(), &owner));
  krb5_ccache made = krb5.Make(folder.File("cc"), owner);
  krb5.CopyAs(path, made, owner, Any);
  krb5_cc_close(krb5.get(), made);
  krb5_free_principal(krb5.get(), owner);
  return ReadFile(folder.File("cc"));
}

std::string Planted(const std::string& base, const std::string& more) {
  const TempFolder folder;
  const Krb5 krb5;
  krb5_principal owner = krb5.OwnerOf(base);
  krb5_ccache made = krb5.Make(folder.File("cc"), owner);
  krb5.CopyAs(more, made, owner, [](const krb5_creds& ticket) { return !IsTgt(ticket); });
  krb5.CopyAs(base, made, owner, Any);
  krb5_cc_close(krb5.get(), made);
  krb5_free_principal(krb5.get(), owner);
  return ReadFile(folder.File("cc"));
}

std::string WithoutTgt(const std::string& path) {
  const TempFolder folder;
  const Krb5 krb5;
  krb5_principal owner = krb5.OwnerOf(path);
  krb5_ccache made = krb5.Make(folder.File("cc"), owner);
  krb5.CopyAs(path, made, owner, [](const krb5_creds& ticket) { return !IsTgt(ticket); });
  krb5_cc_close(krb5.get(), made);
  krb5_free_principal(krb5.get(), owner);
  return ReadFile(folder.File("cc"));
}

std::string TgtKey(const std::string& path) {
  const Krb5 krb5;
  std::string key;
  krb5.ForEach(path, [&](krb5_creds& ticket) {
    if (!IsTgt(ticket)) return;
    key.assign(reinterpret_cast<const char*>(ticket.keyblock.contents), ticket.keyblock.length);
  });
  return key;
}

}  // namespace bitsd::tests
