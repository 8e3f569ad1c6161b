// As whom, over which connection and with which deadline a call goes: captured when it is made.
//
// Internal. Thread safety: a value; const methods may run at once. Ownership: keeps the caller and
// the connection for as long as the call needs them.

#ifndef BITSD_CLIENT_CONNECTION_CALL_ROUTE_H_
#define BITSD_CLIENT_CONNECTION_CALL_ROUTE_H_

#include <chrono>
#include <memory>
#include <optional>

#include "absl/status/statusor.h"
#include "bitsd/client/transport.h"
#include "client/identity/caller.h"

namespace bits {

struct CallRoute {
  std::shared_ptr<const Caller> caller;
  std::shared_ptr<Transport> transport;
  std::chrono::milliseconds deadline;
  /// A ScopedImpersonation decided, not the client's own identity.
  bool impersonated = false;

  /// For a call that begins now and answers once.
  CallContext Context() const { return Until(std::chrono::system_clock::now() + deadline); }

  /// For a call that ends by `end`, or when it is cancelled.
  CallContext Until(std::optional<CallContext::Time> end) const {
    return {caller->sid, caller->options, end};
  }

  /// One call under a context of the caller's, who may cancel it.
  template <typename Response>
  absl::StatusOr<Response> Call(CallContext& context, const Transport::Message& request) const {
    Response response;
    const absl::Status status = transport->Call(context, request, response);
    if (!status.ok()) return status;
    return response;
  }

  template <typename Response>
  absl::StatusOr<Response> Call(const Transport::Message& request) const {
    CallContext context = Context();
    return Call<Response>(context, request);
  }
};

}  // namespace bits

#endif  // BITSD_CLIENT_CONNECTION_CALL_ROUTE_H_
