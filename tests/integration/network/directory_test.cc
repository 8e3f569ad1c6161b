// The account directory's network credentials, as bitsd takes or refuses them.

#include <sys/stat.h>
#include <unistd.h>

#include <string>

#include "tests/testing/bitsd/bitsd_fixture.h"
#include "tests/testing/temp_folder.h"

namespace bitsd::tests {
namespace {

class NetworkDirectoryTest : public BitsdTest {
 protected:
  std::string Keytab() { return bitsd().folder().File("etc/alice.keytab"); }

  /// The usual accounts, alice's with a keytab; it takes effect within a second.
  void NameKeytab() {
    std::string yaml = AccountDirectoryYaml(DemoIdentities());
    const std::string name = "name: alice";
    const size_t at = yaml.find(name);
    ASSERT_NE(at, yaml.npos);
    yaml.insert(
        at + name.size(),
        "\n    network: {kerberos: {principal: alice@TEST.LOCAL, keytab: " + Keytab() + "}}");
    WriteFile(bitsd().folder().File("etc/accounts.yaml"), yaml);
  }

  bool LogHas(const std::string& text) {
    return WaitFor([&] { return bitsd().Log().find(text) != std::string::npos; });
  }
};

TEST_F(NetworkDirectoryTest, ASecretThatOthersMayReadIsNamedAndHoldsNothingElseBack) {
  WriteFile(Keytab(), "key", 0644);
  NameKeytab();
  EXPECT_TRUE(LogHas(Keytab() + ": is a secret that others may read"));
  EXPECT_EQ(bitsd().AwaitAudit("account_changed", 1).at(0)["change"], "network_credentials_changed")
      << "whatever else the directory says is in force";
  const Finished refused = bitsd().CheckConfig();
  EXPECT_EQ(refused.status, 1);
  EXPECT_NE(refused.output.find(Keytab() + ": is a secret that others may read"), std::string::npos)
      << refused.output;
  EXPECT_NE(refused.output.find("the keytab of the account 'alice'"), std::string::npos);

  ASSERT_EQ(::chmod(Keytab().c_str(), 0600), 0);
  GiveTo(Keytab(), kBitsdUser, kBitsdUser);
  const Finished taken = bitsd().CheckConfig();
  EXPECT_EQ(taken.status, 0) << taken.output;
}

TEST_F(NetworkDirectoryTest, AStartWantsEverySecretInOrder) {
  WriteFile(Keytab(), "key", 0644);
  NameKeytab();
  ASSERT_TRUE(bitsd().Stop().ok());
  EXPECT_NE(std::string(bitsd().StartAgain().message()).find("others may read"), std::string::npos);
  ASSERT_EQ(::chmod(Keytab().c_str(), 0600), 0);
  GiveTo(Keytab(), kBitsdUser, kBitsdUser);
  EXPECT_TRUE(bitsd().StartAgain().ok());
}

TEST_F(NetworkDirectoryTest, ASecretThatBitsdCannotReadIsRefused) {
  WriteFile(Keytab(), "key", 0600);
  GiveTo(Keytab(), 0, 0);
  NameKeytab();
  const Finished refused = bitsd().CheckConfig();
  EXPECT_EQ(refused.status, 1);
  EXPECT_NE(refused.output.find(Keytab() + ": cannot be opened"), std::string::npos)
      << refused.output;
}

}  // namespace
}  // namespace bitsd::tests
