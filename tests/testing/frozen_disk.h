// A small ext4 file system in a file, mounted, that hangs on demand as a dead disk or server does.
//
// While it is frozen, whoever changes something in it waits in the kernel, and cannot even be
// killed. Thread safety: one thread. Ownership: the mount; the destructor thaws and unmounts it,
// whatever happened before.

#ifndef BITSD_TESTS_TESTING_FROZEN_DISK_H_
#define BITSD_TESTS_TESTING_FROZEN_DISK_H_

#include <string>

#include "tests/testing/temp_folder.h"

namespace bitsd::tests {

class FrozenDisk {
 public:
  FrozenDisk();
  ~FrozenDisk();
  FrozenDisk(const FrozenDisk&) = delete;
  FrozenDisk& operator=(const FrozenDisk&) = delete;

  /// Why there is none; empty when there is one.
  const std::string& problem() const { return problem_; }
  const std::string& path() const { return path_; }

  bool Freeze();
  bool Thaw();

  /// A thread of a program called `name` waits for it (or for another disk).
  static bool HoldsUp(const std::string& name);

 private:
  bool Mount();

  const TempFolder folder_;
  std::string path_;
  std::string problem_;
  bool mounted_ = false;
  bool frozen_ = false;
};

}  // namespace bitsd::tests

#endif  // BITSD_TESTS_TESTING_FROZEN_DISK_H_
