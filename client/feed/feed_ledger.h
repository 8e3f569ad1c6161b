// What a feed has delivered: which news are news, and which jobs a new snapshot lacks.
//
// Internal; no I/O. Thread safety: none, one thread at a time. Ownership: a value. It remembers
// every unfinished job, and the last 65,536 finished ones.

#ifndef BITSD_CLIENT_FEED_FEED_LEDGER_H_
#define BITSD_CLIENT_FEED_FEED_LEDGER_H_

#include <cstdint>
#include <deque>
#include <string>
#include <unordered_map>
#include <vector>

#include "bits/v1/job.pb.h"

namespace bits {

class FeedLedger {
 public:
  static constexpr size_t kMaxFinished = 65'536;

  /// A stream begins: its snapshot is compared with what is known.
  void BeginSnapshot();

  /// True when `job` is to be delivered: its revision is newer than what was delivered, or the same
  /// with other contents, as progress is.
  bool Take(const v1::Job& job);

  /// The unfinished jobs that the snapshot lacked, until they are taken or forgotten.
  std::vector<std::string> Missing() const;

  /// True when it was known.
  bool Forget(const std::string& job_id);

  bool IsFinished(const std::string& job_id) const;

 private:
  struct Seen {
    uint64_t revision = 0;
    size_t contents = 0;  ///< A hash.
    uint64_t snapshot = 0;
    bool finished = false;
  };

  void RememberFinished(const std::string& job_id);

  std::unordered_map<std::string, Seen> jobs_;
  std::deque<std::string> finished_;  ///< In the order of their end; may name forgotten ones.
  uint64_t snapshot_ = 0;
};

}  // namespace bits

#endif  // BITSD_CLIENT_FEED_FEED_LEDGER_H_
