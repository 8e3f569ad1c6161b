// What bitsd reads from its files: each judged by owner and mode, and read, through one descriptor.
//
// Thread safety: functions of the file system; any thread.

#ifndef BITSD_SERVER_APP_PROTECTED_FILES_H_
#define BITSD_SERVER_APP_PROTECTED_FILES_H_

#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/identity/file_account_directory.h"
#include "server/ops/config.h"
#include "server/rpc/tls/tls_material.h"
#include "server/store/secret_box.h"

namespace bitsd {

/// Who, besides root, may own the files that say whom bitsd acts as: nobody (0) where it can become
/// others, else its own user.
uid_t DecidingOwner(bool identity_switching);

absl::StatusOr<Config> ReadConfig(const std::string& path, uid_t owner);

absl::StatusOr<std::shared_ptr<const FileAccountDirectory>> ReadAccounts(const Config& config,
                                                                         uid_t owner);

/// Whether the secret files that the directory names are as they must be (secret_files.h). At the
/// start that is asked for; later, one account's file does not hold back what a directory withdraws
/// from another: a credential agent looks again at each use.
absl::Status CheckSecrets(const FileAccountDirectory& directory);

/// The files of tls: in `material` certificate and key, and the roots. Not checked yet.
absl::Status ReadServerPair(const Config& config, rpc::TlsMaterial& material);
absl::Status ReadClientRoots(const Config& config, rpc::TlsMaterial& material);
absl::StatusOr<std::vector<std::string>> ReadSanSidRoots(const Config& config);

/// The files of tls.crls.
absl::StatusOr<std::vector<std::string>> ReadCrls(const Config& config);

/// The key of store_key_file, or of systemd's credential bitsd-store-key; null when there is
/// neither. E_INVALIDARG when it is not 32 bytes that bitsd alone can read.
absl::StatusOr<std::shared_ptr<const SecretBox>> ReadStoreKey(const Config& config);

/// bitsd's own files and the folders that hold them: out of reach of every job.
std::vector<std::string> ProtectedPaths(const Config& config);

}  // namespace bitsd

#endif  // BITSD_SERVER_APP_PROTECTED_FILES_H_
