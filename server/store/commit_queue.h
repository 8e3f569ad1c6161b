// The commits that wait for the store's thread, which takes many at once.
//
// A commit costs a sync of the disk, and so do many together. Whoever commits alone is taken at
// once; while several commit at the same time, the taker waits a moment for the others, as long as
// they keep coming. Thread safety: any thread may push, one takes. Ownership: of what is in it.

#ifndef BITSD_SERVER_STORE_COMMIT_QUEUE_H_
#define BITSD_SERVER_STORE_COMMIT_QUEUE_H_

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <vector>

#include "absl/status/status.h"
#include "server/model/job_store.h"

namespace bitsd {

class CommitQueue {
 public:
  struct Entry {
    std::vector<StoreChange> changes;
    std::function<void(absl::Status)> done;
  };

  /// False, and `entry` is left as it was, once the queue is closed.
  bool Push(Entry& entry);

  /// What came since the last call, in order; waits for at least one. Empty once the queue is
  /// closed and nothing is left.
  std::vector<Entry> Take();

  /// Nothing more comes.
  void Close();

 private:
  /// Waits for commits that are about to come, too.
  void AwaitOthers(std::unique_lock<std::mutex>& lock);

  std::mutex mutex_;
  std::condition_variable changed_;
  bool closed_ = false;
  bool idle_ = false;        ///< The taker waits for the first.
  size_t taken_before_ = 0;  ///< How many the last Take returned.
  std::vector<Entry> entries_;
};

}  // namespace bitsd

#endif  // BITSD_SERVER_STORE_COMMIT_QUEUE_H_
