// What the copies of a Client share: its own identity, its connections, and who a call goes out as.
//
// Internal. Thread safety: all methods may be called at once. Ownership: shared by clients; calls
// and streams hold only their own route.

#ifndef BITSD_CLIENT_CORE_H_
#define BITSD_CLIENT_CORE_H_

#include <memory>
#include <string>

#include "bitsd/client/client.h"
#include "client/call_route.h"
#include "client/connection_pool.h"

namespace bits {

class BITS_HIDDEN Client::Core {
 public:
  Core(const ClientOptions& options, std::shared_ptr<const Caller> own);
  /// The same connections and settings; calls of the client's own go out as `own`, who has the
  /// identity of `other`.
  Core(const Core& other, std::shared_ptr<const Caller> own);

  const std::string& sid() const { return own_.caller->sid; }
  const Caller& own() const { return *own_.caller; }

  /// The route of a call that this thread makes now.
  CallRoute Capture() const;

  /// The same over a connection of its own, which ends with the route: for what is secret.
  CallRoute CaptureAlone() const;

  /// One call, as whoever this thread is now: `(stub.*method)(request)`, the stub chosen by `stub`.
  template <typename Stub, typename Request, typename Response>
  absl::StatusOr<Response> Call(Stub& (Connection::*stub)() const,
                                grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&,
                                                             Response*),
                                const Request& request) const {
    const CallRoute route = Capture();
    grpc::ClientContext context;
    return route.Call(context, ((*route.connection).*stub)(), method, request);
  }

 private:
  const Cloaking cloaking_;
  const ConnectionOptions connection_options_;
  const CallRoute own_;
  const std::shared_ptr<ConnectionPool> pool_;
};

}  // namespace bits

#endif  // BITSD_CLIENT_CORE_H_
