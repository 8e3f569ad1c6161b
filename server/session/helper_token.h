// A token that one identity lends to a job: whose it is, and until when.
//
// It lives in memory only. Ending it is a one-way mark that is made before anything is torn down,
// so that whoever looks afterwards sees it ended. It is attached to its session, to the lender's
// certificate and to the presence of the job's owner.
//
// Thread safety: any thread. Ownership: shared between the job that has it and the work that uses
// it.

#ifndef BITSD_SERVER_SESSION_HELPER_TOKEN_H_
#define BITSD_SERVER_SESSION_HELPER_TOKEN_H_

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "server/identity/access_token.h"
#include "server/identity/network_identity.h"
#include "server/policy/token_scope.h"
#include "server/session/session.h"

namespace bitsd {

/// Network credentials that came with a token.
struct DelegatedNetwork {
  NetworkIdentityPtr identity;
  std::string principal;
  bool administrator = false;  ///< By the account directory.
};

class HelperToken {
 public:
  HelperToken(std::shared_ptr<const AccessToken> identity, absl::Time expires,
              policy::TokenScopePtr scope = nullptr,
              std::optional<DelegatedNetwork> delegated = std::nullopt)
      : identity_(std::move(identity)),
        expires_(expires),
        scope_(std::move(scope)),
        principal_(delegated ? delegated->principal : ""),
        administrator_principal_(delegated && delegated->administrator),
        network_(delegated ? std::move(delegated->identity) : nullptr) {}
  ~HelperToken() {
    attachments_.clear();
    if (session_ != nullptr) session_->CountToken(-1);
    if (on_release_ != nullptr) on_release_();
  }
  HelperToken(const HelperToken&) = delete;
  HelperToken& operator=(const HelperToken&) = delete;

  /// Attaches the token to `line`: `discard` runs when that ends. False when it has ended already.
  /// Before the token is shared with a job.
  bool AttachTo(std::shared_ptr<EndSignal> line, EndSignal::Discard discard) {
    Attachment attachment(std::move(line), std::move(discard));
    if (!attachment.holds()) return false;
    attachments_.push_back(std::move(attachment));
    return true;
  }

  /// Counts as one of the tokens of `session`. Called once, when a job takes the token.
  void CountIn(SessionPtr session) {
    session_ = std::move(session);
    session_->CountToken(1);
  }

  /// `fn` runs when the last holder lets go. Called once, by whoever set the token on a job.
  void OnRelease(std::function<void()> fn) { on_release_ = std::move(fn); }

  const AccessToken& identity() const { return *identity_; }
  absl::Time expires() const { return expires_; }
  /// What it was lent for; null: everything.
  const policy::TokenScopePtr& scope() const { return scope_; }

  /// Whose credentials were delegated; empty: none were, and the account directory's are used.
  const std::string& principal() const { return principal_; }
  bool administrator_principal() const { return administrator_principal_; }
  /// Who acts with them; null without any, and once the token has ended.
  NetworkIdentityPtr network() const {
    std::lock_guard lock(mutex_);
    return network_;
  }

  /// It ends soon, and that was announced.
  bool ends_soon() const { return ends_soon_.load(std::memory_order_relaxed); }
  void SetEndsSoon() { ends_soon_.store(true, std::memory_order_relaxed); }

  bool ended() const { return ended_.load(std::memory_order_acquire); }
  void End() {
    ended_.store(true, std::memory_order_release);
    DropDelegated();
  }
  /// Lets go of what was delegated: it is wiped once the work that used it has stopped.
  void DropDelegated() {
    NetworkIdentityPtr dropped;  // Goes after the lock.
    std::lock_guard lock(mutex_);
    dropped.swap(network_);
  }

 private:
  const std::shared_ptr<const AccessToken> identity_;
  const absl::Time expires_;
  const policy::TokenScopePtr scope_;
  const std::string principal_;
  const bool administrator_principal_;
  mutable std::mutex mutex_;
  NetworkIdentityPtr network_;
  std::vector<Attachment> attachments_;
  SessionPtr session_;
  std::function<void()> on_release_;
  std::atomic<bool> ended_{false};
  std::atomic<bool> ends_soon_{false};
};

using HelperTokenPtr = std::shared_ptr<HelperToken>;

}  // namespace bitsd

#endif  // BITSD_SERVER_SESSION_HELPER_TOKEN_H_
