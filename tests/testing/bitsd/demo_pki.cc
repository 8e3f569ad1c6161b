#include "tests/testing/bitsd/demo_pki.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <utility>

#include "tests/testing/process.h"
#include "tests/testing/temp_folder.h"

namespace bitsd::tests {
namespace {

absl::Status RunPki(const std::string& folder, std::vector<std::string> words) {
  words.insert(words.begin(), {BITSCTL_PROGRAM, "pki"});
  const Finished finished = Run(words, folder);
  if (finished.status == 0) return absl::OkStatus();
  return absl::InternalError("bitsctl pki: status " + std::to_string(finished.status) + ": " +
                             finished.output);
}

}  // namespace

DemoPki::DemoPki(std::string folder) : folder_(std::move(folder)), roots_(folder_ + "/ca.crt") {}

absl::StatusOr<std::unique_ptr<DemoPki>> DemoPki::Create(
    const std::string& folder, const std::vector<DemoIdentity>& identities) {
  // bitsd reads its certificates as its own user; the keys are 0600 whatever the folder is.
  if (::mkdir(folder.c_str(), 0755) != 0 || ::chmod(folder.c_str(), 0755) != 0) {
    return absl::ErrnoToStatus(errno, folder);
  }
  std::unique_ptr<DemoPki> pki(new DemoPki(folder));
  absl::Status status = RunPki(folder, {"init", folder});
  for (const DemoIdentity& identity : identities) {
    if (status.ok()) status = pki->Issue(identity.name, identity.sid);
  }
  if (!status.ok()) return status;
  return pki;
}

absl::Status DemoPki::Issue(const std::string& name, const std::string& sid) {
  return RunPki(folder_, {"issue", folder_, name, "--sid", sid});
}

absl::Status DemoPki::WriteRevocationList(const std::string& path, const std::string& certificate) {
  const std::string configuration = folder_ + "/openssl.cnf";
  if (::access(configuration.c_str(), F_OK) != 0) {
    WriteFile(folder_ + "/index.txt", "");
    WriteFile(configuration,
              "[ca]\ndefault_ca = root\n[root]\ndefault_md = sha256\ndefault_crl_days = 1\n"
              "database = " +
                  folder_ + "/index.txt\n");
  }
  const auto run = [&](std::vector<std::string> words) {
    words.insert(words.begin(), {"openssl", "ca", "-config", configuration, "-keyfile",
                                 folder_ + "/ca.key", "-cert", roots_});
    words[0] = "/usr/bin/openssl";
    const Finished finished = Run(words, folder_);
    return finished.status == 0 ? absl::OkStatus() : absl::InternalError(finished.output);
  };
  absl::Status status;
  if (!certificate.empty()) status = run({"-revoke", certificate});
  const std::string next = path + ".new";
  if (status.ok()) status = run({"-gencrl", "-out", next});
  if (!status.ok()) return status;
  ::chmod(next.c_str(), 0644);
  return ::rename(next.c_str(), path.c_str()) == 0 ? absl::OkStatus()
                                                   : absl::ErrnoToStatus(errno, path);
}

CertificateFiles DemoPki::Of(std::string_view name) const {
  const std::string base = folder_ + "/" + std::string(name);
  return {base + ".crt", base + ".key"};
}

}  // namespace bitsd::tests
