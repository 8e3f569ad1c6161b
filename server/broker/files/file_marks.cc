#include "server/broker/files/file_marks.h"

#include <sys/xattr.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace bitsd {
namespace {

constexpr char kMark[] = "user.bitsd.mark";

using Bytes = std::array<char, sizeof(uint64_t)>;

}  // namespace

uint64_t PutMark(int fd) {
  uint64_t mark = 0;
  while (mark == 0) ::arc4random_buf(&mark, sizeof(mark));
  Bytes bytes;
  std::memcpy(bytes.data(), &mark, bytes.size());
  return ::fsetxattr(fd, kMark, bytes.data(), bytes.size(), XATTR_CREATE) == 0 ? mark : 0;
}

MarkVerdict CheckMark(int fd, uint64_t recorded) {
  if (recorded == 0) return MarkVerdict::kUnknown;
  Bytes bytes;
  const ssize_t size = ::fgetxattr(fd, kMark, bytes.data(), bytes.size());
  if (size < 0 && errno != ENODATA && errno != ERANGE) return MarkVerdict::kUnknown;
  const bool same = size == static_cast<ssize_t>(bytes.size()) &&
                    std::memcmp(bytes.data(), &recorded, bytes.size()) == 0;
  return same ? MarkVerdict::kSame : MarkVerdict::kOther;
}

void RemoveMark(int fd) { static_cast<void>(::fremovexattr(fd, kMark)); }

}  // namespace bitsd
