// The open logon sessions, by id and by user: who is logged on.
//
// A session ends by Logoff, by its deadline, with its account, or by an administrator: it is marked
// as ended and leaves the table in one step, with the presence of its user when it was the last;
// then everything that hung on them is discarded, then its erasure is committed, then the answer
// comes. Opening answers after the commit. Renewals touch no lock but the session's, and the store
// at most once a quarter of the ttl, or a minute.
//
// Thread safety: any thread; never blocks. Lock order: a job, then the table, then a session.
// Ownership: shares the open sessions; what Deps names must outlive it, and the timer must be
// stopped before it is destroyed.

#ifndef BITSD_SERVER_SESSION_SESSION_TABLE_H_
#define BITSD_SERVER_SESSION_SESSION_TABLE_H_

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "server/base/clock.h"
#include "server/base/timer.h"
#include "server/identity/access_token.h"
#include "server/identity/account_directory.h"
#include "server/ops/audit.h"
#include "server/policy/session_rules.h"
#include "server/session/presence.h"
#include "server/session/session.h"
#include "server/session/session_journal.h"

namespace bitsd {

class SessionTable : public Presence {
 public:
  struct Deps {
    JobStore& store;
    AuditLog& audit;
    const AccountDirectory& accounts;
    const Clock& clock;
    const Clock& steady;  ///< Of the time that passes.
    Timer& timer;
  };
  SessionTable(Deps deps, const policy::SessionLimits& limits);

  /// A session that the store had at the start. Once the store is loaded: it may be taken out.
  void Restore(const SessionRecord& record);
  /// For sessions from now on; default sessions end where a logon is required from now on.
  void Reconfigure(const policy::SessionLimits& limits);

  /// The session of a call: the one it names, else the caller's default session, made on demand
  /// and renewed. ERROR_NOT_LOGGED_ON; E_ACCESSDENIED, session_of_another.
  absl::StatusOr<SessionPtr> ForCall(const AccessToken& caller,
                                     const std::optional<SessionId>& named);
  /// What a call to the Sessions service names: no session is needed, another's is refused.
  absl::Status CheckNamed(const AccessToken& caller, const std::optional<SessionId>& named) const;
  /// The default session of `user`, made on demand and renewed.
  SessionPtr Default(const Sid& user);

  /// Opens a session. `stands` says whether the caller still is who it was; it is asked once the
  /// session would end with the account. False: it does not, nothing was opened or answered.
  bool Logon(const AccessToken& caller, std::optional<absl::Duration> ttl,
             const std::function<bool()>& stands,
             std::function<void(absl::StatusOr<SessionPtr>)> done);
  /// Ends a session; unset: the caller's default session, if any.
  void Logoff(const AccessToken& caller, const std::optional<SessionId>& id,
              std::function<void(absl::Status)> done);
  /// An open session of the caller. As ForCall.
  absl::StatusOr<SessionPtr> Own(const AccessToken& caller, const SessionId& id) const;
  /// The new deadline; ERROR_NOT_LOGGED_ON when the session has ended.
  absl::StatusOr<absl::Time> Renew(const SessionPtr& session);
  /// The open sessions of `user`, or everybody's, in the order of their beginning.
  std::vector<SessionPtr> List(const std::optional<Sid>& user) const;

  /// Ends every session of `user`: its account is gone.
  void CloseOf(const Sid& user, std::string_view reason);
  /// Discards what is attached to the sessions of `user`: its account is another. They stay open,
  /// but for a default session that the account may not have any more.
  void RefreshOf(const Sid& user, std::string_view reason);
  /// The same for everybody: nobody is believed any more as before.
  void RefreshAll(std::string_view reason);
  /// The service is going down: everything is discarded, and nothing is erased.
  void Shutdown();

  // Presence.
  std::shared_ptr<EndSignal> Of(const Sid& user) const override;
  bool AwaitLogon(const Sid& user, std::function<void()> fn) override;

 private:
  struct Slot {
    SessionPtr session;
    Timer::Task timer;
  };
  struct User {
    std::shared_ptr<EndSignal> presence = std::make_shared<EndSignal>();
    std::vector<SessionId> sessions;
    SessionPtr standard;  ///< The default session.
  };
  /// Why a session ends, and by whom.
  struct Ending {
    std::string_view reason;
    std::optional<Sid> by;
    bool if_over = false;  ///< Only when its deadline has passed.
  };
  using Waiters = std::vector<std::function<void()>>;

  absl::StatusOr<SessionPtr> OpenLocked(const AccessToken& caller,
                                        std::optional<absl::Duration> ttl, Waiters& waiters);
  void OnStored(const SessionPtr& session, const absl::Status& status,
                const std::function<void(absl::StatusOr<SessionPtr>)>& done);
  SessionPtr MakeLocked(SessionFacts facts, DualDeadline deadline, Waiters& waiters);
  /// What `record` says, as far as it still holds; null when it does not.
  SessionPtr MakeRestored(const SessionRecord& record);
  DualDeadline Now() const { return {deps_.clock.Now(), deps_.steady.Now()}; }
  DualDeadline NextDeadline(const Session& session) const;
  /// Of the accounts as they are now: may calls of `user` be made without a session of their own?
  bool MayHaveDefault(const Account& account) const;
  /// Ends a default session that its user may not have any more.
  bool EndUnlessAllowed(const SessionPtr& standard);
  /// The session that Logoff names; null: none.
  SessionPtr ToEnd(const Sid& caller, const std::optional<SessionId>& id) const;
  /// False when it had ended, or another is in its place.
  bool End(const SessionPtr& session, const Ending& ending, const WaitGroupPtr& wait_group);
  /// Takes an ended session out of the table; the presence of its user when it was the last.
  std::shared_ptr<EndSignal> RemoveLocked(const Session& session);
  void Replace(const std::vector<SessionPtr>& sessions, std::string_view reason);
  void Arm(const SessionPtr& session);
  void OnDue(const SessionId& id);
  absl::StatusOr<SessionPtr> Find(const Sid& caller, const SessionId& id) const;
  policy::SessionLimits limits() const;
  std::vector<SessionPtr> SessionsOf(const Sid& user) const;
  std::vector<SessionPtr> All() const;

  const Deps deps_;
  const std::shared_ptr<SessionJournal> journal_;

  mutable std::mutex mutex_;
  policy::SessionLimits limits_;
  absl::flat_hash_map<SessionId, Slot> sessions_;
  absl::flat_hash_map<Sid, User> users_;  ///< Those that have a session.
  absl::flat_hash_map<Sid, Waiters> waiting_;
};

}  // namespace bitsd

#endif  // BITSD_SERVER_SESSION_SESSION_TABLE_H_
