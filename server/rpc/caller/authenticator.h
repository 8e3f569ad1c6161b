// Who makes a call: from the connection's certificate and the call's metadata to a Caller.
//
// The chain was verified by the handshake. What the identity may call is policy's method table.
// Thread safety: any thread; never blocks. Ownership: what the constructor is given must outlive
// it.

#ifndef BITSD_SERVER_RPC_CALLER_AUTHENTICATOR_H_
#define BITSD_SERVER_RPC_CALLER_AUTHENTICATOR_H_

#include <grpcpp/security/auth_context.h>
#include <grpcpp/support/server_callback.h>
#include <grpcpp/support/string_ref.h>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string_view>

#include "absl/status/statusor.h"
#include "server/base/clock.h"
#include "server/identity/identity_cache.h"
#include "server/job/service/caller.h"
#include "server/rpc/caller/answer_budget.h"
#include "server/rpc/caller/caller_key.h"
#include "server/rpc/caller/calls_in_flight.h"
#include "server/rpc/caller/refusal_log.h"
#include "server/rpc/door/connection_table.h"
#include "server/session/session_table.h"

namespace bitsd::rpc {

using Metadata = std::multimap<grpc::string_ref, grpc::string_ref>;
using TokenPtr = std::shared_ptr<const AccessToken>;

class Authenticator {
 public:
  Authenticator(IdentityCache& identities, SessionTable& sessions, const Clock& clock,
                RefusalLog& refusals, CallsInFlight& calls, ConnectionTable& connections,
                AnswerBudget& answers)
      : identities_(identities),
        sessions_(sessions),
        clock_(clock),
        refusals_(refusals),
        calls_(calls),
        connections_(connections),
        answers_(answers) {}

  /// Those that are being answered.
  CallsInFlight& calls() const { return calls_; }
  /// What waits to be read.
  AnswerBudget& answers() const { return answers_; }
  const Clock& clock() const { return clock_; }

  /// The caller, if it may call the method `path`: UNAUTHENTICATED, E_ACCESSDENIED with
  /// method_denied, or what is wrong with the bits- metadata.
  absl::StatusOr<Caller> Authenticate(const grpc::CallbackServerContext& context,
                                      std::string_view path) const;

  /// Counts a request of `bytes` on its connection; `caller` is null when it is not accepted.
  /// E_OUTOFMEMORY when the caller has too many connections.
  absl::Status TakeRequest(const grpc::CallbackServerContext& context, const Caller* caller,
                           size_t bytes) const;

  /// As Authenticate, for calls about sessions: they are made in none.
  absl::StatusOr<Caller> AuthenticateWithoutSession(const grpc::CallbackServerContext& context,
                                                    std::string_view path) const;

  /// Rises with every reload: who was judged before must be judged again.
  uint64_t generation() const { return identities_.generation(); }

  /// Answers UNAUTHENTICATED with the reason once the identity behind `context` no longer stands.
  std::function<absl::Status()> IdentityStandingOf(
      const grpc::CallbackServerContext& context) const;

  /// As IdentityStandingOf, and once the session of `caller`, who made the call of `context`, has
  /// ended: for calls that stay open. While it lives, and whenever it is asked, the session is
  /// renewed. May be asked on any thread.
  std::function<absl::Status()> StandingOf(const grpc::CallbackServerContext& context,
                                           const Caller& caller) const;

  struct Judged {
    TokenPtr token;  ///< Null for a refused identity at a method open to every verified peer.
    std::optional<SessionId> session;
  };
  /// As Authenticate, without looking at sessions.
  absl::StatusOr<Judged> Judge(std::string_view path, const grpc::AuthContext& peer,
                               const Metadata& metadata) const;

  /// Whom the certificate of the connection names, accepted or not.
  std::shared_ptr<const PeerIdentity> Identify(const grpc::AuthContext& peer) const;

  /// For whom what `peer` makes us keep is counted.
  CallerKey KeyOf(const grpc::AuthContext& peer) const;
  /// The same, of `caller`, who made the call of `context`.
  CallerKey KeyOf(const grpc::CallbackServerContext& context,
                  const absl::StatusOr<Caller>& caller) const;

  /// As TakeRequest, for calls of services that are not ours.
  absl::Status NotePeer(const grpc::ServerContextBase& context,
                        const grpc::AuthContext& peer) const;

  /// Writes to the audit log that `path` was refused, if `status` is a refusal.
  void NoteRefusal(const grpc::AuthContext& peer, std::string_view path, const absl::Status& status,
                   const std::string& address = "") const;
  void NoteRefusal(const grpc::CallbackServerContext& context, std::string_view path,
                   const absl::Status& status) const;

 private:
  absl::StatusOr<Judged> JudgeCall(const grpc::CallbackServerContext& context,
                                   std::string_view path) const;

  IdentityCache& identities_;
  SessionTable& sessions_;
  const Clock& clock_;
  RefusalLog& refusals_;
  CallsInFlight& calls_;
  ConnectionTable& connections_;
  AnswerBudget& answers_;
};

}  // namespace bitsd::rpc

#endif  // BITSD_SERVER_RPC_CALLER_AUTHENTICATOR_H_
