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
      : shown_(std::max(revision, record.revision)), edited_(record.revision), since_(shown_) {}

  /// The revision of `view`, which is shown now, of a version that was edited so (JobVersion).
  uint64_t Of(const JobView& view, uint64_t edited);
  /// The one that was shown last.
  uint64_t last() const { return shown_; }
  /// A record that follows `before` has this one.
  uint64_t After(const JobRecord& before) const { return std::max(before.revision, shown_) + 1; }
  /// With `expected` something else was shown than the newest version, which was edited so. What
  /// only goes on (bytes, recorded or not, a token's end that is near) makes nothing stale.
  bool IsStale(uint64_t expected, uint64_t edited) const {
    return edited != edited_ || expected < since_ || expected > shown_;
  }

 private:
  uint64_t shown_;
  uint64_t digest_ = 0;  ///< Of what was shown.
  uint64_t edited_;      ///< JobVersion's, of what was shown.
  uint64_t since_;       ///< Shown revision since which it is that.
};

}  // namespace bitsd

#endif  // BITSD_SERVER_JOB_SHOWN_REVISION_H_
