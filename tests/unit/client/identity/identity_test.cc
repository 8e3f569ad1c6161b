// The check of an identity before a connection.

#include "bitsd/client/identity.h"

#include <filesystem>
#include <string>
#include <vector>

#include "client/identity/sid_text.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/client/pki_fixture.h"

namespace bits {
namespace {

using ::testing::HasSubstr;

using IdentityTest = PkiTest;

TEST_F(IdentityTest, AGoodIdentityPassesAndSaysWhoItIs) {
  const Identity alice = Alice();
  EXPECT_TRUE(alice.Check(In(0)).ok()) << alice.Check(In(0));
  EXPECT_EQ(*alice.Sid(), kAlice);
  EXPECT_EQ(*alice.Subject(), "CN=alice");
  EXPECT_LT(*alice.NotAfter(), In(31));
  EXPECT_GT(*alice.NotAfter(), In(29));
}

TEST_F(IdentityTest, AnExpiredCertificateIsNamed) {
  EXPECT_THAT(std::string(Alice().Check(In(31)).message()), HasSubstr("expired"));
  EXPECT_THAT(std::string(Alice().Check(In(-1)).message()), HasSubstr("not valid yet"));
}

TEST_F(IdentityTest, AKeyOfAnotherCertificateIsNamed) {
  Identity alice = Alice();
  alice.private_key = *ReadFile(Path("pki/server.key"));
  EXPECT_THAT(std::string(alice.Check(In(0)).message()), HasSubstr("does not belong"));
  alice.private_key = "garbage";
  EXPECT_THAT(std::string(alice.Check(In(0)).message()), HasSubstr("private key cannot be used"));
}

TEST_F(IdentityTest, ACertificateWithoutASidIsNamed) {
  const auto server =
      LoadIdentity(Path("pki/server.crt"), Path("pki/server.key"), Path("pki/ca.crt"));
  EXPECT_THAT(std::string(server->Check(In(0)).message()), HasSubstr("has no SID"));
}

TEST_F(IdentityTest, MissingRootsAreNamed) {
  Identity alice = Alice();
  alice.roots = "";
  EXPECT_THAT(std::string(alice.Check(In(0)).message()), HasSubstr("roots"));
}

TEST_F(IdentityTest, AMissingFileIsNamed) {
  const auto identity =
      LoadIdentity(Path("nowhere.crt"), Path("pki/alice.key"), Path("pki/ca.crt"));
  EXPECT_THAT(std::string(identity.status().message()), HasSubstr("nowhere.crt"));
}

}  // namespace
}  // namespace bits
