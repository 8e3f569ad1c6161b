#include "tests/testing/demo_pki.h"

#include <sys/stat.h>

#include <cerrno>
#include <utility>

#include "tests/testing/process.h"

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

CertificateFiles DemoPki::Of(std::string_view name) const {
  const std::string base = folder_ + "/" + std::string(name);
  return {base + ".crt", base + ".key"};
}

}  // namespace bitsd::tests
