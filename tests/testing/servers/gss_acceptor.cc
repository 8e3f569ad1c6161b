#include "tests/testing/servers/gss_acceptor.h"

#include <gssapi/gssapi_ext.h>

#include "absl/strings/escaping.h"

namespace bitsd::tests {
namespace {

absl::Status GssError(const char* what, OM_uint32 major, OM_uint32 minor) {
  std::string text = what;
  for (const auto& [code, type] : {std::pair(major, GSS_C_GSS_CODE), {minor, GSS_C_MECH_CODE}}) {
    OM_uint32 ignored = 0;
    OM_uint32 more = 0;
    gss_buffer_desc part = GSS_C_EMPTY_BUFFER;
    gss_display_status(&ignored, code, type, GSS_C_NO_OID, &more, &part);
    text += ": " + std::string(static_cast<const char*>(part.value), part.length);
    gss_release_buffer(&ignored, &part);
  }
  return absl::PermissionDeniedError(text);
}

}  // namespace

absl::StatusOr<std::unique_ptr<GssAcceptor>> GssAcceptor::Create(const std::string& keytab,
                                                                 const std::string& replay_cache) {
  std::unique_ptr<GssAcceptor> acceptor(new GssAcceptor());
  const std::string cache = "file2:" + replay_cache;
  gss_key_value_element_desc values[] = {{"keytab", keytab.c_str()}, {"rcache", cache.c_str()}};
  const gss_key_value_set_desc store{2, values};
  OM_uint32 minor = 0;
  const OM_uint32 major =
      gss_acquire_cred_from(&minor, GSS_C_NO_NAME, GSS_C_INDEFINITE, GSS_C_NO_OID_SET, GSS_C_ACCEPT,
                            &store, &acceptor->credential_, nullptr, nullptr);
  if (GSS_ERROR(major)) return GssError("acquiring the acceptor's key", major, minor);
  return acceptor;
}

GssAcceptor::~GssAcceptor() {
  OM_uint32 minor = 0;
  gss_release_cred(&minor, &credential_);
}

absl::StatusOr<std::string> GssAcceptor::Accept(const std::string& token) const {
  std::string bytes;
  if (!absl::Base64Unescape(token, &bytes)) return absl::InvalidArgumentError("no base64");
  gss_buffer_desc input{bytes.size(), bytes.data()};
  gss_buffer_desc output = GSS_C_EMPTY_BUFFER;
  gss_ctx_id_t context = GSS_C_NO_CONTEXT;
  gss_name_t client = GSS_C_NO_NAME;
  OM_uint32 minor = 0;
  const OM_uint32 major =
      gss_accept_sec_context(&minor, &context, credential_, &input, GSS_C_NO_CHANNEL_BINDINGS,
                             &client, nullptr, &output, nullptr, nullptr, nullptr);
  absl::StatusOr<std::string> result = GssError("refused", major, minor);
  OM_uint32 ignored = 0;
  gss_buffer_desc name = GSS_C_EMPTY_BUFFER;
  if (major == GSS_S_COMPLETE && gss_display_name(&ignored, client, &name, nullptr) == 0) {
    result = std::string(static_cast<const char*>(name.value), name.length);
  }
  gss_release_buffer(&ignored, &name);
  gss_release_buffer(&ignored, &output);
  gss_release_name(&ignored, &client);
  gss_delete_sec_context(&ignored, &context, GSS_C_NO_BUFFER);
  return result;
}

}  // namespace bitsd::tests
