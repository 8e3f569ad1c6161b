// What a name leads to, and whether it is the file that a record speaks of.
//
// Thread safety: pure functions, and calls that act as the calling process. Ownership: none.

#ifndef BITSD_SERVER_BROKER_FILE_LOOK_H_
#define BITSD_SERVER_BROKER_FILE_LOOK_H_

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/model/file_id.h"

namespace bitsd {

/// What a temporary file is created with.
inline constexpr mode_t kTemporaryMode = 0600;

/// A file as it is now. The mark of its id is not looked at.
struct SeenFile {
  FileId id;
  mode_t type = 0;  ///< S_IFREG and the like.
  uint32_t links = 0;
  gid_t group = 0;
  uint64_t size = 0;
  bool fixed = false;  ///< Nobody may replace it, as long as its file system says so.
  absl::Time atime;
  absl::Time mtime;

  bool IsRegular() const;
};

/// What `name` in `directory` leads to; nullopt when it leads nowhere. Links are not followed.
/// `path` is for the message.
absl::StatusOr<std::optional<SeenFile>> LookAt(int directory, const std::string& name,
                                               const std::string& path);

/// The open file `fd`.
absl::StatusOr<SeenFile> LookAt(int fd, const std::string& path);

/// What the mark on a file says about a record.
enum class MarkVerdict {
  kSame,     ///< It is there: only who could read the file could have copied it.
  kOther,    ///< Another one, or none although one was recorded.
  kUnknown,  ///< None was recorded, or it cannot be read now.
};

/// `seen` is the file `recorded`, wherever its file system is mounted by now and under whatever
/// device number.
bool IsRecordedFile(const FileId& recorded, const SeenFile& seen, MarkVerdict mark);

/// As IsRecordedFile, and it is still what a temporary file is: regular, and known by no other
/// name. Where neither a mark nor its birth says that it is ours, it has the mode it was created
/// with, or `also_mode`.
bool IsRecordedTemporary(const FileId& recorded, const SeenFile& seen, MarkVerdict mark,
                         std::optional<mode_t> also_mode = std::nullopt);

}  // namespace bitsd

#endif  // BITSD_SERVER_BROKER_FILE_LOOK_H_
