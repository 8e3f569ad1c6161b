#include "server/rpc/server_credentials.h"

#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_credentials_options.h>

#include <vector>

namespace bitsd::rpc {

std::shared_ptr<grpc::ServerCredentials> MakeServerCredentials(
    const TlsMaterial& material, const std::shared_ptr<grpc::AuthMetadataProcessor>& gate) {
  namespace tls = grpc::experimental;
  const std::vector<tls::IdentityKeyCertPair> pairs = {
      {material.private_key, material.certificate_chain}};
  tls::TlsServerCredentialsOptions options(
      std::make_shared<tls::StaticDataCertificateProvider>(material.roots, pairs));
  options.watch_root_certs();
  options.watch_identity_key_cert_pairs();
  options.set_cert_request_type(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  // gRPC's own lowest version is TLS 1.2.
  std::shared_ptr<grpc::ServerCredentials> credentials = tls::TlsServerCredentials(options);
  if (credentials != nullptr) credentials->SetAuthMetadataProcessor(gate);
  return credentials;
}

}  // namespace bitsd::rpc
