// A small file system of its own over a folder, which a test fills and frees.
//
// Thread safety: one thread. Ownership: the mount; the destructor takes it away.

#ifndef BITSD_TESTS_TESTING_FULL_DISK_H_
#define BITSD_TESTS_TESTING_FULL_DISK_H_

#include <sys/types.h>

#include <string>

namespace bitsd::tests {

class FullDisk {
 public:
  /// Mounts `bytes` over `folder`, for `owner` alone. Needs root.
  FullDisk(std::string folder, size_t bytes, uid_t owner);
  ~FullDisk();
  FullDisk(const FullDisk&) = delete;
  FullDisk& operator=(const FullDisk&) = delete;

  bool mounted() const { return mounted_; }
  /// Not a byte is left.
  void Fill() const;
  void Free() const;

 private:
  const std::string folder_;
  bool mounted_ = false;
};

}  // namespace bitsd::tests

#endif  // BITSD_TESTS_TESTING_FULL_DISK_H_
