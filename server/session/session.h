// Logon sessions: what handles and helper tokens hang on, and what ends with them.
//
// A session is open or closed, and closes once. Whoever holds something that must end with it
// attaches a discard function; closing marks the session closed under its own lock first and runs
// the functions afterwards, so that nothing can be attached to a session that has ended. The
// default session of an identity is made on demand and does not end by itself yet.
//
// Thread safety: any thread. Lock order: no lock of the caller may be taken by a discard function
// that is held while calling Close. Ownership: sessions are shared; the table keeps the open ones.

#ifndef BITSD_SERVER_SESSION_SESSION_H_
#define BITSD_SERVER_SESSION_SESSION_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string_view>

#include "absl/container/flat_hash_map.h"
#include "server/identity/sid.h"

namespace bitsd {

class Session {
 public:
  explicit Session(Sid user) : user_(user) {}

  const Sid& user() const { return user_; }
  bool is_open() const;

  /// Gets why the session ended: as the audit log has it.
  using Discard = std::function<void(std::string_view reason)>;

  /// Runs `discard` when the session ends. Returns an id for Detach, or 0 when the session has
  /// ended already: then nothing may hang on it.
  uint64_t Attach(Discard discard);
  void Detach(uint64_t id);

  /// Ends the session and runs everything attached to it, on this thread.
  void Close(std::string_view reason = "session_ended");

 private:
  const Sid user_;
  mutable std::mutex mutex_;
  bool open_ = true;
  uint64_t next_id_ = 1;
  absl::flat_hash_map<uint64_t, Discard> attached_;
};

/// The open sessions.
class SessionTable {
 public:
  /// The default session of `user`, made on demand.
  std::shared_ptr<Session> Default(const Sid& user);

  /// Closes every session of `user`: its account is not what it was. Its next call gets a new one.
  void CloseOf(const Sid& user, std::string_view reason);

  /// Closes every session: the service is going down, or nobody is believed any more.
  void CloseAll(std::string_view reason = "session_ended");

 private:
  std::mutex mutex_;
  absl::flat_hash_map<Sid, std::shared_ptr<Session>> defaults_;
};

}  // namespace bitsd

#endif  // BITSD_SERVER_SESSION_SESSION_H_
