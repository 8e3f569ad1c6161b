// A development PKI with a client, alice.
//
// Thread safety: one test thread. Ownership: owns the files.

#ifndef BITSD_TESTS_UNIT_CLIENT_PKI_FIXTURE_H_
#define BITSD_TESTS_UNIT_CLIENT_PKI_FIXTURE_H_

#include <chrono>
#include <string>

#include "bitsd/client/identity.h"
#include "client/base/private_file.h"
#include "client/cli/pki.h"
#include "client/identity/certificate.h"
#include "gtest/gtest.h"
#include "tests/unit/client/folder_fixture.h"

namespace bits {

inline constexpr char kAlice[] = "S-1-5-21-1111111111-2222222222-3333333333-500";

class PkiTest : public FolderTest {
 protected:
  void SetUp() override {
    ASSERT_TRUE(cli::InitPki(Path("pki")).ok());
    ASSERT_TRUE(cli::IssueClient(Path("pki"), "alice", kAlice, 30).ok());
  }

  X509Ptr Load(const std::string& name) const {
    return *ParseCertificate(*ReadFile(Path("pki/" + name + ".crt")));
  }

  Identity Alice() const {
    return *LoadIdentity(Path("pki/alice.crt"), Path("pki/alice.key"), Path("pki/ca.crt"));
  }

  static std::chrono::system_clock::time_point In(int days) {
    return std::chrono::system_clock::now() + std::chrono::hours(24 * days);
  }
};

}  // namespace bits

#endif  // BITSD_TESTS_UNIT_CLIENT_PKI_FIXTURE_H_
