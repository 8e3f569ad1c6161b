// How large the parts of a job's record may be that do not come from a caller: what servers, files
// and libraries say of it.
//
// What callers send is bounded by server/policy; both bounds are judged once more by the store,
// when it writes and when it reads (server/store/job_columns.h). Thread safety: pure functions.

#ifndef BITSD_SERVER_MODEL_RECORD_BOUNDS_H_
#define BITSD_SERVER_MODEL_RECORD_BOUNDS_H_

#include <cstddef>

#include "server/model/job_record.h"

namespace bitsd {

inline constexpr int kMaxHttpStatus = 999;
inline constexpr size_t kMaxErrorMessage = size_t{4} << 10;  ///< Bytes; the rest is cut off.
inline constexpr size_t kMaxRuleName = 64;
/// Of an ETag, a date or a URL of a server, bytes: without one that is longer, a file starts anew
/// where it could have gone on.
inline constexpr size_t kMaxServerText = size_t{16} << 10;
/// Temporary files that a job remembers although nobody at hand can remove them.
inline constexpr size_t kMaxAbandoned = 64;

/// Brings what is beyond the bounds within them. `files`: how many the job has.
void Bound(JobError& error, size_t files);
void Bound(FileProgress& progress);

/// About how many bytes the record takes in memory, and in the store.
size_t BytesOf(const JobRecord& record);

}  // namespace bitsd

#endif  // BITSD_SERVER_MODEL_RECORD_BOUNDS_H_
