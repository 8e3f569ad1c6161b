// What the copies of a Client share: its own identity, its transports, and who a call goes out as.
//
// Internal. Thread safety: all methods may be called at once. Ownership: shared by clients; calls
// and streams hold only their own route.

#ifndef BITSD_CLIENT_CALLS_CORE_H_
#define BITSD_CLIENT_CALLS_CORE_H_

#include <memory>
#include <string>

#include "bitsd/client/client.h"
#include "client/connection/call_route.h"
#include "client/connection/connection_pool.h"

namespace bits {

class BITS_HIDDEN Client::Core {
 public:
  Core(const ClientOptions& options, std::shared_ptr<const Caller> own);
  /// Whoever a call goes out as, it goes over `transport`.
  Core(std::shared_ptr<Transport> transport, std::shared_ptr<const Caller> own);
  /// The same connections and settings; calls of the client's own go out as `own`, who has the
  /// identity of `other`.
  Core(const Core& other, std::shared_ptr<const Caller> own);

  const std::string& sid() const { return own_.caller->sid; }
  const Caller& own() const { return *own_.caller; }

  /// The route of a call that this thread makes now.
  CallRoute Capture() const;

  /// The same over a connection of its own, which ends with the route: for what is secret.
  CallRoute CaptureAlone() const;

  /// One call, as whoever this thread is now.
  template <typename Response>
  absl::StatusOr<Response> Call(const Transport::Message& request) const {
    return Capture().Call<Response>(request);
  }

 private:
  const Cloaking cloaking_;
  const ConnectionOptions connection_options_;
  const CallRoute own_;
  const std::shared_ptr<ConnectionPool> pool_;  ///< Null: own_.transport serves everybody.
};

}  // namespace bits

#endif  // BITSD_CLIENT_CALLS_CORE_H_
