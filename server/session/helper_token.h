// A token that one identity lends to a job: whose it is, and until when.
//
// It lives in memory only. Ending it is a one-way mark that is made before anything is torn down,
// so that whoever looks afterwards sees it dead. Thread safety: any thread. Ownership: shared
// between the job that has it and the work that uses it; it hangs on its session until the last of
// them lets go.

#ifndef BITSD_SERVER_SESSION_HELPER_TOKEN_H_
#define BITSD_SERVER_SESSION_HELPER_TOKEN_H_

#include <atomic>
#include <functional>
#include <memory>
#include <utility>

#include "absl/time/time.h"
#include "server/identity/access_token.h"
#include "server/session/session.h"

namespace bitsd {

class HelperToken {
 public:
  HelperToken(std::shared_ptr<const AccessToken> identity, absl::Time expires)
      : identity_(std::move(identity)), expires_(expires) {}
  ~HelperToken() {
    if (session_ != nullptr) session_->Detach(attachment_);
    if (on_release_ != nullptr) on_release_();
  }
  HelperToken(const HelperToken&) = delete;
  HelperToken& operator=(const HelperToken&) = delete;

  /// Hangs the token on `session`: `discard` runs when it ends. False when it has ended already.
  /// Called once, before the token is shared.
  bool AttachTo(std::shared_ptr<Session> session, Session::Discard discard) {
    attachment_ = session->Attach(std::move(discard));
    if (attachment_ == 0) return false;
    session_ = std::move(session);
    return true;
  }

  /// `fn` runs when the last holder lets go. Called once, by whoever set the token on a job.
  void OnRelease(std::function<void()> fn) { on_release_ = std::move(fn); }

  const AccessToken& identity() const { return *identity_; }
  absl::Time expires() const { return expires_; }

  bool ended() const { return ended_.load(std::memory_order_acquire); }
  void End() { ended_.store(true, std::memory_order_release); }

 private:
  const std::shared_ptr<const AccessToken> identity_;
  const absl::Time expires_;
  std::shared_ptr<Session> session_;
  uint64_t attachment_ = 0;
  std::function<void()> on_release_;
  std::atomic<bool> ended_{false};
};

using HelperTokenPtr = std::shared_ptr<HelperToken>;

}  // namespace bitsd

#endif  // BITSD_SERVER_SESSION_HELPER_TOKEN_H_
