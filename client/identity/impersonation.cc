#include "bitsd/client/impersonation.h"

#include <cstdio>
#include <cstdlib>
#include <utility>

#include "bitsd/client/logon_session.h"
#include "client/identity/caller.h"

namespace bits {
namespace {

// The youngest living scope of this thread; each knows the one it was opened in.
thread_local ScopedImpersonation* innermost = nullptr;

}  // namespace

absl::StatusOr<ImpersonationToken> ImpersonationToken::Create(Identity identity,
                                                              ImpersonationOptions options) {
  auto caller = MakeCaller(std::move(identity), std::move(options));
  if (!caller.ok()) return caller.status();
  return ImpersonationToken(*std::move(caller));
}

ImpersonationToken::ImpersonationToken(std::shared_ptr<const Caller> caller)
    : caller_(std::move(caller)) {}

const std::string& ImpersonationToken::sid() const { return caller_->sid; }

absl::StatusOr<ImpersonationToken> ImpersonationToken::InSession(
    const LogonSession& session) const {
  if (absl::Status status = CheckSession(sid(), session); !status.ok()) return status;
  return ImpersonationToken(bits::InSession(*caller_, session.id()));
}

ScopedImpersonation::ScopedImpersonation(ImpersonationToken token)
    : token_(std::move(token)), outer_(innermost) {
  innermost = this;
}

ScopedImpersonation::~ScopedImpersonation() {
  ScopedImpersonation** at = &innermost;
  while (*at != nullptr && *at != this) at = &(*at)->outer_;
  if (*at == nullptr) {
    std::fputs("bits::ScopedImpersonation ended on another thread than it began on\n", stderr);
    std::abort();
  }
  *at = outer_;
}

std::optional<ImpersonationToken> ScopedImpersonation::Current() {
  if (innermost == nullptr) return std::nullopt;
  return innermost->token_;
}

std::shared_ptr<const Caller> ThreadCaller() {
  const auto token = ScopedImpersonation::Current();
  return token ? TokenAccess::CallerOf(*token) : nullptr;
}

std::shared_ptr<const Caller> TokenAccess::CallerOf(const ImpersonationToken& token) {
  return token.caller_;
}

ImpersonationToken TokenAccess::TokenOf(std::shared_ptr<const Caller> caller) {
  return ImpersonationToken(std::move(caller));
}

}  // namespace bits
