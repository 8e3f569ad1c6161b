// Identities, the development PKI (read back with OpenSSL) and secret files, without a service.

#include "bitsd/client/identity.h"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "bitsd/client/handle.h"
#include "client/base/private_file.h"
#include "client/cli/handle_file.h"
#include "client/cli/pki.h"
#include "client/identity/certificate.h"
#include "client/identity/sid_text.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/cli_run.h"
#include "tests/testing/temp_folder.h"

namespace bits {
namespace {

using ::testing::HasSubstr;

constexpr char kAlice[] = "S-1-5-21-1111111111-2222222222-3333333333-500";
constexpr char kHex[] = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

class FolderTest : public ::testing::Test {
 protected:
  std::string Path(const std::string& name) const { return folder_.File(name); }

  void Put(const std::string& name, const std::string& text, mode_t mode) const {
    std::ofstream(Path(name)) << text;
    chmod(Path(name).c_str(), mode);
  }

  mode_t ModeOf(const std::string& name) const {
    struct stat info {};
    stat(Path(name).c_str(), &info);
    return info.st_mode & 07777;
  }

  const bitsd::tests::TempFolder folder_;
};

// ---- files ----

using FilesTest = FolderTest;

TEST_F(FilesTest, AHandleFileIsPrivateAndReadsBack) {
  std::stringstream none;
  const auto handle = Handle::FromHex(kHex);
  ASSERT_TRUE(cli::WriteHandle(Path("h"), *handle, none).ok());
  EXPECT_EQ(ModeOf("h"), 0600u);
  const auto back = cli::ReadHandle(Path("h"), none);
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(back->ToHex(), kHex);
  EXPECT_TRUE(none.str().empty());
}

TEST_F(FilesTest, AHandleIsNeverWrittenOverOrThroughSomething) {
  std::stringstream none;
  const auto handle = Handle::FromHex(kHex);
  Put("there", "mine", 0600);
  symlink(Path("elsewhere").c_str(), Path("link").c_str());
  EXPECT_TRUE(absl::IsAlreadyExists(cli::WriteHandle(Path("there"), *handle, none)));
  EXPECT_FALSE(cli::WriteHandle(Path("link"), *handle, none).ok());
  EXPECT_FALSE(std::filesystem::exists(Path("elsewhere")));
  EXPECT_EQ(*ReadFile(Path("there")), "mine");
}

TEST_F(FilesTest, AHandleFileOpenToOthersIsRefused) {
  std::stringstream none;
  for (const mode_t mode : {0640, 0604, 0660}) {
    Put("h", kHex, mode);
    const auto handle = cli::ReadHandle(Path("h"), none);
    ASSERT_FALSE(handle.ok()) << mode;
    EXPECT_THAT(std::string(handle.status().message()), HasSubstr("chmod 600"));
  }
}

TEST_F(FilesTest, ASecretIsReadFromNothingButAnOwnRegularFile) {
  Put("h", kHex, 0600);
  symlink(Path("h").c_str(), Path("link").c_str());
  mkfifo(Path("fifo").c_str(), 0600);
  EXPECT_THAT(std::string(ReadSecretFile(Path("link")).status().message()),
              HasSubstr("symbolic link"));
  EXPECT_FALSE(ReadSecretFile(Path("fifo")).ok());  // And does not wait for a writer.
  EXPECT_FALSE(ReadSecretFile(folder_.path()).ok());
  EXPECT_FALSE(ReadSecretFile(Path("missing")).ok());
}

TEST_F(FilesTest, ASecretFileOfSomebodyElseIsRefused) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can give a file away";
  Put("h", kHex, 0600);
  ASSERT_EQ(chown(Path("h").c_str(), 61001, 61001), 0);
  EXPECT_THAT(std::string(ReadSecretFile(Path("h")).status().message()),
              HasSubstr("must belong to you"));
}

TEST_F(FilesTest, AnEndlessFileIsNotReadToItsEnd) {
  Put("big", std::string(kMaxFileSize + 1, 'x'), 0600);
  EXPECT_THAT(std::string(ReadFile(Path("big")).status().message()), HasSubstr("larger"));
}

TEST(HandleFileTest, StandardStreamsCarryAHandle) {
  std::stringstream stream;
  const auto handle = Handle::FromHex(kHex);
  ASSERT_TRUE(cli::WriteHandle("-", *handle, stream).ok());
  EXPECT_EQ(stream.str(), std::string(kHex) + "\n");
  EXPECT_EQ(cli::ReadHandle("-", stream)->ToHex(), kHex);
  std::stringstream endless(std::string(10'000, 'a'));
  EXPECT_FALSE(cli::ReadHandle("-", endless).ok());
}

// ---- the development PKI, read back with OpenSSL ----

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

// ---- the check before connecting ----

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

// Not by X509V3_EXT_conf_nid: it would cut the URI at its comma.
void AddSanUri(X509* certificate, const std::string& uri) {
  const GeneralNamesPtr names(sk_GENERAL_NAME_new_null());
  ASN1_IA5STRING* text = ASN1_IA5STRING_new();
  ASN1_STRING_set(text, uri.data(), static_cast<int>(uri.size()));
  GENERAL_NAME* name = GENERAL_NAME_new();
  GENERAL_NAME_set0_value(name, GEN_URI, text);
  sk_GENERAL_NAME_push(names.get(), name);
  X509_add1_ext_i2d(certificate, NID_subject_alt_name, names.get(), 0, X509V3_ADD_DEFAULT);
}

X509Ptr WithExtensions(const std::vector<std::string>& sids, const std::string& uri_sid) {
  X509Ptr certificate(X509_new());
  for (const std::string& sid : sids) {
    X509_add_ext(certificate.get(), MakeSidExtension(sid)->get(), -1);
  }
  if (!uri_sid.empty()) AddSanUri(certificate.get(), std::string(kSidUriPrefix) + uri_sid);
  return certificate;
}

TEST(CertificateSidTest, OneSidInEitherPlaceIsRead) {
  EXPECT_EQ(*CertificateSid(*WithExtensions({kAlice}, "")), kAlice);
  EXPECT_EQ(*CertificateSid(*WithExtensions({}, kAlice)), kAlice);
  EXPECT_EQ(*CertificateSid(*WithExtensions({kAlice}, kAlice)), kAlice);
}

TEST(CertificateSidTest, TwoDifferentDoubledOrMalformedSidsAreRefused) {
  EXPECT_FALSE(CertificateSid(*WithExtensions({kAlice}, "S-1-5-18")).ok());
  EXPECT_FALSE(CertificateSid(*WithExtensions({kAlice, kAlice}, "")).ok());
  EXPECT_FALSE(CertificateSid(*WithExtensions({"S-1-5-018"}, "")).ok());
  EXPECT_FALSE(CertificateSid(*WithExtensions({}, "S-1-5-018")).ok());
  EXPECT_FALSE(CertificateSid(*WithExtensions({}, "")).ok());
}

// ---- whole command lines ----

using BitsctlPkiTest = PkiTest;

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
