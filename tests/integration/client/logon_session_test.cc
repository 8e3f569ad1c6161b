// bits::LogonSession against the real bitsd: what is lent in it, how it lives and how it ends.

#include "bitsd/client/logon_session.h"

#include <future>
#include <optional>

#include "bitsd/client/async_client.h"
#include "gmock/gmock.h"
#include "tests/testing/bitsd/bitsd_fixture.h"
#include "tests/testing/servers/tcp_proxy.h"

namespace bitsd::tests {
namespace {

using bits::LogonSession;
using bits::v1::JOB_STATE_ERROR;
using std::chrono::seconds;
using ::testing::UnorderedElementsAre;

class LogonSessionTest : public BitsdTest {
 protected:
  BitsdOptions Options() override {
    BitsdOptions options;
    options.listen = "127.0.0.1:" + std::to_string(port_);  // The same after a restart.
    return options;
  }

  bits::ImpersonationToken TokenOf(std::string_view name) {
    return *bits::ImpersonationToken::Create(bitsd().ClientOptionsOf(name)->identity);
  }

  bits::LogonOptions Watched() {
    bits::LogonOptions options;
    options.ttl = seconds(30);
    options.on_lost = [this](const absl::Status& why) {
      why_ = ErrorText(why);
      ++losses_;
    };
    return options;
  }

  /// The helper tokens of each open session of `name` but its default one, in their order.
  std::vector<uint32_t> TokensOf(std::string_view name) {
    std::vector<uint32_t> tokens;
    const auto sessions = As(name).ListAllSessions(/*all_users=*/false);
    EXPECT_TRUE(sessions.ok()) << sessions.status();
    if (!sessions.ok()) return tokens;
    for (const auto& session : *sessions) {
      if (!session.is_default()) tokens.push_back(session.helper_tokens());
    }
    return tokens;
  }

