// Acting as somebody else for a while, as COM's impersonation and dynamic cloaking.
//
//   auto token = bits::ImpersonationToken::Create(alices_identity);       // once; checks it
//   auto handle = client.QueryInterface(job_id, token->sid());            // as the client's owner
//   {
//     bits::ScopedImpersonation as_alice(*token);
//     client.SetHelperToken(*handle, token->sid());                       // as alice
//   }
//   client.Resume(job_id);                                                // as the owner again
//
// Every call of a Client with Cloaking::kDynamic that is made on this thread while the scope lives
// goes out as the token's identity, over a connection of that identity's own. The identity is
// captured when the call is made: its repeats, a stream's or feed's reconnections, and an
// asynchronous call's callback keep it, whatever thread they happen on and whether or not the scope
// still lives.
//
// Thread safety: a token is a value that threads may share; a scope belongs to its thread and
// changes nothing on any other. Ownership: copies of a token share the identity; a scope keeps its
// token.

#ifndef BITSD_CLIENT_IMPERSONATION_H_
#define BITSD_CLIENT_IMPERSONATION_H_

#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "bitsd/client/export.h"
#include "bitsd/client/identity.h"

namespace bits {

/// What the service may do with the caller's identity, as COM's proxy blanket. Below kImpersonate
/// SetHelperToken fails with CO_E_FAILEDTOIMPERSONATE 0x80010123; kAnonymous may call nothing of
/// bits.v1.
enum class ImpersonationLevel { kAnonymous, kIdentify, kImpersonate, kDelegate };

/// How an identity is presented besides its certificate. Each can only take rights away.
struct ImpersonationOptions {
  /// A logon session of that identity; empty: its default one.
  std::string session_id;
  ImpersonationLevel impersonation_level = ImpersonationLevel::kImpersonate;
  /// Present the administrators' group as deny-only, and the account's filtered identity.
  bool filter_admin = false;
};

class LogonSession;

/// The library's own form of an identity; see ImpersonationToken.
struct Caller;

/// An identity that calls may go out as, checked once.
class BITS_EXPORT ImpersonationToken {
 public:
  /// FAILED_PRECONDITION names what is wrong with the identity: see Identity::Check.
  static absl::StatusOr<ImpersonationToken> Create(Identity identity,
                                                   ImpersonationOptions options = {});

  /// The SID in the identity's certificate.
  const std::string& sid() const;

  /// The same identity in `session`: what goes out under this token goes out in that session.
  /// INVALID_ARGUMENT when the session is another identity's.
  absl::StatusOr<ImpersonationToken> InSession(const LogonSession& session) const;

 private:
  friend struct TokenAccess;

  explicit ImpersonationToken(std::shared_ptr<const Caller> caller);

  std::shared_ptr<const Caller> caller_;
};

/// Puts a token in force on this thread until the end of the block. Scopes nest: the innermost one
/// counts, and its end brings the one around it back.
///
/// A scope can be neither copied, moved nor made with new, so that blocks end in order. One that
/// outlives its block all the same (in a std::optional) is defined, too: whatever order scopes end
/// in, the youngest that still lives is in force. A scope that ends on another thread than it began
/// on ends the program, for an identity would stay in force where nobody sees it.
class BITS_EXPORT ScopedImpersonation {
 public:
  explicit ScopedImpersonation(ImpersonationToken token);
  ~ScopedImpersonation();
  ScopedImpersonation(const ScopedImpersonation&) = delete;
  ScopedImpersonation& operator=(const ScopedImpersonation&) = delete;
  static void* operator new(size_t) = delete;
  static void* operator new[](size_t) = delete;

  /// The token in force on this thread, if any.
  static std::optional<ImpersonationToken> Current();

 private:
  const ImpersonationToken token_;
  ScopedImpersonation* outer_;
};

}  // namespace bits

#endif  // BITSD_CLIENT_IMPERSONATION_H_
