#include "server/base/file_stamps.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <ctime>
#include <utility>

namespace bitsd {
namespace {

constexpr int64_t kSecond = 1'000'000'000;
/// Longer than the tick of any file system's clock.
constexpr int64_t kUnsettled = 2 * kSecond;

int64_t Nanoseconds(const timespec& time) { return time.tv_sec * kSecond + time.tv_nsec; }

int64_t Now() {
  timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return Nanoseconds(now);
}

}  // namespace

FileStamps::Stamp FileStamps::StampOf(const std::string& path) {
  Stamp stamp;
  struct stat file;
  if (stat(path.c_str(), &file) != 0) {
    stamp.error = errno;
    return stamp;
  }
  stamp.device = file.st_dev;
  stamp.inode = file.st_ino;
  stamp.size = file.st_size;
  stamp.modified = Nanoseconds(file.st_mtim);
  stamp.changed = Nanoseconds(file.st_ctim);
  struct stat folder;
  if (stat(path.substr(0, path.rfind('/') + 1).c_str(), &folder) == 0) {
    stamp.folder = folder.st_ino;
    stamp.folder_owner = folder.st_uid;
    stamp.folder_mode = folder.st_mode;
  }
  return stamp;
}

bool FileStamps::Changed() {
  std::vector<Stamp> stamps;
  for (const std::string& path : paths_) stamps.push_back(StampOf(path));
  const bool same = stamps == std::exchange(stamps_, stamps);
  const bool was_settled = settled_;
  settled_ = std::all_of(stamps.begin(), stamps.end(), [now = Now()](const Stamp& stamp) {
    return std::abs(now - std::max(stamp.modified, stamp.changed)) > kUnsettled;
  });
  return !same || !was_settled;
}

}  // namespace bitsd
