#include "server/app/check_config.h"

#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "server/app/protected_files.h"
#include "server/base/openssl_ptr.h"
#include "server/broker/files/safe_path.h"
#include "server/broker/privileges.h"
#include "server/identity/certificate_identity.h"

namespace bitsd {
namespace {

class Problems {
 public:
  bool Add(const absl::Status& status) {
    if (!status.ok()) found_.emplace_back(status.message());
    return status.ok();
  }
  void Add(std::string problem) { found_.push_back(std::move(problem)); }
  std::vector<std::string> Take() { return std::move(found_); }

 private:
  std::vector<std::string> found_;
};

/// A folder bitsd writes into: its own, or one that it can make.
void CheckFolder(const std::string& folder, uid_t user, Problems& problems) {
  struct stat info;
  if (stat(folder.c_str(), &info) != 0) {
    const std::string parent = folder.substr(0, std::max<size_t>(folder.rfind('/'), 1));
    const bool can_make = errno == ENOENT && access(parent.c_str(), W_OK | X_OK) == 0;
    if (!can_make) problems.Add(absl::StrCat(folder, ": is not there, and cannot be made"));
    return;
  }
  if (!S_ISDIR(info.st_mode)) return problems.Add(absl::StrCat(folder, ": is no folder"));
  if (info.st_uid != user) {
    problems.Add(absl::StrCat(folder, ": belongs to uid ", info.st_uid, ": give it to uid ", user,
                              " (chown)"));
  }
  if ((info.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    problems.Add(
        absl::StrCat(folder, ": may be written by its group or by others: take that away"));
  }
}

/// Becomes whom bitsd would be; false when that is nobody.
bool BecomeService(const Config& config, Problems& problems) {
  if (geteuid() != 0) return true;
  if (!config.run_as_uid || !config.run_as_gid) {
    problems.Add(absl::StrCat(config.path, ": run_as is missing: bitsd does not stay root"));
    return false;
  }
  if (!privileges::CanSwitchIdentity()) {
    problems.Add("started as root without CAP_SETUID and CAP_SETGID: bitsd could not leave root");
    return false;
  }
  privileges::LeaveRoot(*config.run_as_uid, *config.run_as_gid);
  return true;
}

void CheckTls(const Config& config, Problems& problems) {
  rpc::TlsMaterial tls;
  if (problems.Add(ReadServerPair(config, tls))) {
    problems.Add(rpc::CheckServerPair(tls, absl::Now()));
  }
  if (problems.Add(ReadClientRoots(config, tls)) && problems.Add(rpc::CheckRoots(tls))) {
    problems.Add(CertificateReader::Create({}, tls.roots).status());
  }
  const auto crls = ReadCrls(config);
  if (problems.Add(crls.status())) {
    problems.Add(RevocationLists::Create(*crls, tls.roots, absl::Now()).status());
  }
  const auto san_sid_roots = ReadSanSidRoots(config);
  if (problems.Add(san_sid_roots.status())) {
    problems.Add(CertificateReader::Create(*san_sid_roots).status());
  }
}

/// Every file holds something that verifying servers can use.
void CheckNetwork(const policy::NetworkRules& network, Problems& problems) {
  const X509StorePtr store(X509_STORE_new());
  X509_LOOKUP* lookup = X509_STORE_add_lookup(store.get(), X509_LOOKUP_file());
  const std::string& roots = network.ca_file;
  if (!roots.empty() && X509_load_cert_file(lookup, roots.c_str(), X509_FILETYPE_PEM) <= 0) {
    problems.Add(absl::StrCat(roots, ": network.ca_file holds no certificate in PEM"));
  }
  for (const std::string& file : network.crls) {
    if (X509_load_crl_file(lookup, file.c_str(), X509_FILETYPE_PEM) > 0) continue;
    problems.Add(absl::StrCat(file, ": network.crls: it holds no revocation list in PEM"));
  }
  ERR_clear_error();
}

}  // namespace

std::vector<std::string> CheckConfig(const std::string& path) {
  Problems problems;
  const auto config = ReadConfig(path, geteuid());
  if (!problems.Add(config.status())) return problems.Take();
  const uid_t user = geteuid() == 0 ? config->run_as_uid.value_or(0) : geteuid();
  for (const auto& folder : {config->state_dir, config->run_dir, config->log_dir}) {
    CheckFolder(folder, user, problems);
  }
  if (!BecomeService(*config, problems)) return problems.Take();
  // As the broker: the same files, by the stricter rule.
  const bool switching = privileges::CanSwitchIdentity();
  const uid_t owner = DecidingOwner(switching);
  problems.Add(ReadConfig(path, owner).status());
  const auto accounts = ReadAccounts(*config, owner);
  if (problems.Add(accounts.status())) problems.Add(CheckSecrets(**accounts));
  CheckTls(*config, problems);
  CheckNetwork(config->network, problems);
  problems.Add(ReadStoreKey(*config).status());
  problems.Add(SafePaths::Make({{}, config->allowed_roots, !switching}).status());
  return problems.Take();
}

}  // namespace bitsd
