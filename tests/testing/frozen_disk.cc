#include "tests/testing/frozen_disk.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <system_error>

#include "tests/testing/process.h"

namespace bitsd::tests {
namespace {

namespace fs = std::filesystem;

constexpr off_t kSize = 96 << 20;

/// The state letter of "PID (NAME) STATE ...", if NAME is `name`.
char StateOf(const std::string& stat, const std::string& name) {
  const size_t open = stat.find('(');
  const size_t close = stat.rfind(") ");
  if (open == std::string::npos || close == std::string::npos) return 0;
  return stat.substr(open + 1, close - open - 1) == name ? stat[close + 2] : 0;
}

}  // namespace

FrozenDisk::FrozenDisk() : path_(folder_.File("disk")) {
  if (geteuid() != 0) {
    problem_ = "needs root: a file system is mounted and frozen";
    return;
  }
  mounted_ = Mount();
}

bool FrozenDisk::Mount() {
  const std::string image = folder_.File("image");
  WriteFile(image, "");
  if (truncate(image.c_str(), kSize) != 0 || mkdir(path_.c_str(), 0755) != 0) return false;
  const Finished made = Run({"/sbin/mkfs.ext4", "-q", "-F", image}, folder_.path());
  if (made.status != 0) problem_ = "mkfs.ext4 does not work here: " + made.output;
  if (made.status != 0) return false;
  const Finished mounted = Run({"/bin/mount", "-o", "loop", image, path_}, folder_.path());
  if (mounted.status != 0) problem_ = "no loop device can be mounted here: " + mounted.output;
  if (mounted.status != 0) return false;
  mounted_ = true;
  // Where it cannot be frozen, the test must not begin.
  if (!Freeze() || !Thaw()) problem_ = "fsfreeze does not work here";
  return true;
}

FrozenDisk::~FrozenDisk() {
  if (frozen_) Thaw();
  if (mounted_) Run({"/bin/umount", "-l", path_}, folder_.path());
}

bool FrozenDisk::Freeze() {
  frozen_ = Run({"/sbin/fsfreeze", "-f", path_}, folder_.path()).status == 0;
  return frozen_;
}

bool FrozenDisk::Thaw() {
  const bool thawed = Run({"/sbin/fsfreeze", "-u", path_}, folder_.path()).status == 0;
  frozen_ = frozen_ && !thawed;
  return thawed;
}

bool FrozenDisk::HoldsUp(const std::string& name) {
  std::error_code gone;
  for (const auto& process : fs::directory_iterator("/proc", gone)) {
    const fs::path tasks = process.path() / "task";
    for (fs::directory_iterator task(tasks, gone), end; !gone && task != end;
         task.increment(gone)) {
      if (StateOf(ReadFile(task->path() / "stat"), name) == 'D') return true;
    }
  }
  return false;
}

}  // namespace bitsd::tests
