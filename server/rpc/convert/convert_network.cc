// The network side of a job, there and back.

#include "server/error/errors.h"
#include "server/rpc/convert/convert.h"

namespace bitsd::rpc {
namespace {

v1::ProxySettings ProxyOf(const NetworkSettings& settings) {
  v1::ProxySettings proxy;
  proxy.set_usage(ToProto(settings.proxy_usage));
  proxy.set_list(settings.proxy_list);
  proxy.set_bypass(settings.proxy_bypass);
  return proxy;
}

v1::JobCredential CredentialOf(const CredentialView& view) {
  v1::JobCredential credential;
  credential.set_target(ToProto(view.target));
  credential.set_scheme(ToProto(view.scheme));
  credential.set_implicit(view.implicit);
  credential.set_storage(ToProto(view.storage));
  return credential;
}

}  // namespace

v1::ProxyUsage ToProto(ProxyUsage usage) {
  return static_cast<v1::ProxyUsage>(static_cast<int>(usage) + 1);
}
v1::AuthTarget ToProto(AuthTarget target) { return static_cast<v1::AuthTarget>(target); }
v1::AuthScheme ToProto(AuthScheme scheme) { return static_cast<v1::AuthScheme>(scheme); }
v1::CredentialStorage ToProto(CredentialStorage storage) {
  return static_cast<v1::CredentialStorage>(storage);
}

void AddNetwork(const JobView& job, v1::Job* out) {
  static const NetworkSettings kNone;
  const NetworkSettings* const settings = job.record->network.get();
  *out->mutable_proxy_settings() = ProxyOf(settings == nullptr ? kNone : *settings);
  if (settings != nullptr) out->set_http_security_flags(settings->security_flags);
  for (const CredentialView& view : job.credentials) *out->add_credentials() = CredentialOf(view);
  if (!job.client_certificate) return;
  out->mutable_client_certificate()->set_certificate_path(job.client_certificate->certificate);
  out->mutable_client_certificate()->set_key_path(job.client_certificate->key);
}

AuthTarget ParseTarget(v1::AuthTarget target) { return static_cast<AuthTarget>(target); }
AuthScheme ParseScheme(v1::AuthScheme scheme) { return static_cast<AuthScheme>(scheme); }

JobCredential ParseCredential(const v1::SetCredentialsRequest& request) {
  return {ParseTarget(request.target()), ParseScheme(request.scheme()), request.user_name(),
          Secret(request.password())};
}

absl::StatusOr<ProxyUpdate> ParseProxy(const v1::ProxySettings& settings) {
  const v1::ProxyUsage usage = settings.usage();
  if (usage == v1::PROXY_USAGE_UNSPECIFIED || !v1::ProxyUsage_IsValid(usage)) {
    return error::NotImplemented("proxy_settings.usage is none that exists: set it.");
  }
  return ProxyUpdate{static_cast<ProxyUsage>(usage - 1), settings.list(), settings.bypass()};
}

}  // namespace bitsd::rpc
