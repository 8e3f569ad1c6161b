#include "server/rpc/caller/authenticator.h"

#include <grpc/grpc_security_constants.h>
#include <grpcpp/server_context.h>
#include <openssl/sha.h>

#include <utility>
#include <vector>

#include "server/error/errors.h"
#include "server/identity/call_metadata.h"
#include "server/policy/method_table.h"

namespace bitsd::rpc {
namespace {

std::string_view View(const grpc::string_ref& text) { return {text.data(), text.size()}; }

absl::StatusOr<CallMetadata> ParseMetadata(const Metadata& metadata) {
  CallMetadataParser parser;
  for (const auto& [key, value] : metadata) parser.Add(View(key), View(value));
  return parser.Finish();
}

/// The one value of a property; empty when there is none, or more than one.
std::string_view Property(const grpc::AuthContext& peer, const char* name) {
  const std::vector<grpc::string_ref> values = peer.FindPropertyValues(name);
  return values.size() == 1 ? View(values.front()) : std::string_view();
}

}  // namespace

absl::StatusOr<Authenticator::Judged> Authenticator::Judge(std::string_view path,
                                                           const grpc::AuthContext& peer,
                                                           const Metadata& metadata) const {
  const auto identity = Identify(peer);
  const absl::Time now = clock_.Now();
  const absl::Status refusal = identity->Check(now);
  if (!refusal.ok()) {
    if (absl::Status status = policy::MayCall(path, nullptr, refusal); !status.ok()) return status;
  }
  const absl::StatusOr<CallMetadata> asked = ParseMetadata(metadata);
  if (!asked.ok()) return asked.status();
  if (!refusal.ok()) return Judged();
  absl::StatusOr<TokenPtr> token = identity->Token(asked->filter_administrators, asked->level, now);
  if (!token.ok()) return token.status();
  if (absl::Status status = policy::MayCall(path, token->get(), refusal); !status.ok()) {
    return status;
  }
  return Judged{*std::move(token), asked->session};
}

std::function<absl::Status()> Authenticator::IdentityStandingOf(
    const grpc::CallbackServerContext& context) const {
  return [this, peer = context.auth_context()] { return Identify(*peer)->Check(clock_.Now()); };
}

std::function<absl::Status()> Authenticator::StandingOf(const grpc::CallbackServerContext& context,
                                                        const Caller& caller) const {
  return [this, identity = IdentityStandingOf(context), session = caller.session,
          use = std::make_shared<Session::Use>(caller.session)]() -> absl::Status {
    if (absl::Status status = identity(); !status.ok()) return status;
    if (session->facts().is_default) sessions_.Renew(session).IgnoreError();
    if (session->is_open()) return absl::OkStatus();
    return error::Unauthenticated(
        "Your logon session ended or your account was changed. Call again to go on as you are "
        "now.");
  };
}

std::shared_ptr<const PeerIdentity> Authenticator::Identify(const grpc::AuthContext& peer) const {
  return identities_.Lookup(Property(peer, GRPC_X509_PEM_CERT_PROPERTY_NAME),
                            Property(peer, GRPC_X509_PEM_CERT_CHAIN_PROPERTY_NAME));
}

absl::StatusOr<Authenticator::Judged> Authenticator::JudgeCall(
    const grpc::CallbackServerContext& context, std::string_view path) const {
  const std::shared_ptr<const grpc::AuthContext> peer = context.auth_context();
  absl::StatusOr<Judged> judged = Judge(path, *peer, context.client_metadata());
  if (judged.ok() && judged->token == nullptr) {
    return error::Unauthenticated("The caller has no accepted identity.");
  }
  return judged;
}

absl::StatusOr<Caller> Authenticator::Authenticate(const grpc::CallbackServerContext& context,
                                                   std::string_view path) const {
  while (true) {
    const uint64_t generation = identities_.generation();
    absl::StatusOr<Judged> judged = JudgeCall(context, path);
    if (!judged.ok()) return judged.status();
    absl::StatusOr<SessionPtr> session = sessions_.ForCall(*judged->token, judged->session);
    if (!session.ok()) return session.status();
    // A reload renews the identities first and ends the sessions of whom it changed second: a token
    // of the old generation must not come with a session that is made after that.
    if (identities_.generation() != generation) continue;
    return Caller{std::move(judged->token), *std::move(session)};
  }
}

absl::StatusOr<Caller> Authenticator::AuthenticateWithoutSession(
    const grpc::CallbackServerContext& context, std::string_view path) const {
  absl::StatusOr<Judged> judged = JudgeCall(context, path);
  if (!judged.ok()) return judged.status();
  absl::Status named = sessions_.CheckNamed(*judged->token, judged->session);
  if (!named.ok()) return named;
  return Caller{std::move(judged->token), nullptr};
}

CallerKey Authenticator::KeyOf(const grpc::AuthContext& peer) const {
  const auto identity = Identify(peer);
  if (identity->Check(clock_.Now()).ok() && identity->sid()) return {*identity->sid(), ""};
  const std::string_view pem = Property(peer, GRPC_X509_PEM_CERT_PROPERTY_NAME);
  std::string fingerprint(SHA256_DIGEST_LENGTH, '\0');
  SHA256(reinterpret_cast<const unsigned char*>(pem.data()), pem.size(),
         reinterpret_cast<unsigned char*>(fingerprint.data()));
  return {Sid(), std::move(fingerprint)};
}

CallerKey Authenticator::KeyOf(const grpc::CallbackServerContext& context,
                               const absl::StatusOr<Caller>& caller) const {
  return caller.ok() ? CallerKey{caller->token->user, ""} : KeyOf(*context.auth_context());
}

absl::Status Authenticator::NotePeer(const grpc::ServerContextBase& context,
                                     const grpc::AuthContext& peer) const {
  const auto identity = Identify(peer);
  const bool accepted = !identity->refused() && identity->sid();
  return connections_.Called(ConnectionOf(context.peer()), accepted ? &*identity->sid() : nullptr,
                             0);
}

absl::Status Authenticator::TakeRequest(const grpc::CallbackServerContext& context,
                                        const Caller* caller, size_t bytes) const {
  for (const auto& [key, value] : context.client_metadata()) bytes += key.size() + value.size();
  return connections_.Called(ConnectionOf(context.peer()),
                             caller == nullptr ? nullptr : &caller->token->user, bytes);
}

void Authenticator::NoteRefusal(const grpc::AuthContext& peer, std::string_view path,
                                const absl::Status& status, const std::string& address) const {
  if (!RefusalLog::IsRefusal(status)) return;
  refusals_.Add(path,
                {Identify(peer)->sid(), Property(peer, GRPC_X509_PEM_CERT_PROPERTY_NAME), address},
                status);
}

void Authenticator::NoteRefusal(const grpc::CallbackServerContext& context, std::string_view path,
                                const absl::Status& status) const {
  if (!RefusalLog::IsRefusal(status)) return;
  NoteRefusal(*context.auth_context(), path, status, ConnectionOf(context.peer()));
}

}  // namespace bitsd::rpc
