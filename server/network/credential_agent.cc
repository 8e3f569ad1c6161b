#include "server/network/credential_agent.h"

#include <unistd.h>

#include <string>
#include <utility>

#include "server/error/errors.h"
#include "server/network/kerberos_errors.h"
#include "server/network/secret_files.h"

namespace bitsd::network {
namespace {

/// More tokens are not added to a reply of this size.
constexpr size_t kEnoughBytes = kMaxToken / 2;

krb5_context MakeContext() {
  krb5_context context = nullptr;
  return krb5_init_context(&context) == 0 ? context : nullptr;
}

}  // namespace

CredentialAgent::CredentialAgent(wire::OpenAgentRequest who)
    : who_(std::move(who)), context_(MakeContext()) {
  if (context_ == nullptr) return;
  tickets_ = std::make_unique<Tickets>(context_.get());
  tokens_ = std::make_unique<NegotiateTokens>(context_.get(), *tickets_);
  if (who_.kerberos) source_ = MakeDirectorySource(context_.get(), *who_.kerberos);
}

AgentReply CredentialAgent::Answer(const AgentRequest& request) {
  AgentReply reply;
  reply.number = request.number;
  switch (request.question) {
    case Question::kNegotiate: reply.status = Negotiate(request, reply); break;
    case Question::kNtlm: reply.status = Ntlm(reply); break;
    case Question::kTake: reply.status = Take(request, reply); break;
  }
  if (!reply.status.ok()) reply.answers.clear();
  return reply;
}

absl::Status CredentialAgent::Negotiate(const AgentRequest& request, AgentReply& reply) {
  if (context_ == nullptr) {
    return UnusableCredentials("libkrb5 cannot start: its configuration (krb5.conf) is malformed");
  }
  if (source_ == nullptr) return UnusableCredentials("there are no Kerberos credentials");
  if (absl::Status status = source_->Refresh(*tickets_); !status.ok()) return status;
  size_t bytes = 0;
  for (uint8_t i = 0; i < request.count && bytes < kEnoughBytes; ++i) {
    absl::StatusOr<Secret> token = tokens_->Make(request.host);
    if (!token.ok()) return i == 0 ? token.status() : absl::OkStatus();
    bytes += token->view().size();
    reply.answers.push_back(*std::move(token));
  }
  return absl::OkStatus();
}

// Read each time: it may have been changed.
absl::Status CredentialAgent::Ntlm(AgentReply& reply) const {
  if (!who_.ntlm) return UnusableCredentials("there is no NTLM login");
  absl::StatusOr<Secret> password = ReadPassword(who_.ntlm->password_file, ::geteuid());
  if (!password.ok()) return UnusableCredentials(std::string(password.status().message()));
  const std::string domain = who_.ntlm->domain.empty() ? "" : who_.ntlm->domain + "\\";
  reply.answers.emplace_back(domain + who_.ntlm->user);
  reply.answers.push_back(*std::move(password));
  return absl::OkStatus();
}

absl::Status CredentialAgent::Take(const AgentRequest& request, AgentReply& reply) {
  if (context_ == nullptr || !who_.delegated() || source_ != nullptr) {
    return error::InvalidArgument("this agent takes no delegated credentials");
  }
  std::string principal;
  auto source = MakeDelegatedSource(context_.get(), request.cache.view(), *tickets_, &principal);
  if (!source.ok()) return source.status();
  source_ = *std::move(source);
  reply.answers.emplace_back(principal);
  return absl::OkStatus();
}

std::optional<int64_t> CredentialAgent::wants_refresh_at() const {
  return source_ == nullptr ? std::nullopt : source_->wants_refresh_at(*tickets_);
}

void CredentialAgent::Refresh() {
  // Whoever asks next gets to hear what is wrong.
  if (source_ != nullptr) source_->Refresh(*tickets_).IgnoreError();
}

}  // namespace bitsd::network
