// The headline: one identity writes the files, another is shown to web server and proxy. Each row
// of the model against the real bitsd, with its directory, broker and credential agents.

#include "gmock/gmock.h"
#include "tests/integration/app/shown_identity_fixture.h"
#include "tests/testing/process_memory.h"

namespace bitsd::tests {
namespace {

namespace v1 = bits::v1;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST_F(ShownIdentityTest, WithNetworkTheHelperIsShownAndTheOwnerWrites) {
  const Plan plan{
      .owner = "alice", .helper = "netuser", .flags = kNetwork, .folder = "alice", .proxy = true};
  const std::string path = Download(plan, Serve("network"));
  EXPECT_EQ(OwnerOf(path), Demo("alice").uid);
  EXPECT_THAT(ShownToServer("network"), ElementsAre("netuser@TEST.LOCAL"));
  EXPECT_THAT(ShownToProxy("/network"), ElementsAre("netuser@TEST.LOCAL"));
}

TEST_F(ShownIdentityTest, TheSameByConnectAndTls) {
  const Plan plan{
      .owner = "alice", .helper = "netuser", .flags = kNetwork, .folder = "alice", .proxy = true};
  EXPECT_EQ(OwnerOf(Download(plan, Serve("tunnel", "neg", true))), Demo("alice").uid);
  EXPECT_THAT(ShownToServer("tunnel"), ElementsAre("netuser@TEST.LOCAL"));
  // squid logs a tunnel when it ends.
  EXPECT_TRUE(WaitFor([&] { return !ShownToProxy("localhost:").empty(); }));
  EXPECT_THAT(ShownToProxy("localhost:"), ElementsAre("netuser@TEST.LOCAL"));
}

TEST_F(ShownIdentityTest, WithLocalFileTheHelperWritesAndTheOwnerIsShown) {
  const Plan plan{.helper = "alice", .flags = kLocalFile, .folder = "alice", .proxy = true};
  const std::string path = Download(plan, Serve("local"));
  EXPECT_EQ(OwnerOf(path), Demo("alice").uid);
  EXPECT_THAT(ShownToServer("local"), ElementsAre("fetcher@TEST.LOCAL"));
  EXPECT_THAT(ShownToProxy("/local"), ElementsAre("fetcher@TEST.LOCAL"));
}

TEST_F(ShownIdentityTest, WithBothFlagsTheHelperDoesBoth) {
  const Plan plan{
      .helper = "alice", .flags = kLocalFile | kNetwork, .folder = "alice", .proxy = true};
  EXPECT_EQ(OwnerOf(Download(plan, Serve("both"))), Demo("alice").uid);
  EXPECT_THAT(ShownToServer("both"), ElementsAre("alice@TEST.LOCAL"));
  EXPECT_THAT(ShownToProxy("/both"), ElementsAre("alice@TEST.LOCAL"));
}

TEST_F(ShownIdentityTest, WithoutFlagsTheTokenIsIdleAndTheOwnerDoesBoth) {
  const Plan plan{.helper = "alice", .proxy = true};
  EXPECT_EQ(OwnerOf(Download(plan, Serve("idle"))), Demo("fetcher").uid);
  EXPECT_THAT(ShownToServer("idle"), ElementsAre("fetcher@TEST.LOCAL"));
  EXPECT_THAT(ShownToProxy("/idle"), ElementsAre("fetcher@TEST.LOCAL"));
}

TEST_F(ShownIdentityTest, NetworkWithoutATokenShowsNobody) {
  const bits::Client fetcher = As("fetcher");
  const std::string job = Prepare({.flags = kNetwork, .proxy = true});
  AddUrl(fetcher, job, Serve("nobody"), FolderOf("fetcher") + "/nobody");
  EXPECT_EQ(ErrorOfRun(fetcher, job), "BG_E_TOKEN_REQUIRED");
  EXPECT_THAT(ShownToServer("nobody"), IsEmpty());
  EXPECT_THAT(ShownToProxy("/nobody"), IsEmpty());
}

TEST_F(ShownIdentityTest, AHelperWithoutCredentialsShowsNothingAndNeverTheOwners) {
  const bits::Client fetcher = As("fetcher");
  const std::string job = Prepare({.helper = "mallory", .flags = kNetwork});
  AddUrl(fetcher, job, Serve("poor"), FolderOf("fetcher") + "/poor");
  EXPECT_EQ(ErrorOfRun(fetcher, job), "BG_E_HTTP_ERROR_401/identity_has_no_credentials");
  EXPECT_FALSE(AnythingShown("poor"));
}

TEST_F(ShownIdentityTest, ImplicitNtlmIsTheHelpersToo) {
  const bits::Client fetcher = As("fetcher");
  const std::string job = Prepare({.helper = "alice", .flags = kNetwork});
  // A server that takes NTLM offers Negotiate, too, and means NTLM in it.
  ASSERT_TRUE(
      fetcher.RemoveCredentials(job, v1::AUTH_TARGET_SERVER, v1::AUTH_SCHEME_NEGOTIATE).ok());
  ASSERT_TRUE(
      fetcher.RemoveCredentials(job, v1::AUTH_TARGET_PROXY, v1::AUTH_SCHEME_NEGOTIATE).ok());
  Set(fetcher, job, v1::AUTH_TARGET_SERVER, v1::AUTH_SCHEME_NTLM);
  AddUrl(fetcher, job, Serve("ntlm-file", "ntlm"), FolderOf("fetcher") + "/ntlm-file");
  ASSERT_TRUE(fetcher.Resume(job).ok());
  WaitForState(fetcher, job, v1::JOB_STATE_TRANSFERRED);
  EXPECT_THAT(ShownToServer("ntlm-file"), ElementsAre("TEST\\\\alice"));
  EXPECT_EQ(FileWith(kAliceNtlm), "");
}

TEST_F(ShownIdentityTest, ExplicitCredentialsAreTheOwnersWhoeverIsOnTheNetwork) {
  const bits::Client fetcher = As("fetcher");
  const std::string job = Prepare({.helper = "netuser", .flags = kNetwork});
  Set(fetcher, job, v1::AUTH_TARGET_SERVER, v1::AUTH_SCHEME_BASIC, "alice", kBasicPassword);
  AddUrl(fetcher, job, Serve("explicit", "basic"), FolderOf("fetcher") + "/explicit");
  ASSERT_TRUE(fetcher.Resume(job).ok());
  WaitForState(fetcher, job, v1::JOB_STATE_TRANSFERRED);
  EXPECT_THAT(ShownToServer("explicit"), ElementsAre("alice"));
  EXPECT_EQ(FileWith(kBasicPassword), "") << "in clear";
}

TEST_F(ShownIdentityTest, AnAdministratorsUnelevatedJobShowsTheFilteredPrincipal) {
  bits::ClientOptions options = *bitsd().ClientOptionsOf("admin");
  Download({.owner = "admin", .folder = "admin"}, Serve("elevated"));
  EXPECT_THAT(ShownToServer("elevated"), ElementsAre("admin@TEST.LOCAL"));
  options.filter_admin = true;
  const bits::Client filtered = *bits::Client::Connect(std::move(options));
  const std::string job = Prepare(filtered, {.owner = "admin"});
  const uid_t low = Demo("admin").filtered_uid;
  AddUrl(filtered, job, Serve("filtered"), bitsd().folder().MakeFolder("low", low, low) + "/f");
  ASSERT_TRUE(filtered.Resume(job).ok());
  WaitForState(filtered, job, v1::JOB_STATE_TRANSFERRED);
  EXPECT_THAT(ShownToServer("filtered"), ElementsAre("lowadmin@TEST.LOCAL"));
}

/// Lends mallory's tickets on a job of fetcher.
class DelegationTest : public ShownIdentityTest {
 protected:
  void SetUp() override {
    ShownIdentityTest::SetUp();
    if (IsSkipped()) return;
    fetcher_ = As("fetcher");
    job_ = Prepare({.flags = kNetwork});
    handle_ = HandleFor(*fetcher_, job_, "mallory");
  }
  absl::Status Lend(const std::string& tickets) {
    return Delegating("mallory")
        .DelegateHelperToken(*handle_, Demo("mallory").sid, tickets)
        .status();
  }

