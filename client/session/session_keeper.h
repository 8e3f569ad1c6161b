// What keeps a LogonSession alive: one stream after the other, on a thread of its own.
//
// Internal. Thread safety: Run by one thread; everything else by any. The mutex is never held
// across a call or a callback. Ownership: shared by the LogonSession and the thread.

#ifndef BITSD_CLIENT_SESSION_SESSION_KEEPER_H_
#define BITSD_CLIENT_SESSION_SESSION_KEEPER_H_

#include <condition_variable>
#include <mutex>
#include <string>

#include "bits/v1/session.pb.h"
#include "bitsd/client/logon_session.h"
#include "client/base/backoff.h"
#include "client/connection/call_route.h"

namespace bits {

enum class LogonSession::Farewell {
  kLogoff,  ///< End the session.
  kDetach,  ///< Leave it to its deadline.
};

class BITS_HIDDEN LogonSession::Keeper {
 public:
  /// `route` is that of the Logon that answered `granted`.
  Keeper(const CallRoute& route, const v1::LogonResponse& granted, LogonOptions options);

  /// Keeps the session alive until it is lost or End is called; then takes its leave.
  void Run();
  /// The first call counts.
  void End(Farewell farewell);

  const std::string& id() const { return id_; }
  const std::string& sid() const { return route_.caller->sid; }
  absl::Status status() const;
  /// How the logoff went, or why the session was lost; OK before, and after kDetach.
  absl::Status goodbye() const;
  std::chrono::system_clock::time_point expire_time() const;

 private:
  using Clock = std::chrono::steady_clock;

  /// One stream, until it ends; why it did.
  absl::Status KeepStream();
  absl::Status Listen(CallContext& context);
  CallContext::Time SessionEnd() const;
  void Renewed(const v1::KeepAliveResponse& answer);
  /// OK when trying again may help after `broken`; else why the session is lost.
  absl::Status Judge(const absl::Status& broken) const;
  /// Between two streams; returns when End is called.
  void Pause();
  void Lose(const absl::Status& why);
  void TakeLeave();
  bool ended() const;

  const CallRoute route_;  ///< In the session itself: its calls make no default session.
  const std::string id_;
  const std::chrono::seconds ttl_;
  const LogonOptions options_;
  Pauses pauses_;

  mutable std::mutex mutex_;
  std::condition_variable end_signal_;
  bool ended_ = false;
  Farewell farewell_ = Farewell::kLogoff;
  CallContext* stream_ = nullptr;
  absl::Status status_;
  absl::Status goodbye_;
  std::chrono::system_clock::time_point expire_time_;
  /// The session has ended by then unless it is renewed: a ttl after the last answer came.
  Clock::time_point last_end_;
  bool renewed_ = false;  ///< Since the last Pause.
};

}  // namespace bits

#endif  // BITSD_CLIENT_SESSION_SESSION_KEEPER_H_
