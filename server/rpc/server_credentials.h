// gRPC's server credentials: mutual TLS, 1.2 or newer, with every client's chain verified.
//
// Verification is never relaxed to produce a nicer message: a chain that does not verify fails in
// the handshake. Thread safety: pure functions.

#ifndef BITSD_SERVER_RPC_SERVER_CREDENTIALS_H_
#define BITSD_SERVER_RPC_SERVER_CREDENTIALS_H_

#include <grpcpp/security/auth_metadata_processor.h>
#include <grpcpp/security/server_credentials.h>

#include <memory>

#include "server/rpc/tls_material.h"

namespace bitsd::rpc {

/// `material` has passed CheckTlsMaterial; `gate` sees every call.
std::shared_ptr<grpc::ServerCredentials> MakeServerCredentials(
    const TlsMaterial& material, const std::shared_ptr<grpc::AuthMetadataProcessor>& gate);

}  // namespace bitsd::rpc

#endif  // BITSD_SERVER_RPC_SERVER_CREDENTIALS_H_
