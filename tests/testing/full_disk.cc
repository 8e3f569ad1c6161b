#include "tests/testing/full_disk.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <unistd.h>

#include <vector>

#include "tests/testing/temp_folder.h"

namespace bitsd::tests {

FullDisk::FullDisk(std::string folder, size_t bytes, uid_t owner) : folder_(std::move(folder)) {
  const std::string options = "mode=0700,size=" + std::to_string(bytes);
  mounted_ = ::mount("bitsd-test", folder_.c_str(), "tmpfs", 0, options.c_str()) == 0;
  if (mounted_) GiveTo(folder_, owner, owner);
}

FullDisk::~FullDisk() {
  if (mounted_) ::umount2(folder_.c_str(), MNT_DETACH);
}

void FullDisk::Fill() const {
  const int file = ::open((folder_ + "/ballast").c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  const std::vector<char> block(4096);
  while (::write(file, block.data(), block.size()) > 0) {
  }
  ::close(file);
}

void FullDisk::Free() const { ::unlink((folder_ + "/ballast").c_str()); }

}  // namespace bitsd::tests
