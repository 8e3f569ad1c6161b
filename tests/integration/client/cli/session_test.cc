// logon, logoff and sessions of the real bitsctl, and what it says when a session is gone.

#include <csignal>

#include "tests/integration/client/cli/bitsctl_fixture.h"

namespace bitsd::tests {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class BitsctlSessionTest : public BitsctlTest {
 protected:
  /// Logs `name` on, as its next calls are; the id.
  std::string Logon(const std::string& name = "fetcher") {
    const auto answer = nlohmann::json::parse(Out({"--as", name, "logon", "--json"}));
    return answer.at("session_id");
  }

  const std::string session_of_nobody_ = "00000000-0000-4000-8000-000000000009";

  /// The sessions of `name` that are open, as the service lists them.
  nlohmann::json SessionsOf(const std::string& name) {
    auto sessions = As(name).ListAllSessions(/*all_users=*/false);
    nlohmann::json all = nlohmann::json::object();
    if (!sessions.ok()) return all;
    for (const auto& session : *sessions) all[session.session_id()] = session.helper_tokens();
    return all;
  }

  /// A job of fetcher whose file alice must write.
  void JobForAlice() {
    Out({"create", "nightly"});
    Out({"set-helper-token-flags", "--job", "nightly", "LOCAL_FILE"});
  }

