// The files that hold the network credentials of accounts: bitsd's alone.
//
// Thread safety: pure functions of the file system.

#ifndef BITSD_SERVER_NETWORK_SECRET_FILES_H_
#define BITSD_SERVER_NETWORK_SECRET_FILES_H_

#include <sys/types.h>

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/base/secret.h"
#include "server/identity/file_account_directory.h"

namespace bitsd::network {

/// Of a keytab or credential cache.
inline constexpr size_t kMaxSecretFile = size_t{1} << 20;
/// Folders in which the secrets of a directory lie.
inline constexpr size_t kMaxSecretFolders = 64;

/// OK when every file that `directory` names is a regular one of root or `owner` that nobody but
/// they and this process's group may read, and that this process can. E_INVALIDARG with the first
/// file that is not, and whose it is. A credential cache may be missing: somebody else makes it.
absl::Status CheckSecretFiles(const FileAccountDirectory& directory, uid_t owner);

/// The folders of these files: out of reach of every job, as all that is bitsd's own. Of a file in
/// a folder where anybody may make files, the file.
std::vector<std::string> SecretPaths(const FileAccountDirectory& directory);

/// The contents of one such file, of at most `max_bytes`.
absl::StatusOr<Secret> ReadSecret(const std::string& path, uid_t owner, size_t max_bytes);

/// The first line of one such file. E_INVALIDARG when it is empty.
absl::StatusOr<Secret> ReadPassword(const std::string& path, uid_t owner);

}  // namespace bitsd::network

#endif  // BITSD_SERVER_NETWORK_SECRET_FILES_H_
