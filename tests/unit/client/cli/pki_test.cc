// The development PKI, read back with OpenSSL; and commands that use it.

#include "client/cli/pki.h"

#include <sys/stat.h>

#include <filesystem>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/cli_run.h"
#include "tests/unit/client/pki_fixture.h"

namespace bits {
namespace {

using ::testing::HasSubstr;

using BitsctlPkiTest = PkiTest;

int VerifyFor(X509* root, X509* leaf, int purpose) {
  const OpenSslPtr<X509_STORE, X509_STORE_free> store(X509_STORE_new());
  X509_STORE_add_cert(store.get(), root);
  const OpenSslPtr<X509_STORE_CTX, X509_STORE_CTX_free> context(X509_STORE_CTX_new());
  X509_STORE_CTX_init(context.get(), store.get(), leaf, nullptr);
  X509_STORE_CTX_set_purpose(context.get(), purpose);
  X509_verify_cert(context.get());
  return X509_STORE_CTX_get_error(context.get());
}

TEST_F(PkiTest, CertificatesVerifyForTheirPurposeAndNoOther) {
  const X509Ptr root = Load("ca");
  const X509Ptr server = Load("server");
  const X509Ptr alice = Load("alice");
  EXPECT_EQ(VerifyFor(root.get(), server.get(), X509_PURPOSE_SSL_SERVER), X509_V_OK);
  EXPECT_EQ(VerifyFor(root.get(), alice.get(), X509_PURPOSE_SSL_CLIENT), X509_V_OK);
  EXPECT_EQ(VerifyFor(root.get(), server.get(), X509_PURPOSE_SSL_CLIENT),
            X509_V_ERR_INVALID_PURPOSE);
  EXPECT_EQ(VerifyFor(root.get(), alice.get(), X509_PURPOSE_SSL_SERVER),
            X509_V_ERR_INVALID_PURPOSE);
}

TEST_F(PkiTest, OnlyTheRootIsAnAuthority) {
  EXPECT_EQ(X509_check_ca(Load("ca").get()), 1);
  EXPECT_EQ(X509_check_ca(Load("server").get()), 0);
  EXPECT_EQ(X509_check_ca(Load("alice").get()), 0);
}

TEST_F(PkiTest, TheServerIsLocalhost) {
  const X509Ptr server = Load("server");
  EXPECT_EQ(X509_check_host(server.get(), "localhost", 0, 0, nullptr), 1);
  EXPECT_EQ(X509_check_ip_asc(server.get(), "127.0.0.1", 0), 1);
  EXPECT_EQ(X509_check_host(server.get(), "example.com", 0, 0, nullptr), 0);
}

TEST_F(PkiTest, KeysArePrivateAndCertificatesAreNot) {
  for (const char* name : {"ca", "server", "alice"}) {
    EXPECT_EQ(ModeOf(std::string("pki/") + name + ".key"), 0600u) << name;
    EXPECT_EQ(ModeOf(std::string("pki/") + name + ".crt"), 0644u) << name;
  }
}

TEST_F(PkiTest, TheSidExtensionHasTheBytesThatWindowsWrites) {
  const auto extension = MakeSidExtension(kAlice);
  ASSERT_TRUE(extension.ok());
  const ASN1_OCTET_STRING* value = X509_EXTENSION_get_data(extension->get());
  const std::string der(reinterpret_cast<const char*>(ASN1_STRING_get0_data(value)),
                        static_cast<size_t>(ASN1_STRING_length(value)));
  EXPECT_EQ(der, std::string("\x30\x3F\xA0\x3D\x06\x0A\x2B\x06\x01\x04\x01\x82\x37\x19\x02\x01"
                             "\xA0\x2F\x04\x2D") +
                     kAlice);
  EXPECT_EQ(X509_EXTENSION_get_critical(extension->get()), 0);
}

TEST_F(PkiTest, NothingIsOverwritten) {
  const std::string before = *ReadFile(Path("pki/alice.key"));
  EXPECT_FALSE(cli::IssueClient(Path("pki"), "alice", kAlice, 30).ok());
  EXPECT_FALSE(cli::IssueClient(Path("pki"), "ca", kAlice, 30).ok());
  EXPECT_FALSE(cli::InitPki(Path("pki")).ok());
  EXPECT_EQ(*ReadFile(Path("pki/alice.key")), before);
}

TEST_F(PkiTest, AKeyIsNotLeftWithoutItsCertificate) {
  Put("pki/bob.crt", "in the way", 0644);
  EXPECT_FALSE(cli::IssueClient(Path("pki"), "bob", kAlice, 30).ok());
  EXPECT_FALSE(std::filesystem::exists(Path("pki/bob.key")));
}

TEST_F(PkiTest, BadRequestsMakeNoCertificate) {
  for (const char* name : {"", "..", "../x", ".hidden", "-x", "a/b", "a b"}) {
    EXPECT_FALSE(cli::IssueClient(Path("pki"), name, kAlice, 30).ok()) << name;
  }
  EXPECT_FALSE(cli::IssueClient(Path("pki"), "x", "S-1-5", 30).ok());
  EXPECT_FALSE(cli::IssueClient(Path("pki"), "x", kAlice, 0).ok());
  EXPECT_FALSE(cli::IssueClient(Path("pki"), "x", kAlice, 3651).ok());
}

TEST_F(PkiTest, ARootKeyOpenToOthersSignsNothing) {
  chmod(Path("pki/ca.key").c_str(), 0644);
  EXPECT_FALSE(cli::IssueClient(Path("pki"), "bob", kAlice, 30).ok());
}

TEST_F(PkiTest, AClientNeverOutlivesTheRoot) {
  ASSERT_TRUE(cli::IssueClient(Path("pki"), "late", kAlice, 3650).ok());
  EXPECT_LE(ASN1_TIME_compare(X509_get0_notAfter(Load("late").get()),
                              X509_get0_notAfter(Load("ca").get())),
            0);
}

TEST_F(BitsctlPkiTest, WhoAmIShowsTheSidAndTheEnd) {
  const Outcome who = RunCli({"whoami", "--cert", Path("pki/alice.crt")});
  EXPECT_EQ(who.status, 0) << who.err;
  EXPECT_THAT(who.out, HasSubstr(kAlice));
  EXPECT_THAT(who.out, HasSubstr("valid until:"));
}

TEST_F(BitsctlPkiTest, AnIdentityThatCannotBeUsedIsNoConnection) {
  const Outcome list = RunCli({"list", "--cert", Path("pki/alice.crt"), "--key",
                               Path("pki/server.key"), "--ca", Path("pki/ca.crt")});
  EXPECT_EQ(list.status, 5);
  EXPECT_THAT(list.err, HasSubstr("does not belong"));
}

TEST_F(BitsctlPkiTest, AHandleIsBoundUnlessTheCallerSaysOtherwise) {
  const auto get_handle = [this](std::vector<std::string> binding) {
    std::vector<std::string> words{
        "--cert",           Path("pki/alice.crt"), "--key", Path("pki/alice.key"), "--ca",
        Path("pki/ca.crt"), "get-handle",          "job",   "--handle-file",       "-"};
    words.insert(words.end(), binding.begin(), binding.end());
    return RunCli(words).status;
  };
  EXPECT_EQ(get_handle({}), 2);
  EXPECT_EQ(get_handle({"--unbound", "--helper", kAlice}), 2);
  EXPECT_EQ(get_handle({"--helper", "alice"}), 2);
}

}  // namespace
}  // namespace bits
