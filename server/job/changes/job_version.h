// A job at one moment: its record and the token it has. Decisions turn one version into the next.
//
// Thread safety: values. Ownership: shared parts are immutable but for the end of a token.

#ifndef BITSD_SERVER_JOB_CHANGES_JOB_VERSION_H_
#define BITSD_SERVER_JOB_CHANGES_JOB_VERSION_H_

#include <cstdint>

#include "server/model/job_record.h"
#include "server/session/helper_token.h"

namespace bitsd {

struct JobVersion {
  JobRecordPtr record;
  HelperTokenPtr token;  ///< May have ended: ask LiveToken.
  /// The revision of the last record that came by something other than progress: ChangeQueue's.
  uint64_t edited = 0;

  /// The token, unless it has ended.
  const HelperToken* LiveToken() const {
    return token != nullptr && !token->ended() ? token.get() : nullptr;
  }

  friend bool operator==(const JobVersion& a, const JobVersion& b) {
    return a.record == b.record && a.token == b.token;
  }
};

/// What is in force of the change from `base` to `next` before it is in the store: what it
/// withdraws (a cleared flag, a token taken away or replaced by another identity's, a credential or
/// certificate taken away or replaced, a stop), and
/// nothing of what it grants. Equal to `base` when the change withdraws nothing.
JobVersion Withdrawn(const JobVersion& base, const JobVersion& next);

}  // namespace bitsd

#endif  // BITSD_SERVER_JOB_CHANGES_JOB_VERSION_H_
