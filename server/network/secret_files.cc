#include "server/network/secret_files.h"

#include <sys/stat.h>

#include <cerrno>
#include <functional>
#include <set>
#include <utility>

#include "server/base/private_file.h"
#include "server/error/errors.h"

namespace bitsd::network {
namespace {

constexpr size_t kMaxPasswordFile = 4096;

struct SecretFile {
  const std::string& path;
  const std::string& account;
  const char* what;
  bool may_be_missing;
};

void ForEach(const NetworkCredentials& side, const std::string& account,
             const std::function<void(const SecretFile&)>& use) {
  if (side.kerberos && !side.kerberos->keytab.empty()) {
    use({side.kerberos->keytab, account, "keytab", false});
  }
  if (side.kerberos && !side.kerberos->credential_cache.empty()) {
    use({side.kerberos->credential_cache, account, "credential cache", true});
  }
  if (side.ntlm) use({side.ntlm->password_file, account, "password file", false});
}

void ForEach(const FileAccountDirectory& directory,
             const std::function<void(const SecretFile&)>& use) {
  for (const auto& [sid, account] : directory.accounts()) {
    ForEach(account->network, account->name, use);
    ForEach(account->filtered_network, account->name, use);
  }
}

bool IsMissing(const std::string& path) {
  struct stat info;
  return stat(path.c_str(), &info) != 0 && errno == ENOENT;
}

absl::Status Check(const SecretFile& file, uid_t owner) {
  if (file.may_be_missing && IsMissing(file.path)) return absl::OkStatus();
  absl::Status status = CheckPrivateFile(file.path, owner, Secrecy::kOwn);
  if (status.ok()) return status;
  return error::InvalidArgument(std::string(status.message()) + " (the " + file.what +
                                " of the account '" + file.account + "')");
}

/// The folder of `path`, or where anybody may make files: `path`.
std::string PlaceOf(const std::string& path) {
  std::string folder = path.substr(0, path.rfind('/'));
  struct stat info;
  const bool shared = stat(folder.c_str(), &info) == 0 && (info.st_mode & (S_IWGRP | S_IWOTH)) != 0;
  return folder.empty() || shared ? path : folder;
}

}  // namespace

absl::Status CheckSecretFiles(const FileAccountDirectory& directory, uid_t owner) {
  absl::Status first;
  ForEach(directory, [&](const SecretFile& file) {
    if (first.ok()) first = Check(file, owner);
  });
  if (first.ok() && SecretPaths(directory).size() > kMaxSecretFolders) {
    return error::InvalidArgument("the secrets of the account directory lie in more than " +
                                  std::to_string(kMaxSecretFolders) +
                                  " folders: put them together");
  }
  return first;
}

std::vector<std::string> SecretPaths(const FileAccountDirectory& directory) {
  std::set<std::string> paths;
  ForEach(directory, [&](const SecretFile& file) { paths.insert(PlaceOf(file.path)); });
  return {paths.begin(), paths.end()};
}

absl::StatusOr<Secret> ReadSecret(const std::string& path, uid_t owner, size_t max_bytes) {
  absl::StatusOr<std::string> content = ReadPrivateFile(path, owner, max_bytes, Secrecy::kOwn);
  if (!content.ok()) return content.status();
  Secret secret(*content);
  WipeText(*content);
  return secret;
}

absl::StatusOr<Secret> ReadPassword(const std::string& path, uid_t owner) {
  absl::StatusOr<Secret> content = ReadSecret(path, owner, kMaxPasswordFile);
  if (!content.ok()) return content;
  std::string_view line = content->view().substr(0, content->view().find('\n'));
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (line.empty() || line.find('\0') != std::string_view::npos) {
    return error::InvalidArgument(path + ": has no password in its first line");
  }
  return Secret(line);
}

}  // namespace bitsd::network
