// Which file a name led to when it was opened. Thread safety: a value.

#ifndef BITSD_SERVER_BROKER_FILE_ID_H_
#define BITSD_SERVER_BROKER_FILE_ID_H_

#include <cstdint>

namespace bitsd {

struct FileId {
  uint64_t device = 0;
  uint64_t inode = 0;

  /// False for a file that may have been created, and whose creation was not recorded.
  bool known() const { return inode != 0; }

  friend bool operator==(const FileId&, const FileId&) = default;
};

}  // namespace bitsd

#endif  // BITSD_SERVER_BROKER_FILE_ID_H_
