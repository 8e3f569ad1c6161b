// Acting as another identity through the library, against the real bitsd: BITS' own sample,
// threads, streams and callbacks.

#include "bitsd/client/impersonation.h"

#include <atomic>
#include <cstdio>
#include <future>
#include <map>
#include <mutex>
#include <sstream>
#include <thread>
#include <vector>

#include "bitsd/client/async_client.h"
#include "gmock/gmock.h"
#include "tests/testing/bitsd/bitsd_fixture.h"
#include "tests/testing/servers/tcp_proxy.h"

namespace bitsd::tests {
namespace {

using bits::ImpersonationToken;
using bits::ScopedImpersonation;
using bits::v1::JOB_STATE_TRANSFERRED;

constexpr uint32_t kLocalFile = 1;

class ImpersonationTest : public BitsdTest {
 protected:
  ImpersonationToken TokenOf(std::string_view name, bits::ImpersonationOptions options = {}) {
    auto client_options = bitsd().ClientOptionsOf(name);
    auto token = ImpersonationToken::Create(client_options->identity, std::move(options));
    EXPECT_TRUE(token.ok()) << token.status();
    return *token;
  }

  bits::Client StaticClientOf(std::string_view name) {
    auto options = bitsd().ClientOptionsOf(name);
    options->cloaking = bits::Cloaking::kStatic;
    return *bits::Client::Connect(*std::move(options));
  }
};

// The order of "Example: Adding a Helper Token" of BITS' documentation.
TEST_F(ImpersonationTest, TheSampleOfTheDocumentationWorksAsItStands) {
  const std::string content = web().PutRandom("file", 500'000);
  const std::string path = FolderOf("alice") + "/file";
  const bits::Client client = As("fetcher");
  const ImpersonationToken alice = TokenOf("alice");
  const std::string job = CreateJob(client);
  const bits::Handle handle = HandleFor(client, job, "alice");
  ASSERT_TRUE(client.SetHelperTokenFlags(handle, kLocalFile).ok());
  {
    const ScopedImpersonation as_alice(alice);
    EXPECT_EQ(client.caller_sid(), Demo("alice").sid);
    ASSERT_EQ(ErrorText(client.SetHelperToken(handle, alice.sid()).status()), "OK");
    EXPECT_EQ(client.GetHelperTokenFlags(handle).value_or(99), kLocalFile);
    EXPECT_EQ(ErrorText(client.GetJob(job).status()), "E_ACCESSDENIED/job_access");
  }
  EXPECT_EQ(client.GetHelperTokenSid(handle)->value_or(""), Demo("alice").sid);
  ASSERT_EQ(ErrorText(AddFile(client, job, "file", path)), "OK");
  ASSERT_TRUE(client.Resume(job).ok());
  WaitForState(client, job, JOB_STATE_TRANSFERRED);
  ASSERT_TRUE(client.Complete(job).ok());
  EXPECT_EQ(ReadFile(path), content);
  EXPECT_EQ(OwnerOf(path), Demo("alice").uid);
}

// A handle that is bound to nobody is a COM pointer: the helper may set the flags with it, too.
TEST_F(ImpersonationTest, WithAnUnboundHandleTheFlagsAreSetStillUnderTheHelper) {
  const bits::Client client = As("fetcher");
  const std::string job = CreateJob(client);
  const auto handle = client.QueryInterface(job, std::nullopt);
  ASSERT_TRUE(handle.ok()) << handle.status();
  {
    const ScopedImpersonation as_alice(TokenOf("alice"));
    ASSERT_EQ(ErrorText(client.SetHelperToken(*handle, Demo("alice").sid).status()), "OK");
    ASSERT_EQ(ErrorText(client.SetHelperTokenFlags(*handle, kLocalFile)), "OK");
  }
  EXPECT_EQ(client.GetJob(job)->helper_token_flags(), kLocalFile);
}

TEST_F(ImpersonationTest, ScopesNestAndTheEndOfOneBringsBackTheOneAroundIt) {
  const bits::Client client = As("fetcher");
  const auto owner_of_new_job = [&] { return client.GetJob(CreateJob(client))->owner_sid(); };
  {
    const ScopedImpersonation outer(TokenOf("alice"));
    EXPECT_EQ(owner_of_new_job(), Demo("alice").sid);
    {
      const ScopedImpersonation inner(TokenOf("bob"));
      EXPECT_EQ(owner_of_new_job(), Demo("bob").sid);
    }
    EXPECT_EQ(owner_of_new_job(), Demo("alice").sid);
  }
  EXPECT_EQ(owner_of_new_job(), Demo("fetcher").sid);
}

TEST_F(ImpersonationTest, AnIdentityIsLentByMistakeInNeitherDirection) {
  const bits::Client client = As("fetcher");
  const bits::Handle handle = HandleFor(client, CreateJob(client), "alice");
  EXPECT_TRUE(absl::IsPermissionDenied(client.SetHelperToken(handle, Demo("alice").sid).status()));
  const ScopedImpersonation as_alice(TokenOf("alice"));
  EXPECT_TRUE(
      absl::IsPermissionDenied(client.SetHelperToken(handle, Demo("fetcher").sid).status()));
  EXPECT_THAT(bitsd().Audit("helper_token_set"), testing::IsEmpty());
}

TEST_F(ImpersonationTest, AStaticClientIsAlwaysItself) {
  const bits::Client client = StaticClientOf("fetcher");
  const ScopedImpersonation as_alice(TokenOf("alice"));
  EXPECT_EQ(client.caller_sid(), Demo("fetcher").sid);
  EXPECT_EQ(client.GetJob(CreateJob(client))->owner_sid(), Demo("fetcher").sid);
}

TEST_F(ImpersonationTest, LevelAndFilterBelongToTheToken) {
  const bits::Client client = As("fetcher");
  const std::string job = CreateJob(client);
  const bits::Handle handle = HandleFor(client, job, "alice");
  {
    bits::ImpersonationOptions options;
    options.impersonation_level = bits::ImpersonationLevel::kIdentify;
    const ScopedImpersonation as_alice(TokenOf("alice", options));
    EXPECT_EQ(ErrorText(client.SetHelperToken(handle, Demo("alice").sid).status()),
              "CO_E_FAILEDTOIMPERSONATE/impersonation_level");
  }
  bits::ImpersonationOptions filtered;
  filtered.filter_admin = true;
  EXPECT_TRUE((ScopedImpersonation(TokenOf("admin")), client.GetJob(job).ok()));
  const ScopedImpersonation as_filtered(TokenOf("admin", filtered));
  EXPECT_EQ(ErrorText(client.GetJob(job).status()), "E_ACCESSDENIED/job_access");
}

TEST_F(ImpersonationTest, ASessionIsNamedToTheService) {
  bits::ImpersonationOptions options;
  options.session_id = "ad44f2b0-0000-4000-8000-000000000001";
  const bits::Client client = As("fetcher");
  const ScopedImpersonation as_alice(TokenOf("alice", options));
  // There is no such session; a service that ignored the name would answer OK.
  EXPECT_EQ(ErrorText(client.GetServerInfo().status()), "ERROR_NOT_LOGGED_ON");
}

TEST_F(ImpersonationTest, ASessionIdThatCannotBeSentIsRefused) {
  bits::ImpersonationOptions options;
  options.session_id = "a\nb";
  const auto identity = bitsd().ClientOptionsOf("alice")->identity;
  EXPECT_TRUE(absl::IsInvalidArgument(ImpersonationToken::Create(identity, options).status()));
}

// The jobs that threads make, and whether anything was done as somebody else.
struct Ledger {
  std::mutex mutex;
  std::map<std::string, std::string> owners;  // By the job's id.
  std::atomic<int> wrong = 0;

  void Expect(bool as_it_should) { wrong += as_it_should ? 0 : 1; }
  void Own(const std::string& job, const std::string& sid) {
    const std::lock_guard lock(mutex);
    owners[job] = sid;
  }
};

// Everything within the scope is done as `sid`; returns a handle that only `sid` may present.
std::optional<bits::Handle> ActAs(const ImpersonationToken& token, const bits::Client& client,
                                  Ledger& ledger) {
  const ScopedImpersonation scope(token);
  bits::v1::CreateJobRequest request;
  request.set_display_name("job of " + token.sid());
  const auto job = client.CreateJob(request);
  ledger.Expect(job.ok() && job->owner_sid() == token.sid());
  if (!job.ok()) return std::nullopt;
  ledger.Own(job->id(), token.sid());
  const auto handle = client.QueryInterface(job->id(), token.sid());
  ledger.Expect(handle.ok());
  if (!handle.ok()) return std::nullopt;
  ledger.Expect(client.SetHelperToken(*handle, token.sid()).ok());
  const auto lender = client.GetHelperTokenSid(*handle);
  ledger.Expect(lender.ok() && lender->value_or("") == token.sid());
  return *handle;
}

// Each thread has its own scopes on one shared client: the jobs' owners, the tokens' lenders and
// the audit log say who called.
TEST_F(ImpersonationTest, ManyThreadsWithManyIdentitiesNeverCallAsEachOther) {
  constexpr int kThreads = 12;
  constexpr int kRounds = 4;
  auto options = bitsd().ClientOptionsOf("admin");
  options->max_impersonated_connections = 2;  // Fewer than identities: they push each other out.
  const bits::Client client = *bits::Client::Connect(*std::move(options));
  const std::vector<ImpersonationToken> tokens = {TokenOf("fetcher"), TokenOf("alice"),
                                                  TokenOf("bob"), TokenOf("netuser")};
  Ledger ledger;
  std::vector<std::thread> threads;
  for (size_t t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, token = tokens[t % tokens.size()]] {
      for (int round = 0; round < kRounds; ++round) {
        const auto handle = ActAs(token, client, ledger);
        // Out of the scope this thread, too, is the administrator again.
        ledger.Expect(client.caller_sid() == Demo("admin").sid);
        ledger.Expect(handle && absl::IsPermissionDenied(client.ClearHelperToken(*handle)));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(ledger.wrong, 0);
  ASSERT_TRUE(bitsd().Stop().ok()) << "the audit log is whole";
  const auto lent = bitsd().Audit("helper_token_set");
  EXPECT_EQ(lent.size(), static_cast<size_t>(kThreads * kRounds));
  for (const auto& line : lent) {
    EXPECT_EQ(line.value("caller_sid", ""), ledger.owners[line.value("job", "")]) << line.dump();
  }
}

TEST_F(ImpersonationTest, AThreadWithoutAScopeIsUnaffectedByAnothersScope) {
  const bits::Client client = As("fetcher");
  const ScopedImpersonation as_alice(TokenOf("alice"));
  auto elsewhere = std::async(std::launch::async, [&] { return client.caller_sid(); });
  EXPECT_EQ(elsewhere.get(), Demo("fetcher").sid);
}

TEST_F(ImpersonationTest, AnAsynchronousCallAndItsCallbackKeepTheIdentityOfTheirStart) {
  const bits::Client client = As("fetcher");
  const bits::AsyncClient async(client);
  std::promise<std::string> first;
  std::promise<std::string> chained;
  bits::v1::CreateJobRequest request;
  request.set_display_name("async");
  {
    const ScopedImpersonation as_alice(TokenOf("alice"));
    async.CreateJob(request, [&](absl::StatusOr<bits::v1::CreateJobResponse> answer) {
      first.set_value(answer.ok() ? answer->job().owner_sid() : answer.status().ToString());
      async.CreateJob(request, [&](absl::StatusOr<bits::v1::CreateJobResponse> next) {
        chained.set_value(next.ok() ? next->job().owner_sid() : next.status().ToString());
      });
    });
  }
  EXPECT_EQ(first.get_future().get(), Demo("alice").sid);
  EXPECT_EQ(chained.get_future().get(), Demo("alice").sid);
}

// gRPC's thread of the callback then has the last share of the connection.
TEST_F(ImpersonationTest, TheLastCopyOfAClientMayGoWithItsCallback) {
  for (int i = 0; i < 20; ++i) {
    auto client = std::make_unique<const bits::Client>(As("fetcher"));
    std::promise<bool> answered;
    std::promise<void> alone;
    bits::AsyncClient(*client).GetServerInfo(
        bits::v1::GetServerInfoRequest(),
        [&answered, last = *client, gone = alone.get_future().share()](
            const absl::StatusOr<bits::v1::GetServerInfoResponse>& answer) {
          gone.wait();
          answered.set_value(answer.ok() && !last.sid().empty());
        });
    client.reset();
    alone.set_value();
    EXPECT_TRUE(answered.get_future().get());
  }
}

// The first attempts find no service; when the call gets through, the scope is long gone.
TEST_F(ImpersonationTest, ARepeatedCallKeepsTheIdentityOfItsStart) {
  const std::string endpoint = bitsd().endpoint();
  TcpProxy proxy(static_cast<uint16_t>(std::stoi(endpoint.substr(endpoint.find(':') + 1))));
  auto options = bitsd().ClientOptionsOf("fetcher");
  options->endpoint = proxy.address();
  const bits::Client client = *bits::Client::Connect(*std::move(options));
  const bits::AsyncClient async(client);
  std::promise<std::string> owner;
  bits::v1::CreateJobRequest request;
  request.set_display_name("repeated");
  proxy.Cut();
  {
    const ScopedImpersonation as_alice(TokenOf("alice"));
    async.CreateJob(request, [&](absl::StatusOr<bits::v1::CreateJobResponse> answer) {
      owner.set_value(answer.ok() ? answer->job().owner_sid() : answer.status().ToString());
    });
  }
  ASSERT_TRUE(WaitFor([&] { return proxy.refused() > 0; }));
  proxy.Restore();
  EXPECT_EQ(owner.get_future().get(), Demo("alice").sid);
}

TEST_F(ImpersonationTest, AnAsynchronousCallLendsOnlyTheExpectedIdentity) {
  const bits::Client client = As("fetcher");
  const bits::AsyncClient async(client);
  bits::v1::SetHelperTokenRequest request;
  request.set_handle(HandleFor(client, CreateJob(client), "alice").bytes());
  const auto lend = [&] {
    std::promise<absl::Status> done;
    async.SetHelperToken(request, Demo("alice").sid,
                         [&](auto answer) { done.set_value(answer.status()); });
    return done.get_future().get();
  };
  EXPECT_TRUE(absl::IsPermissionDenied(lend()));
  const ScopedImpersonation as_alice(TokenOf("alice"));
  EXPECT_EQ(ErrorText(lend()), "OK");
}

TEST_F(ImpersonationTest, AStreamKeepsTheIdentityItWasStartedWith) {
  const bits::Client client = As("fetcher");
  CreateJob(client);
  std::optional<bits::JobWatch> watch;
  {
    const ScopedImpersonation as_alice(TokenOf("alice"));
    watch = client.WatchJobs({});
  }
  const auto event = watch->Next();
  ASSERT_TRUE(event.ok()) << event.status();
  EXPECT_EQ((*event)->kind(), bits::v1::WatchJobsResponse::KIND_SNAPSHOT_END)
      << "alice has no job, fetcher has one";
}

// How many connections of this process to `endpoint` are open.
int ConnectionsTo(const std::string& endpoint) {
  char port[8];
  std::snprintf(port, sizeof(port), ":%04X", std::stoi(endpoint.substr(endpoint.find(':') + 1)));
  // gRPC uses IPv6 sockets for IPv4, too.
  std::istringstream table(ReadFile("/proc/net/tcp") + ReadFile("/proc/net/tcp6"));
  int open = 0;
  std::string number;
  std::string local;
  std::string remote;
  std::string state;
  for (std::string line; std::getline(table, line);) {
    std::istringstream(line) >> number >> local >> remote >> state;
    if (remote.ends_with(port) && state == "01") ++open;
  }
  return open;
}

TEST_F(ImpersonationTest, AnIdentitysConnectionIsSharedAndClosedWhenUnused) {
  auto options = bitsd().ClientOptionsOf("fetcher");
  options->idle_timeout = std::chrono::seconds(1);
  const bits::Client client = *bits::Client::Connect(*std::move(options));
  ASSERT_TRUE(client.GetServerInfo().ok());
  for (int i = 0; i < 10; ++i) {
    const bits::Client copy = client;
    const ScopedImpersonation as_alice(TokenOf("alice"));
    ASSERT_TRUE(copy.GetServerInfo().ok());
  }
  EXPECT_EQ(ConnectionsTo(bitsd().endpoint()), 2);
  EXPECT_TRUE(WaitFor([&] { return ConnectionsTo(bitsd().endpoint()) == 0; }));
  EXPECT_TRUE(client.GetServerInfo().ok()) << "and opened again when needed";
}

}  // namespace
}  // namespace bitsd::tests