  const uint16_t port_ = FreePort();
  TcpProxy proxy_{port_};
  std::string why_;  ///< Read once losses_ says so.
  std::atomic<int> losses_ = 0;
};

TEST_F(LogonSessionTest, TheServiceRenewsItForAsLongAsItIsKept) {
  const auto session = LogonSession::Logon(As("alice"), Watched());
  ASSERT_TRUE(session.ok()) << session.status();
  // Two answers of a stream, the second within a third of the ttl.
  EXPECT_TRUE(
      WaitFor([&] { return session->expire_time() > std::chrono::system_clock::time_point(); }));
  const auto first = session->expire_time();
  EXPECT_TRUE(WaitFor([&] { return session->expire_time() > first + seconds(5); }));
  EXPECT_LE(session->expire_time(), std::chrono::system_clock::now() + seconds(31));
  EXPECT_TRUE(session->status().ok()) << session->status();
}

// Lent in a scope of a token in the session; and the session ends with the object.
TEST_F(LogonSessionTest, WhatIsLentUnderItsTokenEndsWithIt) {
  const bits::Client fetcher = As("fetcher");
  const std::string job = CreateJob(fetcher);
  const bits::Handle handle = HandleFor(fetcher, job, "alice");
  ASSERT_TRUE(fetcher.SetHelperTokenFlags(handle, 1).ok());
  const auto alice = TokenOf("alice");
  {
    std::optional<LogonSession> session;
    {
      const bits::ScopedImpersonation as_alice(alice);
      session.emplace(*LogonSession::Logon(fetcher, Watched()));
    }
    EXPECT_EQ(session->sid(), Demo("alice").sid);
    const bits::ScopedImpersonation in_session(*alice.InSession(*session));
    ASSERT_EQ(ErrorText(fetcher.SetHelperToken(handle, alice.sid()).status()), "OK");
    EXPECT_THAT(TokensOf("alice"), UnorderedElementsAre(1));
  }
  EXPECT_THAT(TokensOf("alice"), UnorderedElementsAre());
  EXPECT_EQ(WaitForState(fetcher, job, JOB_STATE_ERROR).error().reason(), "BG_E_TOKEN_REQUIRED");
  EXPECT_EQ(losses_, 0) << "it was its own logoff";
}

TEST_F(LogonSessionTest, ACallOfAClientInItIsInItAlsoWhenItDoesNotWait) {
  const bits::Client fetcher = As("fetcher");
  const bits::Client alice = As("alice");
  const bits::Handle handle = HandleFor(fetcher, CreateJob(fetcher), "alice");
  const auto session = LogonSession::Logon(alice, Watched());
  const bits::AsyncClient inside(*alice.InSession(*session));
  bits::v1::SetHelperTokenRequest request;
  request.set_handle(handle.bytes());
  std::promise<absl::Status> done;
  inside.SetHelperToken(request, alice.sid(),
                        [&](const auto& answer) { done.set_value(answer.status()); });
  EXPECT_EQ(ErrorText(done.get_future().get()), "OK");
  EXPECT_THAT(TokensOf("alice"), UnorderedElementsAre(1));
}

TEST_F(LogonSessionTest, AnAdministratorsLogoffIsALoss) {
  const bits::Client alice = As("alice");
  LogonSession session = *LogonSession::Logon(alice, Watched());
  const bits::Client inside = *alice.InSession(session);
  ASSERT_TRUE(inside.GetServerInfo().ok());
  ASSERT_EQ(ErrorText(As("admin").Logoff(session.id())), "OK");
  EXPECT_TRUE(WaitFor([&] { return losses_ > 0; }));
  EXPECT_EQ(why_, "ERROR_NOT_LOGGED_ON");
  EXPECT_EQ(ErrorText(session.status()), "ERROR_NOT_LOGGED_ON");
  EXPECT_EQ(ErrorText(inside.GetServerInfo().status()), "ERROR_NOT_LOGGED_ON");
  // A client in a session that has ended can log on anew.
  const auto another = LogonSession::Logon(inside);
  ASSERT_TRUE(another.ok()) << another.status();
  EXPECT_TRUE(inside.InSession(*another)->GetServerInfo().ok());
  EXPECT_EQ(losses_, 1);
}

TEST_F(LogonSessionTest, ADetachedSessionStandsUntilItsDeadline) {
  const bits::Client alice = As("alice");
  std::string id;
  {
    LogonSession session = *LogonSession::Logon(alice, Watched());
    session.Detach();
    id = session.id();
  }
  auto options = *bitsd().ClientOptionsOf("alice");
  options.session_id = id;
  EXPECT_TRUE(bits::Client::Connect(options)->GetServerInfo().ok());
  EXPECT_EQ(ErrorText(alice.Logoff(id)), "OK");
}

TEST_F(LogonSessionTest, ABrokenNetworkIsNoLoss) {
  auto options = *bitsd().ClientOptionsOf("alice");
  options.endpoint = proxy_.address();
  const LogonSession session = *LogonSession::Logon(*bits::Client::Connect(options), Watched());
  proxy_.Cut();
  EXPECT_TRUE(WaitFor([&] { return proxy_.refused() > 0; })) << "it tries again";
  const auto before = session.expire_time();
  proxy_.Restore();
  EXPECT_TRUE(WaitFor([&] { return session.expire_time() > before; }));
  EXPECT_TRUE(session.status().ok()) << session.status();
  EXPECT_EQ(losses_, 0);
}

TEST_F(LogonSessionTest, TheDestructorIsBoundedWhenTheNetworkIsSilent) {
  auto options = *bitsd().ClientOptionsOf("alice");
  options.endpoint = proxy_.address();
  bits::LogonOptions logon = Watched();
  logon.logoff_deadline = std::chrono::milliseconds(500);
  std::optional<LogonSession> session(*LogonSession::Logon(*bits::Client::Connect(options), logon));
  proxy_.Silence();
  const auto begin = std::chrono::steady_clock::now();
  session.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, seconds(10));
}

// A durable store brings it back, one in memory does not: the object must say what is so.
TEST_F(LogonSessionTest, AfterARestartItIsLostExactlyWhenTheServiceForgotIt) {
  const LogonSession session = *LogonSession::Logon(As("alice"), Watched());
  ASSERT_TRUE(bitsd().Stop().ok());
  const auto stopped = session.expire_time();
  ASSERT_TRUE(bitsd().StartAgain().ok());
  EXPECT_TRUE(WaitFor([&] { return losses_ > 0 || session.expire_time() > stopped; }));
  EXPECT_EQ(losses_, TokensOf("alice").empty() ? 1 : 0);
  EXPECT_EQ(session.status().ok(), losses_ == 0) << session.status();
  if (losses_ > 0) {
    EXPECT_EQ(why_, "ERROR_NOT_LOGGED_ON");
  }
}

TEST_F(LogonSessionTest, TheSeventeenthSessionIsRefused) {
  const bits::Client alice = As("alice");
  std::vector<LogonSession> sessions;
  for (int i = 0; i < 16; ++i) {
    auto session = LogonSession::Logon(alice);
    if (!session.ok()) break;  // The default session may count.
    sessions.push_back(*std::move(session));
  }
  EXPECT_GE(sessions.size(), 15u);
  EXPECT_TRUE(absl::IsResourceExhausted(LogonSession::Logon(alice).status()));
}

}  // namespace
}  // namespace bitsd::tests
