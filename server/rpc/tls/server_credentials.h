// gRPC's server credentials: mutual TLS, 1.2 or newer, with every client's chain verified.
//
// Verification is never relaxed to produce a nicer message: a chain that does not verify fails in
// the handshake. Thread safety: pure functions.

#ifndef BITSD_SERVER_RPC_TLS_SERVER_CREDENTIALS_H_
#define BITSD_SERVER_RPC_TLS_SERVER_CREDENTIALS_H_

#include <grpcpp/security/auth_metadata_processor.h>
#include <grpcpp/security/server_credentials.h>

#include <memory>

#include "server/rpc/tls/tls_handover.h"

namespace bitsd::rpc {

/// What `handover` holds is used within a second, without an end to connections; `gate` sees every
/// call. The handover must outlive the server.
std::shared_ptr<grpc::ServerCredentials> MakeServerCredentials(
    const TlsHandover& handover, const std::shared_ptr<grpc::AuthMetadataProcessor>& gate);

}  // namespace bitsd::rpc

#endif  // BITSD_SERVER_RPC_TLS_SERVER_CREDENTIALS_H_
