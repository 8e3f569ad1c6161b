// The random mark on a temporary file, in an extended attribute: with it the file is known again
// when its device number is another one, and no file that merely got its inode is taken for it.
//
// Whoever can read the mark can read the file. Thread safety: pure functions on descriptors.

#ifndef BITSD_SERVER_BROKER_FILES_FILE_MARKS_H_
#define BITSD_SERVER_BROKER_FILES_FILE_MARKS_H_

#include <cstdint>

#include "server/broker/files/file_look.h"

namespace bitsd {

/// Puts a new mark on the file `fd`; 0 where the file system takes none.
uint64_t PutMark(int fd);

/// What the file `fd`, open for reading, says about `recorded`.
MarkVerdict CheckMark(int fd, uint64_t recorded);

/// A file that is published has none. Where that fails it keeps it, and nothing is the worse.
void RemoveMark(int fd);

}  // namespace bitsd

#endif  // BITSD_SERVER_BROKER_FILES_FILE_MARKS_H_
