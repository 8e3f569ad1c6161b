// The account directory as a YAML file.
//
//   accounts:
//     - sid: S-1-5-21-1-2-3-1001         # required, canonical
//       name: alice                      # required, at most 256 bytes
//       uid: 61001                       # a number or a user's name; with gid, or neither
//       gid: 61001                       # a number or a group's name
//       groups: [61002, users]           # numbers or names
//       sid_groups:                      # attributes: [ENABLED] or [USE_FOR_DENY_ONLY]
//         - {sid: S-1-5-32-544, attributes: [ENABLED]}
//       service: false                   # true: always logged on
//       disabled: false
//       max_impersonation_level: delegate  # anonymous, identify, impersonate, delegate
//       umask: "022"                     # octal
//       network:                         # what it shows to servers and proxies; all optional
//         kerberos: {principal: alice@EXAMPLE.COM, keytab: /etc/bitsd/alice.keytab}
//                                        # or credential_cache: a file that somebody else renews
//         ntlm: {domain: EXAMPLE, user: alice, password_file: /etc/bitsd/alice.password}
//         delegated: [{principal: alice@EXAMPLE.COM, administrator: false}]
//       filtered: {uid: 61011, gid: 61011, groups: []}  # who a filtered token is; with `network`
//       certificates: []                 # SHA-256 in hex; only for S-1-5-18, -19 and -20
//
// Strict: unknown keys, keys given twice, a SID or name given twice, wrong types and files over
// 16 MiB are refused with FILE:LINE. So is a directory that breaks the administrator rule: an
// account with uid 0, gid 0 or one of the privileged groups carries S-1-5-32-544 ENABLED, S-1-5-18
// does in any case, and no `filtered:` identity has any of these.
//
// Thread safety: immutable once loaded. Ownership: shared.

#ifndef BITSD_SERVER_IDENTITY_FILE_ACCOUNT_DIRECTORY_H_
#define BITSD_SERVER_IDENTITY_FILE_ACCOUNT_DIRECTORY_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "server/identity/account_directory.h"

namespace bitsd {

class FileAccountDirectory : public AccountDirectory {
 public:
  using Accounts = absl::flat_hash_map<Sid, std::shared_ptr<const Account>>;

  explicit FileAccountDirectory(Accounts accounts) : accounts_(std::move(accounts)) {}

  std::shared_ptr<const Account> Find(const Sid& sid) const override;
  size_t size() const { return accounts_.size(); }
  const Accounts& accounts() const { return accounts_; }

 private:
  const Accounts accounts_;
};

inline constexpr size_t kMaxDirectoryBytes = size_t{16} << 20;

/// Reads and checks the file `path`. `privileged_groups` are names of groups; those that this
/// machine does not have are skipped. E_INVALIDARG with "FILE:LINE: what is wrong".
absl::StatusOr<std::shared_ptr<const FileAccountDirectory>> LoadAccountDirectory(
    const std::string& path, const std::vector<std::string>& privileged_groups);

/// As LoadAccountDirectory, from text that was read already; `file` is its name in errors.
absl::StatusOr<std::shared_ptr<const FileAccountDirectory>> ParseAccountDirectory(
    const std::string& content, const std::string& file,
    const std::vector<std::string>& privileged_groups);

}  // namespace bitsd

#endif  // BITSD_SERVER_IDENTITY_FILE_ACCOUNT_DIRECTORY_H_
