// Reading and creating small files without surprises.
//
// Secrets go only into files that are new and ours, and come only from files that nobody else could
// have read or replaced. Thread safety: pure functions on the file system.

#ifndef BITSD_CLIENT_BASE_PRIVATE_FILE_H_
#define BITSD_CLIENT_BASE_PRIVATE_FILE_H_

#include <sys/types.h>

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace bits {

/// Nothing this library reads from a file is larger.
inline constexpr size_t kMaxFileSize = 1 << 20;

/// The whole of a regular file; a symbolic link is followed.
absl::StatusOr<std::string> ReadFile(const std::string& path);

/// The whole of a secret file: regular, no symbolic link, the caller's own, no access for others.
absl::StatusOr<std::string> ReadSecretFile(const std::string& path);

/// Creates `path` with `mode`; never overwrites and never follows a link. Leaves no half file.
absl::Status WriteNewFile(const std::string& path, const std::string& contents, mode_t mode);

}  // namespace bits

#endif  // BITSD_CLIENT_BASE_PRIVATE_FILE_H_