  std::optional<bits::Client> fetcher_;
  std::optional<bits::Handle> handle_;
  std::string job_;
};

TEST_F(DelegationTest, TheTicketsThatAreLentAreShown) {
  ASSERT_EQ(ErrorText(Lend(TicketsOf("mallory"))), "OK");
  AddUrl(*fetcher_, job_, Serve("delegated"), FolderOf("fetcher") + "/delegated");
  ASSERT_TRUE(fetcher_->Resume(job_).ok());
  WaitForState(*fetcher_, job_, v1::JOB_STATE_TRANSFERRED);
  EXPECT_THAT(ShownToServer("delegated"), ElementsAre("mallory@TEST.LOCAL"));
}

TEST_F(DelegationTest, TicketsOfAnotherAreRefusedByName) {
  EXPECT_EQ(ErrorText(Lend(TicketsOf("alice"))), "E_ACCESSDENIED/foreign_principal");
  EXPECT_EQ(ErrorText(Lend(TicketsOf("root/admin"))),
            "E_ACCESSDENIED/admin_token_needs_administrator");
  EXPECT_EQ(ErrorText(Lend("no tickets at all")), "E_INVALIDARG");
  EXPECT_FALSE(fetcher_->GetJob(job_)->has_helper_token_sid());
}

TEST_F(DelegationTest, NothingOfThemIsLeftInAnyProcessOrFile) {
  std::string key;
  const std::string tickets = TicketsOf("mallory", &key);
  ASSERT_GE(key.size(), 16u);
  ASSERT_EQ(ErrorText(Lend(tickets)), "OK");
  AddUrl(*fetcher_, job_, Serve("left"), FolderOf("fetcher") + "/left");
  ASSERT_TRUE(fetcher_->Resume(job_).ok());
  WaitForState(*fetcher_, job_, v1::JOB_STATE_TRANSFERRED);
  const pid_t group = bitsd().process().pid();
  const auto holders = [&] {
    std::set<pid_t> pids;
    for (const pid_t pid : ProcessesOf(group)) {
      if (CountInMemory(pid, key) > 0) pids.insert(pid);
    }
    return pids;
  };
  EXPECT_EQ(holders().size(), 1u) << "the agent alone";
  ASSERT_TRUE(Delegating("mallory").ClearHelperToken(*handle_).ok());
  EXPECT_TRUE(WaitFor([&] { return holders().empty(); }));
  EXPECT_GE(ProcessesOf(group).size(), 3u) << "supervisor, broker and server";
  EXPECT_EQ(FileWith(key), "");
}

TEST_F(ShownIdentityTest, ATokenThatIsReplacedIsShownNoMoreOnceTheCallHasReturned) {
  const bits::Client fetcher = As("fetcher");
  const std::string job = Prepare({.helper = "netuser", .flags = kNetwork});
  const bits::Handle handle = HandleFor(fetcher, job, "bob");
  constexpr size_t kFiles = 200;
  const std::string url = Serve("swapped", "sticky", false, 20'000);
  for (size_t i = 0; i < kFiles; ++i) {
    AddUrl(fetcher, job, url, FolderOf("fetcher") + "/swapped-" + std::to_string(i));
  }
  ASSERT_TRUE(fetcher.Resume(job).ok());
  ASSERT_TRUE(WaitFor([&] { return !ShownToServer("swapped").empty(); }));
  ASSERT_TRUE(As("bob").SetHelperToken(handle, Demo("bob").sid).ok());
  const auto returned = std::chrono::system_clock::now().time_since_epoch();
  WaitForState(fetcher, job, v1::JOB_STATE_TRANSFERRED);
  EXPECT_THAT(ShownToServer("swapped"), ElementsAre("bob@TEST.LOCAL", "netuser@TEST.LOCAL"));
  for (const Request& request : auth().web().Requests()) {
    if (request.user == "netuser@TEST.LOCAL" && request.path.ends_with("/swapped")) {
      EXPECT_LT(request.begin, returned);
    }
  }
}

TEST_F(ShownIdentityTest, FiftyJobsOfFiveOwnersAreEachThemselves) {
  const std::vector<std::string> owners = {"fetcher", "alice", "bob", "netuser", "admin"};
  std::vector<std::pair<std::string, std::string>> jobs;
  for (int i = 0; i < 50; ++i) {
    const std::string& owner = owners[static_cast<size_t>(i) % owners.size()];
    const std::string name = "fifty-" + owner;
    const std::string job = Prepare({.owner = owner});
    AddUrl(As(owner), job, Serve(name, "sticky"), FolderOf(owner) + "/" + name + std::to_string(i));
    jobs.emplace_back(owner, job);
  }
  for (const auto& [owner, job] : jobs) ASSERT_TRUE(As(owner).Resume(job).ok());
  for (const auto& [owner, job] : jobs) {
    WaitForState(As(owner), job, v1::JOB_STATE_TRANSFERRED);
  }
  for (const std::string& owner : owners) {
    EXPECT_THAT(ShownToServer("fifty-" + owner), ElementsAre(owner + "@TEST.LOCAL"));
  }
}

TEST_F(ShownIdentityTest, AKdcThatIsDownIsWaitedForAndCostsNobodyElse) {
  kdc().Stop();
  const bits::Client fetcher = As("fetcher");
  const std::string waiting = Prepare({});
  AddUrl(fetcher, waiting, Serve("down"), FolderOf("fetcher") + "/down");
  ASSERT_TRUE(fetcher.Resume(waiting).ok());
  const v1::Job job = WaitForState(fetcher, waiting, v1::JOB_STATE_TRANSIENT_ERROR);
  EXPECT_EQ(job.error().reason(), "BG_E_CONNECT_FAILURE");
  // Who needs no ticket goes on.
  const bits::Client alice = As("alice");
  const std::string other = Prepare(alice, {.owner = "alice"});
  Set(alice, other, v1::AUTH_TARGET_SERVER, v1::AUTH_SCHEME_BASIC, "alice", kBasicPassword);
  AddUrl(alice, other, Serve("meanwhile", "basic"), FolderOf("alice") + "/meanwhile");
  ASSERT_TRUE(alice.Resume(other).ok());
  WaitForState(alice, other, v1::JOB_STATE_TRANSFERRED);
  ASSERT_TRUE(kdc().StartAgain().ok());
  ASSERT_TRUE(fetcher.Resume(waiting).ok());
  WaitForState(fetcher, waiting, v1::JOB_STATE_TRANSFERRED);
  EXPECT_THAT(ShownToServer("down"), ElementsAre("fetcher@TEST.LOCAL"));
}

}  // namespace
}  // namespace bitsd::tests
