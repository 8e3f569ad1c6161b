// Writes sessions to the store: one commit at a time, which those that come meanwhile share.
//
// A session that has ended is never written again, so its erasure is the last word. What must get
// into the store is tried until it does. Thread safety: any thread; never blocks. Ownership: shared
// with the commits under way; store, clock and timer must outlive them.

#ifndef BITSD_SERVER_SESSION_SESSION_JOURNAL_H_
#define BITSD_SERVER_SESSION_SESSION_JOURNAL_H_

#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "server/base/timer.h"
#include "server/base/wait_group.h"
#include "server/model/job_store.h"
#include "server/session/session.h"

namespace bitsd {

class SessionJournal : public std::enable_shared_from_this<SessionJournal> {
 public:
  SessionJournal(JobStore& store, Timer& timer) : store_(store), timer_(timer) {}

  /// Writes `session` as it is at the commit; again until the store takes it. However often it is
  /// asked for while the store is busy, it is written once.
  void Keep(SessionPtr session);
  /// Writes it once; `done` gets how that went.
  void Add(SessionPtr session, std::function<void(absl::Status)> done);
  /// Takes `id` out of the store, again until that is done. Its session has ended before. The
  /// wait group is held for the first try.
  void Erase(const SessionId& id, WaitGroupPtr wait_group);

 private:
  struct Entry {
    SessionId id;
    SessionPtr session;  ///< Null: erase.
    std::function<void(absl::Status)> done;
  };
  using Entries = std::vector<Entry>;

  void Enqueue(Entry entry);
  void EnqueueLocked(Entry entry);
  void Commit();
  void OnCommitted(Entries batch, const absl::Status& status);

  JobStore& store_;
  Timer& timer_;
  std::mutex mutex_;
  Entries waiting_;
  absl::flat_hash_set<SessionPtr> kept_;  ///< Of waiting_, those of Keep.
  bool committing_ = false;
  int failures_ = 0;
};

}  // namespace bitsd

#endif  // BITSD_SERVER_SESSION_SESSION_JOURNAL_H_
