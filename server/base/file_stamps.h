// Have these files changed? By what stat says of them and of their folders, links followed.
//
// Whatever way a file is replaced shows: written in place, renamed over, a symbolic link swapped
// somewhere on the way, owner or mode changed. Polled, because a change of the last kind cannot be
// watched without watching every folder on the way. Thread safety: none. Ownership: its paths.

#ifndef BITSD_SERVER_BASE_FILE_STAMPS_H_
#define BITSD_SERVER_BASE_FILE_STAMPS_H_

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace bitsd {

class FileStamps {
 public:
  explicit FileStamps(std::vector<std::string> paths) : paths_(std::move(paths)) {}

  /// True when they may hold something else than when this was last asked; at first, always. Also
  /// for a while after a change: a second one within the clock's tick would not show.
  bool Changed();

 private:
  struct Stamp {
    int error = 0;  ///< Why there is nothing below.
    dev_t device = 0;
    ino_t inode = 0;
    off_t size = 0;
    int64_t modified = 0;  ///< Nanoseconds.
    int64_t changed = 0;
    ino_t folder = 0;
    uid_t folder_owner = 0;
    mode_t folder_mode = 0;

    friend bool operator==(const Stamp&, const Stamp&) = default;
  };

  static Stamp StampOf(const std::string& path);

  std::vector<std::string> paths_;
  std::vector<Stamp> stamps_;
  bool settled_ = false;
};

}  // namespace bitsd

#endif  // BITSD_SERVER_BASE_FILE_STAMPS_H_
