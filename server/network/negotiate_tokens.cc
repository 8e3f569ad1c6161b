#include "server/network/negotiate_tokens.h"

#include <gssapi/gssapi_ext.h>
#include <gssapi/gssapi_krb5.h>

#include <ctime>
#include <string_view>
#include <utility>

#include "absl/strings/escaping.h"
#include "server/network/agent_wire.h"
#include "server/network/credential_cache.h"
#include "server/network/kerberos_errors.h"
#include "server/network/krb5_handles.h"

namespace bitsd::network {
namespace {

constexpr size_t kMaxServices = 64;
/// A ticket that ends sooner is not used: the token has a way to go.
constexpr int64_t kLeastLife = 2;

gss_OID_desc kSpnego = {6, const_cast<char*>("\x2b\x06\x01\x05\x05\x02")};

/// A buffer of GSS-API, overwritten and freed when it goes.
class GssBuffer {
 public:
  GssBuffer() = default;
  ~GssBuffer() {
    OM_uint32 minor = 0;
    if (value_.value != nullptr) explicit_bzero(value_.value, value_.length);
    gss_release_buffer(&minor, &value_);
  }
  GssBuffer(const GssBuffer&) = delete;
  GssBuffer& operator=(const GssBuffer&) = delete;
  gss_buffer_t get() { return &value_; }
  std::string_view view() const { return {static_cast<const char*>(value_.value), value_.length}; }

 private:
  gss_buffer_desc value_ = GSS_C_EMPTY_BUFFER;
};

absl::Status GssError(OM_uint32 major, OM_uint32 minor, const std::string& doing) {
  OM_uint32 ignored = 0;
  OM_uint32 more = 0;
  GssBuffer general;
  GssBuffer special;
  gss_display_status(&ignored, major, GSS_C_GSS_CODE, GSS_C_NO_OID, &more, general.get());
  more = 0;
  gss_display_status(&ignored, minor, GSS_C_MECH_CODE, gss_mech_krb5, &more, special.get());
  return UnusableCredentials(doing + ": " + std::string(general.view()) + " (" +
                             std::string(special.view()) + ")");
}

absl::StatusOr<gss_name_t> ImportPrincipal(const std::string& principal) {
  gss_buffer_desc text{principal.size(), const_cast<char*>(principal.data())};
  gss_name_t name = GSS_C_NO_NAME;
  OM_uint32 minor = 0;
  const OM_uint32 major = gss_import_name(&minor, &text, GSS_KRB5_NT_PRINCIPAL_NAME, &name);
  if (GSS_ERROR(major)) return GssError(major, minor, "naming " + principal);
  return name;
}

}  // namespace

absl::StatusOr<Secret> NegotiateTokens::Make(const std::string& host) {
  if (absl::Status status = UseTickets(); !status.ok()) return status;
  const absl::StatusOr<gss_name_t> service = ServiceFor(host);
  if (!service.ok()) return service.status();
  OM_uint32 minor = 0;
  gss_ctx_id_t context = GSS_C_NO_CONTEXT;
  GssBuffer token;
  const OM_uint32 major = gss_init_sec_context(&minor, credential_, &context, *service, &kSpnego, 0,
                                               0, GSS_C_NO_CHANNEL_BINDINGS, GSS_C_NO_BUFFER,
                                               nullptr, token.get(), nullptr, nullptr);
  OM_uint32 ignored = 0;
  gss_delete_sec_context(&ignored, &context, GSS_C_NO_BUFFER);
  if (GSS_ERROR(major)) return GssError(major, minor, "a token for HTTP@" + host);
  std::string text =
      absl::Base64Escape(absl::string_view(token.view().data(), token.view().size()));
  Secret result(text);
  WipeText(text);
  if (result.view().size() > kMaxToken) {
    return UnusableCredentials("the token for HTTP@" + host + " is too long");
  }
  return result;
}

absl::Status NegotiateTokens::UseTickets() {
  if (credential_ != GSS_C_NO_CREDENTIAL && generation_ == tickets_.generation()) {
    return absl::OkStatus();
  }
  Forget();
  gss_key_value_element_desc where{"ccache", tickets_.cache_name().c_str()};
  const gss_key_value_set_desc store{1, &where};
  gss_OID_set_desc spnego{1, &kSpnego};
  gss_OID_set_desc kerberos{1, gss_mech_krb5};
  OM_uint32 minor = 0;
  OM_uint32 major = gss_acquire_cred_from(&minor, GSS_C_NO_NAME, GSS_C_INDEFINITE, &spnego,
                                          GSS_C_INITIATE, &store, &credential_, nullptr, nullptr);
  if (!GSS_ERROR(major)) major = gss_set_neg_mechs(&minor, credential_, &kerberos);
  if (!GSS_ERROR(major)) {
    generation_ = tickets_.generation();
    return absl::OkStatus();
  }
  absl::Status status = GssError(major, minor, "using the tickets");
  Forget();
  return status;
}

absl::StatusOr<gss_name_t> NegotiateTokens::ServiceFor(const std::string& host) {
  const auto known = services_.find(host);
  if (known != services_.end() && std::time(nullptr) + kLeastLife <= known->second.until) {
    return known->second.name;
  }
  if (services_.size() >= kMaxServices) ForgetServices();
  Service service;
  if (absl::Status status = GetTicket(host, service); !status.ok()) return status;
  Service& place = services_[host];
  OM_uint32 minor = 0;
  if (place.name != GSS_C_NO_NAME) gss_release_name(&minor, &place.name);
  place = service;
  return place.name;
}

// With libkrb5 itself, whose errors say what is wrong; GSS-API finds the ticket afterwards.
absl::Status NegotiateTokens::GetTicket(const std::string& host, Service& service) const {
  const std::string doing = "a ticket for HTTP@" + host;
  Krb5Principal server(context_);
  krb5_error_code code =
      krb5_sname_to_principal(context_, host.c_str(), "HTTP", KRB5_NT_SRV_HST, server.out());
  if (code != 0) return KerberosError(context_, code, doing);
  Krb5Creds wanted(context_);
  code = krb5_copy_principal(context_, server.get(), &wanted->server);
  if (code == 0) code = krb5_cc_get_principal(context_, tickets_.cache(), &wanted->client);
  Krb5SharedCreds ticket(context_);
  if (code == 0) {
    code = krb5_get_credentials(context_, 0, tickets_.cache(), wanted.get(), ticket.out());
  }
  if (code != 0) return KerberosError(context_, code, doing);
  absl::StatusOr<gss_name_t> name = ImportPrincipal(NameOf(context_, ticket->server));
  if (!name.ok()) return name.status();
  service = {*name, EndOf(*ticket.get())};
  return absl::OkStatus();
}

void NegotiateTokens::Forget() {
  ForgetServices();
  OM_uint32 minor = 0;
  if (credential_ != GSS_C_NO_CREDENTIAL) gss_release_cred(&minor, &credential_);
}

void NegotiateTokens::ForgetServices() {
  OM_uint32 minor = 0;
  for (auto& [host, service] : services_) gss_release_name(&minor, &service.name);
  services_.clear();
}

}  // namespace bitsd::network