  Finished Lend() {
    return Bitsctl(
        {"set-helper-token", "--job", "nightly", "--as-helper", "alice", "--unrestricted"});
  }
};

TEST_F(BitsctlSessionTest, WhatIsLentAfterALogonIsLentInThatSessionUntilTheLogoff) {
  JobForAlice();
  const std::string session = Logon("alice");
  ASSERT_EQ(Lend().status, 0);
  EXPECT_EQ(SessionsOf("alice")[session], 1);
  EXPECT_EQ(Out({"--as", "alice", "logoff"}), "ended session " + session + "\n");
  EXPECT_FALSE(SessionsOf("alice").contains(session));
  EXPECT_EQ(Value({"get", "nightly", "state"}), "ERROR");
  EXPECT_EQ(Value({"get-helper-token-sid", "--job", "nightly"}), "none");
  EXPECT_THAT(Out({"info", "nightly"}), HasSubstr("BG_E_TOKEN_REQUIRED"));
}

TEST_F(BitsctlSessionTest, TheSessionIsPerIdentity) {
  const std::string session = Logon();
  EXPECT_THAT(Out({"sessions"}), HasSubstr("* " + session));
  EXPECT_THAT(Out({"--as", "alice", "sessions"}), Not(HasSubstr("*")));
}

TEST_F(BitsctlSessionTest, ASecondLogonIsRefusedWhileTheFirstStands) {
  const std::string session = Logon();
  const Finished second = Bitsctl({"logon"});
  EXPECT_EQ(second.status, 7);
  EXPECT_THAT(second.output, HasSubstr("already, in session " + session));
  Out({"logoff"});
  EXPECT_NE(Logon(), session);
}

// No call changes its session by itself: what was lent in the old one is gone.
TEST_F(BitsctlSessionTest, ASessionThatIsGoneIsSaidOnceAndThenForgotten) {
  JobForAlice();
  const std::string session = Logon("alice");
  ASSERT_TRUE(As("admin").Logoff(session).ok());
  const Finished refused = Lend();
  EXPECT_EQ(refused.status, 7) << refused.output;
  EXPECT_THAT(refused.output, HasSubstr("ERROR_NOT_LOGGED_ON"));
  EXPECT_THAT(refused.output, HasSubstr("session " + session + " of " + Demo("alice").sid +
                                        ", which bitsctl remembered, has ended"));
  EXPECT_THAT(refused.output, HasSubstr("try:    bitsctl logon"));
  EXPECT_EQ(Value({"get-helper-token-sid", "--job", "nightly"}), "none");
  const Finished again = Lend();
  EXPECT_EQ(again.status, 0) << again.output;
}

TEST_F(BitsctlSessionTest, OnlyTheSessionThatIsGoneIsForgotten) {
  JobForAlice();
  const std::string kept = Logon("fetcher");
  ASSERT_TRUE(As("admin").Logoff(Logon("alice")).ok());
  EXPECT_EQ(Lend().status, 7);
  EXPECT_THAT(Out({"sessions"}), HasSubstr("* " + kept));
}

TEST_F(BitsctlSessionTest, ALogonAfterTheEndOfTheLastOneJustWorks) {
  ASSERT_TRUE(As("admin").Logoff(Logon()).ok());
  const std::string session = Logon();
  EXPECT_THAT(Out({"sessions"}), HasSubstr("* " + session));
}

TEST_F(BitsctlSessionTest, ALogoffFromASessionThatIsGoneForgetsIt) {
  const std::string session = Logon();
  ASSERT_TRUE(As("admin").Logoff(session).ok());
  const Finished gone = Bitsctl({"logoff"});
  EXPECT_EQ(gone.status, 3);
  EXPECT_THAT(gone.output, HasSubstr("session " + session + " had ended, and is forgotten"));
  Out({"list"});
}

TEST_F(BitsctlSessionTest, AllSessionsCanBeEndedAtOnce) {
  ASSERT_TRUE(As("fetcher").Logon({}).ok());
  Out({"list"});  // The default one, too.
  Logon();
  Out({"logoff", "--all"});
  EXPECT_THAT(Out({"sessions"}), HasSubstr("Listed 0 session(s)."));
  EXPECT_EQ(Bitsctl({"logoff", "--all", session_of_nobody_}).status, 2);
}

TEST_F(BitsctlSessionTest, ASessionCanBeNamed) {
  const std::string named = As("fetcher").Logon({})->session_id();
  const std::string remembered = Logon();
  EXPECT_EQ(Out({"logoff", "{" + named + "}"}), "ended session " + named + "\n");
  EXPECT_THAT(Out({"sessions"}), HasSubstr("* " + remembered));
  EXPECT_EQ(Bitsctl({"logoff", session_of_nobody_}).status, 3);
  EXPECT_EQ(Bitsctl({"logoff", "that one"}).status, 2);
  EXPECT_EQ(Bitsctl({"--as", "mallory", "logoff", remembered}).status, 4);
  Out({"--as", "admin", "logoff", remembered});
}

TEST_F(BitsctlSessionTest, AnAdministratorSeesEverybodys) {
  const std::string session = Logon("alice");
  const std::string all = Out({"--as", "admin", "sessions", "--all-users"});
  EXPECT_THAT(all, HasSubstr(session));
  EXPECT_THAT(all, HasSubstr(Demo("alice").sid));
  const Finished refused = Bitsctl({"sessions", "--all-users"});
  EXPECT_EQ(refused.status, 4);
  EXPECT_THAT(refused.output, HasSubstr("rule:   all_users"));
}

TEST_F(BitsctlSessionTest, ATtlThatNobodyGrantsIsRefused) {
  EXPECT_EQ(Bitsctl({"logon", "--ttl", "29s"}).status, 2);
  EXPECT_EQ(Bitsctl({"logon", "--ttl", "2d"}).status, 2);
  EXPECT_EQ(Bitsctl({"logon", "--ttl", "soon"}).status, 2);
  EXPECT_THAT(Out({"sessions"}), Not(HasSubstr("*"))) << "nothing is remembered";
}

// ---- the limits of a loan ----

TEST_F(BitsctlSessionTest, ALoanIsLimitedAsItWasSaidAndShown) {
  web().PutRandom("file", 1000);
  JobForAlice();
  const std::string folder = FolderOf("alice");
  Out({"add-file", "nightly", web().Url("file"), folder + "/file"});
  const auto lend = [&](const std::string& root) {
    const std::string text = Out({"set-helper-token", "--job", "nightly", "--as-helper", "alice",
                                  "--max-expire", "1h", "--local-root", root});
    EXPECT_THAT(text, HasSubstr("for files below " + root));
    EXPECT_THAT(text, testing::AnyOf(HasSubstr("(in 1 h)"), HasSubstr("(in 59 min 59 s)")));
  };
  lend("/somewhere/else");
  EXPECT_THAT(Out({"info", "nightly"}), HasSubstr("/somewhere/else"));
  Out({"resume", "nightly"});
  const Finished stopped = Bitsctl({"monitor", "nightly"});
  EXPECT_EQ(stopped.status, 1);
  EXPECT_THAT(stopped.output, HasSubstr("rule:   token_scope"));
  lend(folder);
  Out({"resume", "nightly"});
  Out({"monitor", "nightly"});
  Out({"complete", "nightly"});
  EXPECT_EQ(OwnerOf(folder + "/file"), Demo("alice").uid);
}

TEST_F(BitsctlSessionTest, ATransferIsLentNoMoreThanItsFolders) {
  web().PutRandom("file", 1000);
  const std::string folder = FolderOf("alice");
  Out({"transfer", "t", web().Url("file"), folder + "/file", "--as-helper", "alice", "--detach"});
  const auto job = nlohmann::json::parse(Out({"info", "t", "--json"}));
  EXPECT_EQ(job["helper_token_scope"]["local_roots"], nlohmann::json::array({folder}));
  EXPECT_EQ(job["helper_token_scope"]["usage_flags"], 1);
  Out({"monitor", "t"});
  Out({"complete", "t"});
  EXPECT_EQ(OwnerOf(folder + "/file"), Demo("alice").uid);
}

// ---- logon --keep ----

class KeepTest : public BitsctlSessionTest {
 protected:
  /// A bitsctl that keeps a session, once it says so.
  Process Keep() {
    auto process = Process::Start({CommandLine({"logon", "--keep"}), log_, "", std::nullopt});
    EXPECT_TRUE(WaitFor([&] { return ReadFile(log_).find("Ctrl-C") != std::string::npos; }))
        << ReadFile(log_);
    return *std::move(process);
  }

  const std::string log_ = config_folder_.File("keep.log");
};

TEST_F(KeepTest, ItKeepsTheSessionForOtherRunsAndLogsOffAtCtrlC) {
  Process keeper = Keep();
  EXPECT_THAT(Out({"sessions"}), HasSubstr("* "));
  keeper.Signal(SIGINT);
  EXPECT_EQ(keeper.Wait(), 0);
  EXPECT_THAT(ReadFile(log_), HasSubstr("logged off\n"));
  EXPECT_THAT(Out({"sessions"}), Not(HasSubstr("* ")));
}

TEST_F(KeepTest, ItSaysWhenTheSessionIsLost) {
  Process keeper = Keep();
  const auto sessions = nlohmann::json::parse(Out({"sessions", "--json"}))["sessions"];
  for (const auto& session : sessions) {
    ASSERT_TRUE(As("admin").Logoff(session["session_id"]).ok());
  }
  EXPECT_EQ(keeper.Wait(), 7);
  EXPECT_THAT(ReadFile(log_), HasSubstr("ERROR_NOT_LOGGED_ON"));
}

}  // namespace
}  // namespace bitsd::tests
