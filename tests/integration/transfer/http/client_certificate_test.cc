// Client certificates: opened by the real broker as the job's owner, whoever opens its files.

#include <gmock/gmock.h>
#include <unistd.h>

#include "server/broker/broker_client.h"
#include "tests/integration/transfer/http/network_fixture.h"
#include "tests/testing/broker_process.h"

namespace bitsd::tests {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr uid_t kAlice = 61002;
constexpr uid_t kBob = 61003;

ActingIdentity Acting(uid_t uid) {
  ActingIdentity identity;
  identity.sid = Sid(5, {21, 1, 2, 3, uid});
  identity.posix = {uid, uid, {}};
  return identity;
}

class OneAccountEach : public AccountDirectory {
 public:
  std::shared_ptr<const Account> Find(const Sid& sid) const override {
    for (const uid_t uid : {kAlice, kBob}) {
      if (sid != Acting(uid).sid) continue;
      auto account = std::make_shared<Account>();
      account->posix = Acting(uid).posix;
      return account;
    }
    return nullptr;
  }
};

class ClientCertificateTest : public NetworkTest {
 protected:
  /// The broker is forked before there are threads.
  static void SetUpTestSuite() {
    if (::geteuid() != 0) return;
    BrokerOptions options;
    options.load = [](uid_t) -> absl::StatusOr<BrokerFiles> {
      return BrokerFiles{std::make_shared<OneAccountEach>(), {}};
    };
    broker = new BrokerProcess(options, 61000);
  }
  static void TearDownTestSuite() { delete broker; }

  void SetUp() override {
    NetworkTest::SetUp();
    if (IsSkipped()) return;
    static const std::unique_ptr<BrokerClient> client = *broker->Connect(absl::Seconds(20));
    service_ = std::make_unique<TransferEngine>(*client, audit_, options_);
    home_ = folder_.MakeFolder("alice", kAlice, kAlice, 0700);
    who_ = Acting(kAlice);
    network_.http.owner = Acting(kAlice);
    Use("client", "client");
  }

  /// Alice's own copies of these files.
  void Use(const std::string& certificate, const std::string& key) {
    settings_.client_certificate =
        ClientCertificate{Put("cert.pem", ReadFile(servers().tls.Certificate(certificate))),
                          Put("key.pem", ReadFile(servers().tls.Key(key)))};
  }
  std::string Put(const std::string& name, const std::string& text) const {
    const std::string path = home_ + "/" + name;
    WriteFile(path, text, 0600);
    GiveTo(path, kAlice, kAlice);
    return path;
  }
  /// Into alice's folder.
  std::string Get(const std::string& url) {
    network_.http.settings = std::make_shared<const NetworkSettings>(settings_);
    FileRecord file = File(url, "unused");
    file.local_name = home_ + "/fetched";
    const auto recorder = Run({file});
    if (recorder->done()) return TemporaryContent(recorder->files()[0]);
    const auto failure = recorder->failure();
    last_ = failure->error.message;
    return HresultName(static_cast<uint32_t>(failure->error.hresult)) + "/" + failure->error.rule;
  }

