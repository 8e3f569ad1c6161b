// Who makes a call: from the connection's certificate and the call's metadata to a Caller.
//
// The chain was verified by the handshake. What the identity may call is policy's method table.
// Thread safety: any thread; never blocks. Ownership: what the constructor is given must outlive
// it.

#ifndef BITSD_SERVER_RPC_AUTHENTICATOR_H_
#define BITSD_SERVER_RPC_AUTHENTICATOR_H_

#include <grpcpp/security/auth_context.h>
#include <grpcpp/support/server_callback.h>
#include <grpcpp/support/string_ref.h>

#include <functional>
#include <map>
#include <memory>
#include <string_view>

#include "absl/status/statusor.h"
#include "server/identity/identity_cache.h"
#include "server/job/job_service.h"
#include "server/ops/clock.h"
#include "server/rpc/calls_in_flight.h"
#include "server/rpc/refusal_log.h"
#include "server/session/session.h"

namespace bitsd::rpc {

using Metadata = std::multimap<grpc::string_ref, grpc::string_ref>;
using TokenPtr = std::shared_ptr<const AccessToken>;

class Authenticator {
 public:
  Authenticator(IdentityCache& identities, SessionTable& sessions, const Clock& clock,
                RefusalLog& refusals, CallsInFlight& calls)
      : identities_(identities),
        sessions_(sessions),
        clock_(clock),
        refusals_(refusals),
        calls_(calls) {}

  /// Those that are being answered.
  CallsInFlight& calls() const { return calls_; }

  /// The caller, if it may call the method `path`: UNAUTHENTICATED, E_ACCESSDENIED with
  /// method_denied, or what is wrong with the bits- metadata.
  absl::StatusOr<Caller> Authenticate(const grpc::CallbackServerContext& context,
                                      std::string_view path) const;

  /// Answers UNAUTHENTICATED with the reason once `caller`, who made the call of `context`, is no
  /// longer who it was: for calls that stay open. May be asked on any thread.
  std::function<absl::Status()> StandingOf(const grpc::CallbackServerContext& context,
                                           const Caller& caller) const;

  /// As Authenticate, without a session. Null for a refused identity at a method that is open to
  /// every verified peer.
  absl::StatusOr<TokenPtr> Judge(std::string_view path, const grpc::AuthContext& peer,
                                 const Metadata& metadata) const;

  /// Writes to the audit log that `path` was refused, if `status` is a refusal.
  void NoteRefusal(const grpc::AuthContext& peer, std::string_view path,
                   const absl::Status& status) const;
  void NoteRefusal(const grpc::CallbackServerContext& context, std::string_view path,
                   const absl::Status& status) const;

 private:
  std::shared_ptr<const PeerIdentity> Identify(const grpc::AuthContext& peer) const;

  IdentityCache& identities_;
  SessionTable& sessions_;
  const Clock& clock_;
  RefusalLog& refusals_;
  CallsInFlight& calls_;
};

}  // namespace bitsd::rpc

#endif  // BITSD_SERVER_RPC_AUTHENTICATOR_H_
