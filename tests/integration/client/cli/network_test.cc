// Commands about the network side of a job, and where they take a password from.

#include "gmock/gmock.h"
#include "tests/integration/client/cli/bitsctl_fixture.h"
#include "tests/testing/terminal.h"

namespace bitsd::tests {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr char kPassword[] = "marker-password-4711";

class BitsctlNetworkTest : public BitsctlTest {
 protected:
  void SetUp() override {
    BitsctlTest::SetUp();
    if (IsSkipped()) return;
    Out({"create", "nightly"});
    WriteFile(PasswordFile(), std::string(kPassword) + "\nsecond line\n");
    ASSERT_EQ(::chmod(PasswordFile().c_str(), 0600), 0);
  }
  std::string PasswordFile() const { return config_folder_.File("password"); }
  std::string Credentials() { return Value({"get", "nightly", "credentials"}); }
};

TEST_F(BitsctlNetworkTest, APasswordComesFromAFileOfOnesOwn) {
  const std::string text = Out({"set-credentials", "nightly", "proxy", "basic", "mirror",
                                "--password-file", PasswordFile()});
  EXPECT_THAT(text, HasSubstr("PROXY BASIC, user and password (a restart of bitsd loses it)"));
  EXPECT_THAT(text, Not(HasSubstr(kPassword)));
  ASSERT_EQ(::chmod(PasswordFile().c_str(), 0644), 0);
  EXPECT_NE(Bitsctl({"set-credentials", "nightly", "proxy", "basic", "mirror", "--password-file",
                     PasswordFile()})
                .status,
            0);
}

TEST_F(BitsctlNetworkTest, APasswordComesFromStandardInput) {
  const Finished set = tests::Run(
      CommandLine({"set-credentials", "nightly", "server", "digest", "u", "--password-file", "-"}),
      config_folder_.path(), PasswordFile());
  EXPECT_EQ(set.status, 0) << set.output;
  EXPECT_THAT(Credentials(), HasSubstr("SERVER DIGEST, user and password"));
}

TEST_F(BitsctlNetworkTest, APasswordIsAskedForAndDoesNotShow) {
  Terminal terminal(CommandLine({"set-credentials", "nightly", "server", "ntlm", "D\\u"}), 100, 24);
  ASSERT_TRUE(terminal.WaitForText("Password: "));
  terminal.Type(std::string(kPassword) + "\n");
  EXPECT_EQ(terminal.WaitForEnd(), 0) << terminal.output();
  EXPECT_THAT(terminal.output(), Not(HasSubstr(kPassword)));
  EXPECT_THAT(Credentials(), HasSubstr("SERVER NTLM, user and password"));
}

TEST_F(BitsctlNetworkTest, WithoutAUserItIsWhoeverActs) {
  Out({"set-credentials", "nightly", "server", "negotiate"});
  EXPECT_EQ(Credentials(), "SERVER NEGOTIATE, of whoever acts");
  EXPECT_THAT(Out({"remove-credentials", "nightly", "server", "negotiate"}), HasSubstr("removed"));
  EXPECT_THAT(Out({"remove-credentials", "nightly", "server", "negotiate"}),
              HasSubstr("had no such"));
  EXPECT_EQ(Credentials(), "none");
  EXPECT_EQ(
      Bitsctl({"set-credentials", "nightly", "server", "basic", "--password-file", PasswordFile()})
          .status,
      2);
}

TEST_F(BitsctlNetworkTest, BitsadminsSpellingIsTakenWithAWarning) {
  const Finished set =
      Bitsctl({"/SetCredentials", "nightly", "SERVER", "BASIC", "mirror", kPassword});
  EXPECT_EQ(set.status, 0) << set.output;
  EXPECT_THAT(set.output, HasSubstr("warning: everybody on this machine could read the password"));
  EXPECT_THAT(set.output, Not(HasSubstr(kPassword)));
  EXPECT_THAT(Out({"/setcredentials", "nightly", "PROXY", "NTLM", "NULL", "NULL"}),
              Not(HasSubstr("warning")));
  EXPECT_THAT(Credentials(), HasSubstr("PROXY NTLM, of whoever acts"));
  Out({"/RemoveCredentials", "nightly", "SERVER", "BASIC"});
  EXPECT_THAT(Credentials(), Not(HasSubstr("BASIC")));
}

TEST_F(BitsctlNetworkTest, TheCertificateIsSetShownAndRemoved) {
  Out({"set-client-certificate", "nightly", "/home/fetcher/c.pem", "/home/fetcher/c.key"});
  EXPECT_THAT(Out({"info", "nightly"}), HasSubstr("/home/fetcher/c.key"));
  EXPECT_THAT(Out({"--as", "admin", "info", Value({"get", "nightly", "id"})}),
              Not(HasSubstr("c.key")));
  EXPECT_EQ(Value({"/getclientcertificate", "nightly"}), "/home/fetcher/c.pem");
  Out({"remove-client-certificate", "nightly"});
  EXPECT_THAT(Out({"info", "nightly"}), Not(HasSubstr("c.key")));
}

TEST_F(BitsctlNetworkTest, ProxiesAndFlagsAreSetAndShown) {
  Out({"set-proxy", "nightly", "override", "proxy.example:3128", "*.example"});
  EXPECT_THAT(Out({"info", "nightly"}),
              HasSubstr("OVERRIDE proxy.example:3128, but not for *.example"));
  EXPECT_EQ(Value({"/getproxyusage", "nightly"}), "OVERRIDE");
  EXPECT_EQ(Value({"/getproxylist", "nightly"}), "proxy.example:3128");
  Out({"/setproxysettings", "nightly", "NO_PROXY"});
  EXPECT_EQ(Value({"get", "nightly", "proxy-usage"}), "NO_PROXY");
  Out({"set-security-flags", "nightly", "0x201"});
  EXPECT_EQ(Value({"/getsecurityflags", "nightly"}), "0x201 CRL_CHECK NO_REDIRECTS");
  EXPECT_EQ(Bitsctl({"set-security-flags", "nightly", "0x40"}).status, 9);
  EXPECT_EQ(Bitsctl({"set-proxy", "nightly", "autodetect"}).status, 2);
}

TEST_F(BitsctlNetworkTest, TicketsAreLentAtLevelDelegateFromAFileOfOnesOwn) {
  const Words words = {"set-helper-token", "--job",       "nightly", "--unrestricted",
                       "--delegate-cache", PasswordFile()};
  const Finished below = Bitsctl(words);
  EXPECT_EQ(below.status, 2) << below.output;
  EXPECT_THAT(below.output, HasSubstr("nothing was sent"));
  Words delegating = words;
  delegating.insert(delegating.begin(), {"--impersonation-level", "delegate"});
  const Finished garbage = Bitsctl(delegating);
  EXPECT_NE(garbage.status, 0);
  EXPECT_THAT(garbage.output, Not(HasSubstr(kPassword)));
  EXPECT_EQ(Value({"get-helper-token-sid", "--job", "nightly"}), "none");
}

}  // namespace
}  // namespace bitsd::tests
