#include "server/app/protected_files.h"

#include <unistd.h>

#include <cstdlib>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/base/private_file.h"
#include "server/error/errors.h"
#include "server/network/secret_files.h"

namespace bitsd {
namespace {

constexpr size_t kMaxPemBytes = size_t{4} << 20;
constexpr size_t kMaxCrlBytes = size_t{16} << 20;

constexpr char kStoreKeyCredential[] = "bitsd-store-key";

/// Empty when there is no key.
std::string StoreKeyPath(const Config& config) {
  if (!config.store_key_file.empty()) return config.store_key_file;
  const char* const folder = std::getenv("CREDENTIALS_DIRECTORY");
  if (folder == nullptr || folder[0] != '/') return "";
  std::string path = absl::StrCat(folder, "/", kStoreKeyCredential);
  return access(path.c_str(), F_OK) == 0 ? path : "";
}

std::string FolderOf(const std::string& path) { return path.substr(0, path.rfind('/')); }

/// PEM files may be the server's own: it shows them, they decide on nobody else.
absl::Status ReadPem(const std::string& path, Secrecy secrecy, std::string& text,
                     size_t most = kMaxPemBytes) {
  absl::StatusOr<std::string> content = ReadPrivateFile(path, geteuid(), most, secrecy);
  if (!content.ok()) return content.status();
  text = *std::move(content);
  return absl::OkStatus();
}

}  // namespace

uid_t DecidingOwner(bool identity_switching) { return identity_switching ? 0 : getuid(); }

absl::StatusOr<Config> ReadConfig(const std::string& path, uid_t owner) {
  const absl::StatusOr<std::string> content = ReadPrivateFile(path, owner, kMaxConfigBytes);
  if (!content.ok()) return content.status();
  return ParseConfig(*content, path);
}

absl::StatusOr<std::shared_ptr<const FileAccountDirectory>> ReadAccounts(const Config& config,
                                                                         uid_t owner) {
  const std::string& path = config.account_directory;
  const absl::StatusOr<std::string> content = ReadPrivateFile(path, owner, kMaxDirectoryBytes);
  if (!content.ok()) return content.status();
  return ParseAccountDirectory(*content, path, config.privileged_groups);
}

absl::Status CheckSecrets(const FileAccountDirectory& directory) {
  // Like PEM files, they may be the server's own.
  return network::CheckSecretFiles(directory, geteuid());
}

absl::Status ReadServerPair(const Config& config, rpc::TlsMaterial& material) {
  absl::Status status =
      ReadPem(config.tls_certificate, Secrecy::kPublic, material.certificate_chain);
  if (status.ok()) status = ReadPem(config.tls_key, Secrecy::kSecret, material.private_key);
  return status;
}

absl::Status ReadClientRoots(const Config& config, rpc::TlsMaterial& material) {
  return ReadPem(config.tls_roots, Secrecy::kPublic, material.roots);
}

absl::StatusOr<std::vector<std::string>> ReadSanSidRoots(const Config& config) {
  std::vector<std::string> roots;
  for (const std::string& path : config.tls_san_sid_roots) {
    absl::Status status = ReadPem(path, Secrecy::kPublic, roots.emplace_back());
    if (!status.ok()) return status;
  }
  return roots;
}

absl::StatusOr<std::vector<std::string>> ReadCrls(const Config& config) {
  std::vector<std::string> lists;
  for (const std::string& path : config.tls_crls) {
    absl::Status status = ReadPem(path, Secrecy::kPublic, lists.emplace_back(), kMaxCrlBytes);
    if (!status.ok()) return status;
  }
  return lists;
}

absl::StatusOr<std::shared_ptr<const SecretBox>> ReadStoreKey(const Config& config) {
  const std::string path = StoreKeyPath(config);
  if (path.empty()) return nullptr;
  absl::StatusOr<std::string> content =
      ReadPrivateFile(path, geteuid(), SecretBox::kKeySize, Secrecy::kSecret);
  if (!content.ok()) return content.status();
  auto box = SecretBox::Create(Secret(*content));
  explicit_bzero(content->data(), content->size());
  if (!box.ok()) {
    return error::InvalidArgument(absl::StrCat(path, ": ", box.status().message(),
                                               ": make one with head -c 32 /dev/urandom"));
  }
  return box;
}

std::vector<std::string> ProtectedPaths(const Config& config) {
  std::vector<std::string> paths = {config.state_dir, config.run_dir, config.log_dir};
  std::vector<std::string> files = config.tls_san_sid_roots;
  files.insert(files.end(), config.tls_crls.begin(), config.tls_crls.end());
  files.insert(files.end(), {config.path, config.tls_certificate, config.tls_key, config.tls_roots,
                             config.account_directory});
  if (const std::string key = StoreKeyPath(config); !key.empty()) files.push_back(key);
  for (const std::string& file : files) {
    paths.push_back(file);
    if (const std::string folder = FolderOf(file); !folder.empty()) paths.push_back(folder);
  }
  // Public files, whose folders others may use; but no job replaces them.
  paths.insert(paths.end(), config.network.crls.begin(), config.network.crls.end());
  if (!config.network.ca_file.empty()) paths.push_back(config.network.ca_file);
  return paths;
}

}  // namespace bitsd