  static BrokerProcess* broker;
  std::string home_;
  std::string last_;
};

BrokerProcess* ClientCertificateTest::broker = nullptr;

TEST_F(ClientCertificateTest, AServerThatDemandsOneSeesIt) {
  EXPECT_EQ(Get(web().MutualUrl("f")), kContent) << last_;
  EXPECT_EQ(web().web().Requests().back().certificate, "client");
  EXPECT_THAT(audit_.Lines("certificate_opened"),
              ElementsAre(HasSubstr("uid=61002"), HasSubstr("uid=61002")));
}

TEST_F(ClientCertificateTest, ItIsOpenedAsTheOwnerWhoeverOpensTheFiles) {
  // The key is alice's alone: bob, who writes the file, could not open it.
  const std::string bobs = folder_.MakeFolder("bob", kBob, kBob, 0700);
  who_ = Acting(kBob);
  who_.is_helper = true;
  FileRecord file = File(web().MutualUrl("f"), "unused");
  file.local_name = bobs + "/fetched";
  network_.http.settings = std::make_shared<const NetworkSettings>(settings_);
  EXPECT_TRUE(Run({file})->done());
  // And not as bob, though he could open his own.
  network_.http.owner = Acting(kBob);
  const auto recorder = Run({file});
  ASSERT_TRUE(recorder->failure());
  EXPECT_EQ(recorder->failure()->error.rule, "not_permitted");
  EXPECT_EQ(recorder->failure()->error.context, ErrorContext::kLocalFile);
  network_.http.owner.reset();
  EXPECT_TRUE(Run({file})->failure());
}

TEST_F(ClientCertificateTest, WhatIsNoCertificateIsAClearError) {
  const std::string url = web().MutualUrl("f");
  Use("client", "server");
  EXPECT_EQ(Get(url), "E_INVALIDARG/");
  EXPECT_THAT(last_, HasSubstr("do not belong together"));
  Use("client", "client");
  Put("cert.pem", "no certificate");
  EXPECT_EQ(Get(url), "E_INVALIDARG/");
  EXPECT_THAT(last_, HasSubstr("holds no certificate"));
  Use("client", "client");
  Put("key.pem", "no key");
  EXPECT_EQ(Get(url), "E_INVALIDARG/");
  EXPECT_THAT(last_, HasSubstr("no private key in PEM"));
  Use("client", "client");
  Put("cert.pem", std::string((size_t{1} << 20) + 1, 'x'));
  EXPECT_EQ(Get(url), "E_INVALIDARG/");
  EXPECT_THAT(last_, HasSubstr("1 MiB"));
  Use("client", "client");
  ::unlink(settings_.client_certificate->key.c_str());
  EXPECT_EQ(Get(url), "E_INVALIDARG/");
  EXPECT_THAT(last_, HasSubstr("the file of its key"));
  EXPECT_THAT(last_, Not(HasSubstr("key.pem"))) << "others may see the error, too";
  Use("client", "client");
  settings_.client_certificate->certificate = home_;
  EXPECT_EQ(Get(url), "E_ACCESSDENIED/path_not_regular");
}

TEST_F(ClientCertificateTest, AKeyWithAPassphraseIsAClearError) {
  const Finished locked =
      tests::Run({"/usr/bin/openssl", "pkey", "-in", servers().tls.Key("client"), "-aes256",
                  "-passout", "pass:word"},
                 folder_.path());
  Put("key.pem", locked.output);
  EXPECT_EQ(Get(web().MutualUrl("f")), "E_INVALIDARG/");
  EXPECT_THAT(last_, HasSubstr("passphrase"));
}

TEST_F(ClientCertificateTest, ARedirectToAnotherHostDoesNotShowIt) {
  const std::string other = web().MutualUrl("f");
  EXPECT_EQ(Get(web().TlsUrl("to-tls/" + other.substr(other.find("localhost")))),
            "ERROR_WINHTTP_CLIENT_AUTH_CERT_NEEDED/");
}

TEST_F(ClientCertificateTest, ASessionThatBeganWithItIsNotResumedElsewhere) {
  const std::string own = web().MutualUrl("f");
  network_.http.settings = std::make_shared<const NetworkSettings>(settings_);
  std::vector<FileRecord> files = {
      File(own, "unused"), File(web().TlsUrl("to-tls/" + own.substr(own.find("localhost"))), "no")};
  files[0].local_name = home_ + "/first";
  files[1].local_name = home_ + "/second";
  const auto recorder = Run(files);
  ASSERT_TRUE(recorder->failure());
  EXPECT_EQ(recorder->failure()->error.file_index, 1u);
  EXPECT_EQ(recorder->failure()->error.hresult, Hresult::kClientCertNeeded);
}

TEST_F(ClientCertificateTest, ConnectionsWithItAreOfItsDownloadAlone) {
  EXPECT_EQ(Get(web().MutualUrl("f")), kContent) << last_;
  settings_ = {};
  EXPECT_EQ(Get(web().MutualUrl("f")), "ERROR_WINHTTP_CLIENT_AUTH_CERT_NEEDED/");
}

}  // namespace
}  // namespace bitsd::tests
