// One logon session: an end signal with a deadline that can be renewed.
//
// It ends when the wall clock or the steady clock reaches the deadline, whichever is first: setting
// the clock back does not make it last longer.
//
// Thread safety: any thread; its own lock is held for a few instructions. Ownership: shared by the
// table, while it is open, and by whatever was made in it.

#ifndef BITSD_SERVER_SESSION_SESSION_H_
#define BITSD_SERVER_SESSION_SESSION_H_

#include <atomic>
#include <cstdint>
#include <memory>

#include "absl/time/time.h"
#include "server/base/dual_deadline.h"
#include "server/base/end_signal.h"
#include "server/model/session_record.h"

namespace bitsd {

struct SessionFacts {
  SessionId id;
  Sid user;
  bool is_default = false;
  absl::Duration ttl;  ///< What a renewal adds; of a default session the configuration says.
  absl::Time begin;
  DualDeadline last_end;  ///< No renewal goes beyond.
};

class Session : public EndSignal {
 public:
  Session(SessionFacts facts, DualDeadline deadline);

  const SessionFacts& facts() const { return facts_; }
  const SessionId& id() const { return facts_.id; }
  const Sid& user() const { return facts_.user; }
  DualDeadline deadline() const;
  /// Its deadline has passed, and no open stream is made in it.
  bool IsOver(const DualDeadline& now) const;

  enum class Renewal {
    kEnded,
    kDone,
    kStore,  ///< Done, and the store has to learn of it: it has an earlier deadline.
  };
  /// Sets the deadline, unless the session has ended or is over.
  Renewal Renew(const DualDeadline& now, const DualDeadline& deadline);

  /// What the store keeps: never an earlier end than the true one. A renewal that stays below it
  /// need not be stored.
  SessionRecord Record();

  /// An open stream is made in it: as long as one lives, a default session does not run out.
  class Use;
  /// Helper tokens that were lent in it and are held by a job.
  uint32_t tokens() const { return tokens_.load(); }
  void CountToken(int change) { tokens_ += static_cast<uint32_t>(change); }

 private:
  bool IsOverLocked(const DualDeadline& now) const;

  const SessionFacts facts_;
  // Guarded by the end signal's mutex.
  DualDeadline deadline_;
  absl::Time stored_until_ = absl::InfinitePast();
  size_t uses_ = 0;
  std::atomic<uint32_t> tokens_{0};
};

using SessionPtr = std::shared_ptr<Session>;

class Session::Use {
 public:
  explicit Use(SessionPtr session);
  ~Use();
  Use(const Use&) = delete;
  Use& operator=(const Use&) = delete;

 private:
  const SessionPtr session_;
};

}  // namespace bitsd

#endif  // BITSD_SERVER_SESSION_SESSION_H_
