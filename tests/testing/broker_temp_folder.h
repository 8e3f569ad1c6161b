// A folder of a test's own, removed with everything in it, and what tests ask of files.
//
// Thread safety: none. Ownership: owns the folder.

#ifndef BITSD_TESTS_TESTING_BROKER_TEMP_FOLDER_H_
#define BITSD_TESTS_TESTING_BROKER_TEMP_FOLDER_H_

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "absl/status/status.h"
#include "server/base/unique_fd.h"
#include "server/error/errors.h"
#include "server/model/file_id.h"

namespace bitsd {

class TempFolder {
 public:
  TempFolder() {
    char path[] = "/tmp/bitsd-broker-XXXXXX";
    if (::mkdtemp(path) == nullptr || ::chmod(path, 0755) != 0) std::abort();
    path_ = path;
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  ~TempFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  const std::string& path() const { return path_; }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

  /// A folder below this one, of `uid` and `gid` when this is root.
  std::string MakeFolder(const std::string& name, mode_t mode = 0755, uid_t uid = -1,
                         gid_t gid = -1) const {
    std::filesystem::create_directories(path_ + "/" + name);
    if (::chown((*this / name).c_str(), uid, gid) != 0) std::abort();
    if (::chmod((*this / name).c_str(), mode) != 0) std::abort();
    return *this / name;
  }

  std::string MakeFile(const std::string& name, const std::string& text = "") const {
    UniqueFd fd(::open((*this / name).c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
    if (::write(fd.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
      std::abort();
    }
    return *this / name;
  }

 private:
  std::string path_;
};

inline struct stat Stat(const std::string& path) {
  struct stat file = {};
  if (::lstat(path.c_str(), &file) != 0) file.st_nlink = 0;
  return file;
}

inline bool Exists(const std::string& path) { return Stat(path).st_nlink != 0; }

inline FileId IdOf(const std::string& path) {
  const struct stat file = Stat(path);
  FileId id;
  id.device = file.st_dev;
  id.inode = file.st_ino;
  return id;
}

/// The rule that refused; the HRESULT's name where none did; "unavailable" for what may go later.
inline std::string Refusal(const absl::Status& status) {
  if (status.ok()) return "ok";
  const ErrorDetail detail = DetailOf(status);
  if (!detail.rule.empty()) return detail.rule;
  if (absl::IsUnavailable(status)) return "unavailable";
  return HresultName(static_cast<uint32_t>(detail.hresult));
}

}  // namespace bitsd

#endif  // BITSD_TESTS_TESTING_BROKER_TEMP_FOLDER_H_
