// What there is of a file that a source is about to give: how much, and of which version.
//
// Thread safety: values.

#ifndef BITSD_SERVER_TRANSFER_COMMON_FILE_PLAN_H_
#define BITSD_SERVER_TRANSFER_COMMON_FILE_PLAN_H_

#include <cstdint>

#include "server/model/job_record.h"

namespace bitsd {

/// What a file has been through: as in FileProgress.
struct FileHistory {
  uint32_t restarts = 0;
  uint64_t replaced_size = kSizeUnknown;
  uint32_t doubts = 0;
  uint8_t fruitless = 0;
};

/// A source that changes more often than this while its file is downloaded ends the attempts.
inline constexpr uint32_t kMaxRestarts = 10;

/// A file that is open, and may be asked for.
struct FilePlan {
  uint32_t index = 0;
  uint64_t size = kSizeUnknown;
  SourceVersion version;
  FileHistory history;
  uint64_t kept = 0;       ///< Bytes of `version` that are here.
  bool resumable = false;  ///< The file may go on behind them, as far as its record says.
};

inline FilePlan PlanFile(uint32_t index, const FileProgress& progress) {
  return {index,
          progress.size,
          progress.version,
          {progress.restarts, progress.replaced_size, progress.doubts, progress.fruitless},
          progress.synced,
          !progress.not_resumable && progress.size != kSizeUnknown};
}

}  // namespace bitsd

#endif  // BITSD_SERVER_TRANSFER_COMMON_FILE_PLAN_H_
