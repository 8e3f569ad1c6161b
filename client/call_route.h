// As whom, over which connection and with which deadline a call goes: captured when it is made.
//
// Internal. Thread safety: a value; const methods may run at once. Ownership: keeps the caller and
// the connection for as long as the call needs them.

#ifndef BITSD_CLIENT_CALL_ROUTE_H_
#define BITSD_CLIENT_CALL_ROUTE_H_

#include <grpcpp/client_context.h>

#include <chrono>
#include <memory>

#include "absl/status/statusor.h"
#include "client/caller.h"
#include "client/connection.h"

namespace bits {

struct CallRoute {
  std::shared_ptr<const Caller> caller;
  std::shared_ptr<const Connection> connection;
  std::chrono::milliseconds deadline;
  /// A ScopedImpersonation decided, not the client's own identity.
  bool impersonated = false;

  /// Puts the metadata that describes the caller's token on a call.
  void Describe(grpc::ClientContext& context) const {
    for (const auto& [key, value] : caller->Metadata()) context.AddMetadata(key, value);
  }

  /// The same, and the deadline of a call that answers once.
  void Prepare(grpc::ClientContext& context) const {
    Describe(context);
    context.set_deadline(std::chrono::system_clock::now() + deadline);
  }

  /// One call under a context of the caller's, who may cancel it: `(stub.*method)(request)`.
  template <typename Stub, typename Request, typename Response>
  absl::StatusOr<Response> Call(grpc::ClientContext& context, Stub& stub,
                                grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&,
                                                             Response*),
                                const Request& request) const {
    Prepare(context);
    Response response;
    const grpc::Status status = (stub.*method)(&context, request, &response);
    if (!status.ok()) return FromGrpc(status);
    return response;
  }
};

}  // namespace bits

#endif  // BITSD_CLIENT_CALL_ROUTE_H_
