// Which file a name led to when it was opened, and what tells it from another one later.
//
// A device number is good within one process only: a reboot, a remount or another order of disks
// changes it. What a record is compared by is what survives those: the inode, when the file was
// born, whose it is, and a random mark that was put on it (file_marks.h). Thread safety: a
// value.

#ifndef BITSD_SERVER_MODEL_FILE_ID_H_
#define BITSD_SERVER_MODEL_FILE_ID_H_

#include <cstdint>
#include <limits>

namespace bitsd {

struct FileId {
  /// An owner or a mode that was not recorded: in stores of an older bitsd.
  static constexpr uint32_t kNotRecorded = std::numeric_limits<uint32_t>::max();

  uint64_t device = 0;
  uint64_t inode = 0;
  uint64_t birth = 0;  ///< Nanoseconds of the Unix epoch; 0: the file system does not say.
  uint64_t mark = 0;   ///< 0: none, as on file systems without extended attributes.
  uint32_t owner = kNotRecorded;
  uint32_t mode = kNotRecorded;  ///< When it was created: 0600 but where there are no modes.

  /// False for a file that may have been created, and whose creation was not recorded.
  bool known() const { return inode != 0; }

  friend bool operator==(const FileId&, const FileId&) = default;
};

/// What of a finished file its file system did not take: it is in place without it.
enum FileNotSet : uint32_t { kModeNotSet = 1, kTimeNotSet = 2 };

/// They are one file. Both were seen in this process.
inline bool IsSameFile(const FileId& a, const FileId& b) {
  return a.device == b.device && a.inode == b.inode;
}

}  // namespace bitsd

#endif  // BITSD_SERVER_MODEL_FILE_ID_H_
