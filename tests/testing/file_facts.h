// What tests ask of files and of those who open them.
//
// Thread safety: pure functions.

#ifndef BITSD_TESTS_TESTING_FILE_FACTS_H_
#define BITSD_TESTS_TESTING_FILE_FACTS_H_

#include <sys/stat.h>

#include <string>

#include "absl/status/status.h"
#include "server/error/errors.h"
#include "server/model/file_id.h"

namespace bitsd {

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

#endif  // BITSD_TESTS_TESTING_FILE_FACTS_H_
