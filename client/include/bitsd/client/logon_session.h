// A logon session that lasts while somebody wants it: opened, kept alive, logged off.
//
//   bits::LogonOptions options;
//   options.on_lost = [](const absl::Status& why) { Report(why); };
//   auto session = bits::LogonSession::Logon(client, std::move(options));
//   const bits::Client working = *client.InSession(*session);      // calls go out in the session
//   const auto alice = token.InSession(*alices_session);           // so do those under a token
//
// What is lent in a session ends with it: a program that lends for as long as it runs lends in one
// of its own. The session is kept alive by one stream, opened again with growing random pauses when
// it breaks, as the identity that logged on. When the service has ended the session (a logoff, a
// restart that forgot it), when trying again cannot help, or when its deadline has passed without
// contact, the session is lost: on_lost is called once, status() says why, nothing is tried any
// more. Another session is another Logon, and what was lent must be lent again.
//
// Thread safety: const methods may be called at once; the others by one thread at a time.
// Ownership: one thread, and the connection of whoever logged on. The destructor logs off, within
// `logoff_deadline`, and waits for an on_lost that is running.

#ifndef BITSD_CLIENT_LOGON_SESSION_H_
#define BITSD_CLIENT_LOGON_SESSION_H_

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "bitsd/client/client.h"
#include "bitsd/client/export.h"

namespace bits {

struct LogonOptions {
  /// How long the session outlives its last sign of life, 30 s to 24 h.
  std::chrono::seconds ttl{3600};
  /// Called once when the session is lost, with the reason, on a thread of the session's own; not
  /// for its own Logoff, Detach or destructor. It may destroy the session.
  std::function<void(const absl::Status& reason)> on_lost;
  /// The longest that a logoff waits for the service.
  std::chrono::milliseconds logoff_deadline{5'000};
};

class BITS_EXPORT LogonSession {
 public:
  /// Opens a session as whoever a call of `client` goes out as now (impersonation.h).
  /// INVALID_ARGUMENT: a ttl that the service does not take; RESOURCE_EXHAUSTED: 16 are open.
  static absl::StatusOr<LogonSession> Logon(const Client& client, LogonOptions options = {});

  LogonSession(LogonSession&&) noexcept;
  LogonSession& operator=(LogonSession&&) noexcept;  ///< Logs the old one off.
  ~LogonSession();

  /// UUID, for `session_id` of ClientOptions and ImpersonationOptions.
  const std::string& id() const;
  /// Whose session it is.
  const std::string& sid() const;
  /// OK while the session stands, as far as is known here; else why not.
  absl::Status status() const;
  /// When it ends unless it is renewed: the newest that the service has said.
  std::chrono::system_clock::time_point expire_time() const;

  /// Ends the session, and what was lent in it, now. When it had ended before: what status() says.
  absl::Status Logoff();
  /// Keeps it alive no longer, and does not log off either: it ends at its deadline. For a session
  /// that others go on with.
  void Detach();

 private:
  class Keeper;
  enum class Farewell;

  LogonSession(std::shared_ptr<Keeper> keeper, std::thread thread);

  /// Idempotent. Waits for the thread, unless it is called on it or where nothing may wait.
  void End(Farewell farewell);

  std::shared_ptr<Keeper> keeper_;
  std::thread thread_;
};

}  // namespace bits

#endif  // BITSD_CLIENT_LOGON_SESSION_H_
