// The revision of what a job shows: it rises whenever something else is shown than the last time.
//
// Thread safety: the job's lock. Ownership: a value.

#ifndef BITSD_SERVER_JOB_SHOWN_REVISION_H_
#define BITSD_SERVER_JOB_SHOWN_REVISION_H_

#include <algorithm>
#include <cstdint>

#include "server/job/service/job_view.h"
#include "server/model/job_record.h"

namespace bitsd {

class ShownRevision {
 public:
  /// What is shown of `record` has at least `revision`.
  ShownRevision(const JobRecord& record, uint64_t revision)
      : shown_(std::max(revision, record.revision)), record_(record.revision), since_(shown_) {}

  /// The revision of `view`, which is shown now.
  uint64_t Of(const JobView& view);
  /// The one that was shown last.
  uint64_t last() const { return shown_; }
  /// A record that follows `before` has this one.
  uint64_t After(const JobRecord& before) const { return std::max(before.revision, shown_) + 1; }
  /// Another record than `newest` was shown with `expected`. What only goes on (bytes, a token's
  /// end that is near) makes nothing stale.
  bool IsStale(uint64_t expected, const JobRecord& newest) const {
    return newest.revision != record_ || expected < since_ || expected > shown_;
  }

 private:
  uint64_t shown_;
  uint64_t digest_ = 0;  ///< Of what was shown.
  uint64_t record_;      ///< The record's own revision.
  uint64_t since_;       ///< Shown revision since which it is that record.
};

}  // namespace bitsd

#endif  // BITSD_SERVER_JOB_SHOWN_REVISION_H_
