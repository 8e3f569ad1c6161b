// A development PKI for a test, made by the real `bitsctl pki`.
//
// Thread safety: as a const value, but for Issue. Ownership: its files belong to the folder's
// owner.

#ifndef BITSD_TESTS_TESTING_BITSD_DEMO_PKI_H_
#define BITSD_TESTS_TESTING_BITSD_DEMO_PKI_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tests/testing/bitsd/demo_identities.h"

namespace bitsd::tests {

/// Two PEM files.
struct CertificateFiles {
  std::string certificate;
  std::string key;
};

class DemoPki {
 public:
  /// A root and a server certificate in the new folder `folder`, and one for each identity.
  static absl::StatusOr<std::unique_ptr<DemoPki>> Create(
      const std::string& folder, const std::vector<DemoIdentity>& identities);

  /// One more client certificate, under a name of its own.
  absl::Status Issue(const std::string& name, const std::string& sid);

  /// Writes the root's revocation list to `path` (PEM), replacing it in one step; with
  /// `certificate`, a PEM file, it names that, too, from now on.
  absl::Status WriteRevocationList(const std::string& path, const std::string& certificate = "");

  const std::string& roots() const { return roots_; }
  CertificateFiles server() const { return Of("server"); }
  CertificateFiles Of(std::string_view name) const;

 private:
  explicit DemoPki(std::string folder);

  std::string folder_;
  std::string roots_;
};

}  // namespace bitsd::tests

#endif  // BITSD_TESTS_TESTING_BITSD_DEMO_PKI_H_
