// Files that decide who may do what: they must belong to us, and nobody else may write them.
//
// The folder is opened first, the file in it second, and both are judged and read through their
// descriptors, so that what was judged is what is read. A symbolic link in the last place is
// followed when it is ours, and so is what it leads to (Kubernetes replaces files so). Thread
// safety: pure functions of the file system.

#ifndef BITSD_SERVER_BASE_PRIVATE_FILE_H_
#define BITSD_SERVER_BASE_PRIVATE_FILE_H_

#include <sys/types.h>

#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace bitsd {

enum class Secrecy {
  kPublic,  ///< Everybody may read it.
  kSecret,  ///< Nobody but the owner and the group may read it: a private key.
  kOwn,     ///< Nobody but the owner and this process's own group may: a password.
};

/// OK when the regular file `path` and its folder belong to root or `owner` and neither group nor
/// others may write them (a folder with the sticky bit: they may, as they cannot replace the file).
/// E_INVALIDARG, saying which and what to do, otherwise.
absl::Status CheckPrivateFile(const std::string& path, uid_t owner,
                              Secrecy secrecy = Secrecy::kPublic);

/// The contents of a file that passes CheckPrivateFile, of at most `max_bytes`.
absl::StatusOr<std::string> ReadPrivateFile(const std::string& path, uid_t owner, size_t max_bytes,
                                            Secrecy secrecy = Secrecy::kPublic);

}  // namespace bitsd

#endif  // BITSD_SERVER_BASE_PRIVATE_FILE_H_
