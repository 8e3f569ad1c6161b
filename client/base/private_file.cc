#include "client/base/private_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace bits {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

absl::Status Failed(const std::string& path, const std::string& why) {
  return absl::FailedPreconditionError(path + ": " + why);
}

absl::Status FailedWithErrno(const std::string& path) { return Failed(path, strerror(errno)); }

absl::StatusOr<std::string> ReadAll(int fd, const std::string& path) {
  std::string contents(kMaxFileSize + 1, '\0');
  size_t size = 0;
  while (size < contents.size()) {
    const ssize_t n = read(fd, contents.data() + size, contents.size() - size);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return FailedWithErrno(path);
    if (n == 0) break;
    size += static_cast<size_t>(n);
  }
  if (size > kMaxFileSize) return Failed(path, "is larger than 1 MiB");
  contents.resize(size);
  return contents;
}

absl::Status CheckSecret(const struct stat& info, const std::string& path) {
  if (info.st_uid != geteuid()) return Failed(path, "holds a secret and must belong to you");
  if ((info.st_mode & 077) != 0) {
    return Failed(path, "holds a secret and is open to others: chmod 600 it");
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> Read(const std::string& path, int flags, bool secret) {
  // Without O_NONBLOCK the open of a FIFO would wait for its writer.
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | flags));
  if (file.get() < 0 && errno == ELOOP) return Failed(path, "is a symbolic link");
  if (file.get() < 0) return FailedWithErrno(path);
  struct stat info {};
  if (fstat(file.get(), &info) != 0) return FailedWithErrno(path);
  if (!S_ISREG(info.st_mode)) return Failed(path, "is not a regular file");
  if (secret) {
    if (absl::Status status = CheckSecret(info, path); !status.ok()) return status;
  }
  return ReadAll(file.get(), path);
}

bool WriteAll(int fd, const std::string& contents) {
  for (size_t done = 0; done < contents.size();) {
    const ssize_t n = write(fd, contents.data() + done, contents.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    done += static_cast<size_t>(n);
  }
  return fsync(fd) == 0;
}

}  // namespace

absl::StatusOr<std::string> ReadFile(const std::string& path) {
  return Read(path, /*flags=*/0, /*secret=*/false);
}

absl::StatusOr<std::string> ReadSecretFile(const std::string& path) {
  return Read(path, O_NOFOLLOW, /*secret=*/true);
}

absl::Status WriteNewFile(const std::string& path, const std::string& contents, mode_t mode) {
  const Descriptor file(
      open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode));
  if (file.get() < 0 && errno == EEXIST) {
    return absl::AlreadyExistsError(path + ": exists and is not overwritten");
  }
  if (file.get() < 0) return FailedWithErrno(path);
  if (WriteAll(file.get(), contents)) return absl::OkStatus();
  absl::Status status = FailedWithErrno(path);
  unlink(path.c_str());
  return status;
}

}  // namespace bits
