#include "server/rpc/tls/server_credentials.h"

#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_credentials_options.h>

namespace bitsd::rpc {
namespace {

constexpr unsigned int kRefreshSeconds = 1;  // gRPC takes no less.

}  // namespace

std::shared_ptr<grpc::ServerCredentials> MakeServerCredentials(
    const TlsHandover& handover, const std::shared_ptr<grpc::AuthMetadataProcessor>& gate) {
  namespace tls = grpc::experimental;
  tls::TlsServerCredentialsOptions options(std::make_shared<tls::FileWatcherCertificateProvider>(
      handover.pair_path(), handover.pair_path(), handover.roots_path(), kRefreshSeconds));
  options.watch_root_certs();
  options.watch_identity_key_cert_pairs();
  options.set_cert_request_type(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  // gRPC's own lowest version is TLS 1.2.
  std::shared_ptr<grpc::ServerCredentials> credentials = tls::TlsServerCredentials(options);
  if (credentials != nullptr) credentials->SetAuthMetadataProcessor(gate);
  return credentials;
}

}  // namespace bitsd::rpc
