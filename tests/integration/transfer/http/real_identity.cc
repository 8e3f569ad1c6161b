#include "tests/integration/transfer/http/real_identity.h"

#include <gssapi/gssapi_ext.h>

#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace bitsd::tests {
namespace {

gss_OID_desc kSpnego = {6, const_cast<char*>("\x2b\x06\x01\x05\x05\x02")};
gss_OID_desc kKerberos = {9, const_cast<char*>("\x2a\x86\x48\x86\xf7\x12\x01\x02\x02")};

gss_name_t Import(const std::string& text, gss_OID type) {
  gss_buffer_desc buffer{text.size(), const_cast<char*>(text.data())};
  OM_uint32 minor = 0;
  gss_name_t name = GSS_C_NO_NAME;
  gss_import_name(&minor, &buffer, type, &name);
  return name;
}

gss_cred_id_t Acquire(gss_name_t name, const std::string& keytab, const std::string& cache) {
  gss_key_value_element_desc elements[2] = {{"client_keytab", keytab.c_str()},
                                            {"ccache", cache.c_str()}};
  const gss_key_value_set_desc store{2, elements};
  gss_OID_set_desc spnego{1, &kSpnego};
  gss_OID_set_desc kerberos{1, &kKerberos};
  gss_cred_id_t credential = GSS_C_NO_CREDENTIAL;
  OM_uint32 minor = 0;
  gss_acquire_cred_from(&minor, name, GSS_C_INDEFINITE, &spnego, GSS_C_INITIATE, &store,
                        &credential, nullptr, nullptr);
  gss_set_neg_mechs(&minor, credential, &kerberos);
  return credential;
}

}  // namespace

RealIdentity::~RealIdentity() {
  for (std::thread& thread : threads_) thread.join();
}

void RealIdentity::RunElsewhere(std::function<void()> task) {
  const std::lock_guard lock(mutex_);
  threads_.emplace_back(std::move(task));
}

void RealIdentity::Negotiate(std::string host,
                             std::function<void(absl::StatusOr<std::string>)> done) {
  RunElsewhere([this, host = std::move(host), done = std::move(done)] {
    ++tokens_;
    done(instead != nullptr ? instead(host) : Token(host));
  });
}

void RealIdentity::Ntlm(std::function<void(absl::StatusOr<NtlmLogin>)> done) {
  RunElsewhere([this, done = std::move(done)] { done(*login_); });
}

absl::StatusOr<std::string> RealIdentity::Token(const std::string& host) {
  // The tickets of one principal are got once.
  const std::lock_guard lock(tickets_mutex_);
  gss_name_t self = Import(principal_, GSS_C_NT_USER_NAME);
  gss_name_t server = Import("HTTP@" + host, GSS_C_NT_HOSTBASED_SERVICE);
  gss_cred_id_t credential = Acquire(self, "FILE:" + keytab_, absl::StrCat("MEMORY:", principal_));
  gss_ctx_id_t context = GSS_C_NO_CONTEXT;
  gss_buffer_desc token{};
  OM_uint32 minor = 0;
  const OM_uint32 major = gss_init_sec_context(&minor, credential, &context, server, &kSpnego, 0, 0,
                                               nullptr, nullptr, nullptr, &token, nullptr, nullptr);
  const std::string text(static_cast<const char*>(token.value), token.length);
  OM_uint32 ignored = 0;
  gss_release_buffer(&ignored, &token);
  gss_delete_sec_context(&ignored, &context, nullptr);
  gss_release_cred(&ignored, &credential);
  gss_release_name(&ignored, &server);
  gss_release_name(&ignored, &self);
  if (GSS_ERROR(major)) {
    return absl::InternalError(absl::StrCat("no token for ", host, ": ", major, "/", minor));
  }
  return absl::Base64Escape(text);
}

}  // namespace bitsd::tests
