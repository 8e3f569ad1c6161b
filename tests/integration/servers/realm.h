// A Kerberos realm of a test's own: a real KDC on a free port of 127.0.0.1, with its principals.
//
// Thread safety: one thread. Ownership: the KDC process and its folder.

#ifndef BITSD_TESTS_INTEGRATION_SERVERS_REALM_H_
#define BITSD_TESTS_INTEGRATION_SERVERS_REALM_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "tests/testing/process.h"
#include "tests/testing/temp_folder.h"

namespace bitsd::tests {

class Realm {
 public:
  static constexpr char kName[] = "TEST.LOCAL";

  /// Fails, with what to install, where there is no KDC. Sets KRB5_CONFIG for this process.
  static absl::StatusOr<std::unique_ptr<Realm>> Start();

  /// A principal with a random key; returns a copy of its keytab that `reader` may read.
  std::string AddPrincipal(const std::string& name, uid_t reader) const;

  /// "KRB5_CONFIG=...", for a server's environment.
  std::string Environment() const { return "KRB5_CONFIG=" + folder_.File("krb5.conf"); }

 private:
  Realm() = default;
  absl::Status StartOn(uint16_t port);
  Finished Admin(const std::string& query) const;

  TempFolder folder_;
  std::unique_ptr<Process> kdc_;
};

}  // namespace bitsd::tests

#endif  // BITSD_TESTS_INTEGRATION_SERVERS_REALM_H_
