#include "server/rpc/authenticator.h"

#include <grpc/grpc_security_constants.h>
#include <grpcpp/server_context.h>

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

absl::StatusOr<TokenPtr> Authenticator::Judge(std::string_view path, const grpc::AuthContext& peer,
                                              const Metadata& metadata) const {
  const auto identity = identities_.Lookup(Property(peer, GRPC_X509_PEM_CERT_PROPERTY_NAME),
                                           Property(peer, GRPC_X509_PEM_CERT_CHAIN_PROPERTY_NAME));
  const absl::Time now = clock_.Now();
  const absl::Status refusal = identity->Check(now);
  if (!refusal.ok()) {
    if (absl::Status status = policy::MayCall(path, nullptr, refusal); !status.ok()) return status;
  }
  const absl::StatusOr<CallMetadata> asked = ParseMetadata(metadata);
  if (!asked.ok()) return asked.status();
  if (!refusal.ok()) return TokenPtr();
  absl::StatusOr<TokenPtr> token = identity->Token(asked->filter_administrators, asked->level, now);
  if (!token.ok()) return token;
  if (absl::Status status = policy::MayCall(path, token->get(), refusal); !status.ok()) {
    return status;
  }
  return token;
}

absl::StatusOr<Caller> Authenticator::Authenticate(const grpc::CallbackServerContext& context,
                                                   std::string_view path) const {
  const std::shared_ptr<const grpc::AuthContext> peer = context.auth_context();
  absl::StatusOr<TokenPtr> token = Judge(path, *peer, context.client_metadata());
  if (!token.ok()) return token.status();
  if (*token == nullptr) return error::Unauthenticated("The caller has no accepted identity.");
  std::shared_ptr<Session> session = sessions_.Default((*token)->user);
  return Caller{*std::move(token), std::move(session)};
}

}  // namespace bitsd::rpc
