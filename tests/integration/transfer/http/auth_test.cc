// Challenges of real servers: who gets which answer, and who gets none.

#include <gmock/gmock.h>

#include <future>

#include "server/error/errors.h"
#include "tests/integration/transfer/http/network_fixture.h"

namespace bitsd::tests {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class NetworkAuthTest : public NetworkTest {};

TEST_F(NetworkAuthTest, ExplicitBasicDigestAndNtlmAreShownToWhoAsks) {
  Explicit(kServer, AuthScheme::kBasic, "alice", kBasicPassword);
  EXPECT_EQ(Fetch(web().Url("basic/f")), kContent) << message();
  settings_.credentials.clear();
  Explicit(kServer, AuthScheme::kDigest, "alice", kDigestPassword);
  EXPECT_EQ(Fetch(web().Url("digest/f")), kContent) << message();
  settings_.credentials.clear();
  Explicit(kServer, AuthScheme::kNtlm, "TEST\\alice", kAliceNtlm);
  EXPECT_EQ(Fetch(web().Url("ntlm/f")), kContent) << message();
  EXPECT_THAT(Served(3), ElementsAre("alice /basic/f", "alice /digest/f", "TEST\\\\alice /ntlm/f"));
}

TEST_F(NetworkAuthTest, TheSameOverTlsAndHttp2) {
  Explicit(kServer, AuthScheme::kBasic, "alice", kBasicPassword);
  Explicit(kServer, AuthScheme::kNtlm, "TEST\\bob", kBobNtlm);
  EXPECT_EQ(Fetch(web().TlsUrl("basic/f")), kContent) << message();
  EXPECT_EQ(Fetch(web().TlsUrl("ntlm/f")), kContent) << message();
  Implicit(kServer, AuthScheme::kNegotiate);
  network_.identity = Identity("netuser");
  EXPECT_EQ(Fetch(web().TlsUrl("neg/f")), kContent) << message();
  EXPECT_THAT(Served(3),
              ElementsAre("alice /basic/f", "TEST\\\\bob /ntlm/f", "netuser@TEST.LOCAL /neg/f"));
}

TEST_F(NetworkAuthTest, WrongPasswordsAreRefusedWithWhatWasTried) {
  const struct {
    AuthScheme scheme;
    const char* user;
    const char* path;
    const char* name;
  } rows[] = {{AuthScheme::kBasic, "alice", "basic/f", "Basic"},
              {AuthScheme::kDigest, "alice", "digest/f", "Digest"},
              {AuthScheme::kNtlm, "TEST\\alice", "ntlm/f", "NTLM"}};
  for (const auto& row : rows) {
    settings_.credentials.clear();
    Explicit(kServer, row.scheme, row.user, "not-her-word");
    EXPECT_EQ(Fetch(web().Url(row.path)), "BG_E_HTTP_ERROR_401/credentials_refused") << row.path;
    EXPECT_THAT(message(), AllOf(HasSubstr(row.name), HasSubstr("401")));
    EXPECT_THAT(message(), Not(HasSubstr("not-her-word")));
  }
  EXPECT_THAT(Served(), IsEmpty());
}

TEST_F(NetworkAuthTest, WithoutCredentialsNothingIsShown) {
  network_.identity = Identity("netuser");
  for (const char* path : {"basic/f", "digest/f", "ntlm/f", "neg/f"}) {
    EXPECT_EQ(Fetch(web().Url(path)), "BG_E_HTTP_ERROR_401/credentials_missing") << path;
  }
  EXPECT_THAT(message(), AllOf(HasSubstr("Negotiate"), HasSubstr("SetCredentials")));
  for (const Request& request : web().web().Requests()) {
    if (request.status == 401 && request.path == "/neg/f") {
      EXPECT_EQ(request.authorization, "");
    }
  }
}

TEST_F(NetworkAuthTest, ImplicitNegotiateIsAnsweredAsTheActingIdentity) {
  Implicit(kServer, AuthScheme::kNegotiate);
  network_.identity = Identity("netuser");
  EXPECT_EQ(Fetch(web().Url("neg/f")), kContent) << message();
  network_.identity = Identity("other");
  EXPECT_EQ(Fetch(web().Url("neg/f")), kContent) << message();
  EXPECT_THAT(Served(2), ElementsAre("netuser@TEST.LOCAL /neg/f", "other@TEST.LOCAL /neg/f"));
  EXPECT_THAT(audit_.Lines("request_sent"), Contains(HasSubstr("credentials=server Negotiate")));
}

TEST_F(NetworkAuthTest, ImplicitNtlmIsAnsweredAsTheActingIdentity) {
  Implicit(kServer, AuthScheme::kNtlm);
  network_.identity =
      std::make_shared<RealIdentity>("", "", NtlmLogin{"TEST\\bob", Secret(kBobNtlm)});
  EXPECT_EQ(Fetch(web().Url("ntlm/f")), kContent) << message();
  EXPECT_THAT(Served(1), ElementsAre("TEST\\\\bob /ntlm/f"));
}

TEST_F(NetworkAuthTest, AnIdentityWithoutCredentialsHasNoAnswer) {
  Implicit(kServer, AuthScheme::kNegotiate);
  EXPECT_EQ(Fetch(web().Url("neg/f")), "BG_E_HTTP_ERROR_401/identity_has_no_credentials");
  network_.identity =
      std::make_shared<RealIdentity>("", "", NtlmLogin{"TEST\\bob", Secret(kBobNtlm)});
  EXPECT_EQ(Fetch(web().Url("neg/f")), "BG_E_HTTP_ERROR_401/identity_has_no_credentials");
}

TEST_F(NetworkAuthTest, ManyFilesAreAnsweredBeforeTheyAreAsked) {
  Implicit(kServer, AuthScheme::kNegotiate);
  const auto identity = Identity("netuser");
  network_.identity = identity;
  network_.http.settings = std::make_shared<const NetworkSettings>(settings_);
  const size_t asked = web().Log(401).size();
  std::vector<FileRecord> files;
  for (int i = 0; i < 50; ++i) files.push_back(File(web().Url("neg/f"), std::to_string(i)));
  EXPECT_TRUE(Run(files)->done());
  EXPECT_THAT(Served(50), ::testing::AllOf(::testing::SizeIs(50),
                                           ::testing::Each("netuser@TEST.LOCAL /neg/f")));
  EXPECT_EQ(web().Log(401).size(), asked + 1);
  EXPECT_EQ(identity->tokens(), 50);
}

TEST_F(NetworkAuthTest, ImplicitCredentialsGoToListedHostsOnly) {
  options_.network.implicit_hosts = {Rule("elsewhere.example"), Rule("localhost:1")};
  Restart();
  Implicit(kServer, AuthScheme::kNegotiate);
  const auto identity = Identity("netuser");
  network_.identity = identity;
  EXPECT_EQ(Fetch(web().Url("neg/f")), "BG_E_HTTP_ERROR_401/implicit_not_listed");
  EXPECT_EQ(identity->tokens(), 0);
}

TEST_F(NetworkAuthTest, ImplicitCredentialsNeverGoOverWeakenedTls) {
  Implicit(kServer, AuthScheme::kNegotiate);
  const auto identity = Identity("netuser");
  network_.identity = identity;
  for (const uint32_t flag :
       {kSslIgnoreName, kSslIgnoreDate, kSslIgnoreUnknownCa, kSslIgnoreUsage}) {
    settings_.security_flags = flag;
    EXPECT_EQ(Fetch(web().TlsUrl("neg/f")), "BG_E_HTTP_ERROR_401/implicit_weakened_tls") << flag;
  }
  EXPECT_EQ(identity->tokens(), 0);
  settings_.security_flags = 0;
  EXPECT_EQ(Fetch(web().TlsUrl("neg/f")), kContent) << message();
}

TEST_F(NetworkAuthTest, TheStrongestSchemeIsAnsweredAndAWeakerOneOnlyWhereThatMayNot) {
  Implicit(kServer, AuthScheme::kNegotiate);
  Explicit(kServer, AuthScheme::kBasic, "alice", kBasicPassword);
  network_.identity = Identity("netuser");
  EXPECT_EQ(Fetch(web().Url("weak/f")), kContent) << message();
  EXPECT_THAT(Served(1), ElementsAre("netuser@TEST.LOCAL /weak/f"));
}

TEST_F(NetworkAuthTest, AServerThatIsNeverSatisfiedIsAnsweredOnce) {
  Implicit(kServer, AuthScheme::kNegotiate);
  const auto identity = Identity("netuser");
  network_.identity = identity;
  EXPECT_EQ(Fetch(web().Url("never/f")), "BG_E_HTTP_ERROR_401/credentials_refused");
  EXPECT_EQ(identity->tokens(), 1);
}

TEST_F(NetworkAuthTest, ChallengeLoopsEnd) {
  AskingServer& asking = servers().asking;
  Explicit(kServer, AuthScheme::kBasic, "alice", "word");
  Explicit(kServer, AuthScheme::kDigest, "alice", "word");
  EXPECT_EQ(Fetch(asking.Url("loop/basic")), "BG_E_HTTP_ERROR_401/credentials_refused");
  EXPECT_EQ(asking.Count("basic"), "2");
  EXPECT_EQ(Fetch(asking.Url("stale/digest")), "BG_E_HTTP_ERROR_401/credentials_refused");
  EXPECT_LE(std::stoi(asking.Count("digest")), 8);
}

TEST_F(NetworkAuthTest, AChallengeWithoutEndEnds) {
  options_.stall_timeout = absl::Seconds(2);
  Restart();
  Explicit(kServer, AuthScheme::kDigest, "alice", kDigestPassword);
  EXPECT_EQ(Fetch(servers().asking.Url("loop/drip")), "BG_E_NO_PROGRESS transient") << message();
}

TEST_F(NetworkAuthTest, ARedirectToAnotherHostTakesNoCredentialsAlong) {
  const std::string to = "127.0.0.1:" + std::to_string(servers().asking.port());
  Explicit(kServer, AuthScheme::kBasic, "alice", kBasicPassword);
  Implicit(kServer, AuthScheme::kNegotiate);
  const auto identity = Identity("netuser");
  network_.identity = identity;
  options_.network.implicit_hosts.push_back(Rule("127.0.0.1"));
  Restart();
  EXPECT_EQ(Fetch(web().Url("to-other/" + to + "/relay/x")), "nothing");
  EXPECT_EQ(Fetch(web().Url("to-other/" + to + "/loop/redirected")),
            "BG_E_HTTP_ERROR_401/credentials_for_another_host");
  EXPECT_EQ(servers().asking.Count("redirected"), "1");
  EXPECT_EQ(identity->tokens(), 0);
}

TEST_F(NetworkAuthTest, AHostThatWasAnsweredIsNotAnsweredWhenARedirectLeadsThere) {
  const std::string own = "localhost:" + std::to_string(web().web().port());
  Explicit(kServer, AuthScheme::kBasic, "alice", kBasicPassword);
  network_.http.settings = std::make_shared<const NetworkSettings>(settings_);
  // The first file's host is asked and answered; the second file's host redirects to it.
  const std::string other = "http://127.0.0.1:" + std::to_string(web().web().port());
  const auto recorder =
      Run({File(web().Url("basic/f"), "1"), File(other + "/to-other/" + own + "/basic/f", "2")});
  ASSERT_TRUE(recorder->failure());
  EXPECT_EQ(recorder->failure()->error.file_index, 1u);
  EXPECT_EQ(recorder->failure()->error.rule, "credentials_for_another_host");
}

TEST_F(NetworkAuthTest, AKdcThatDoesNotAnswerIsTriedAgainLater) {
  Implicit(kServer, AuthScheme::kNegotiate);
  const auto identity = Identity("netuser");
  identity->instead = [](const std::string&) { return error::Unavailable("no KDC answers"); };
  network_.identity = identity;
  EXPECT_EQ(Fetch(web().Url("neg/f")), "BG_E_CONNECT_FAILURE transient");
  EXPECT_THAT(message(), HasSubstr("no KDC answers"));
  const auto ended = Identity("netuser");
  ended->instead = [](const std::string&) { return error::TokenRequired("the tickets ended"); };
  network_.identity = ended;
  EXPECT_EQ(Fetch(web().Url("neg/f")), "BG_E_TOKEN_REQUIRED transient");
  const auto broken = Identity("netuser");
  broken->instead = [](const std::string&) { return absl::InternalError("garbage keytab"); };
  network_.identity = broken;
  EXPECT_EQ(Fetch(web().Url("neg/f")), "BG_E_HTTP_ERROR_401/identity_has_no_credentials");
}

TEST_F(NetworkAuthTest, ATokenThatComesAfterStopIsNotSent) {
  Implicit(kServer, AuthScheme::kNegotiate);
  const auto identity = Identity("netuser");
  std::promise<void> asked;
  std::promise<void> go;
  identity->instead = [&](const std::string&) -> absl::StatusOr<std::string> {
    asked.set_value();
    go.get_future().wait();
    return std::string("dG9rZW4=");
  };
  network_.identity = identity;
  network_.http.settings = std::make_shared<const NetworkSettings>(settings_);
  const size_t before = web().web().Requests().size();
  Running running = Start({File(web().Url("neg/f"), "one")});
  asked.get_future().wait();
  EXPECT_TRUE(running.Stop());
  running.activity.reset();
  go.set_value();
  EXPECT_EQ(Fetch(web().Url("f")), kContent);
  for (const Request& request : web().web().Requests()) {
    EXPECT_THAT(request.authorization, Not(HasSubstr("dG9rZW4=")));
  }
  EXPECT_GE(web().web().Requests().size(), before + 1);
}

TEST_F(NetworkAuthTest, NoLogHasASecret) {
  Explicit(kServer, AuthScheme::kBasic, "alice", kBasicPassword);
  EXPECT_EQ(Fetch(web().Url("basic/f")), kContent) << message();
  for (const char* event : {"request_sent", "temporary_created"}) {
    for (const std::string& line : audit_.Lines(event)) {
      EXPECT_THAT(line, Not(HasSubstr(kBasicPassword)));
    }
  }
}

}  // namespace
}  // namespace bitsd::tests
