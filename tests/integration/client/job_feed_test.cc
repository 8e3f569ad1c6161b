// Following jobs across what happens to services and networks, against the real bitsd.

#include "bitsd/client/job_feed.h"

#include <chrono>
#include <future>
#include <map>
#include <thread>

#include "bitsd/client/impersonation.h"
#include "gmock/gmock.h"
#include "tests/testing/bitsd/bitsd_fixture.h"
#include "tests/testing/servers/tcp_proxy.h"

namespace bitsd::tests {
namespace {

using bits::JobFeed;
using bits::v1::JOB_STATE_CANCELLED;
using bits::v1::JOB_STATE_TRANSFERRED;
using Clock = std::chrono::steady_clock;
using Kind = JobFeed::Kind;

class JobFeedTest : public BitsdTest {
 protected:
  BitsdOptions Options() override {
    BitsdOptions options;
    options.listen = "127.0.0.1:" + std::to_string(port_);  // The same after a restart.
    return options;
  }

  /// A client of `name` whose connections go through `proxy_`.
  bits::Client Through(std::string_view name,
                       std::chrono::milliseconds keepalive = std::chrono::seconds(30)) {
    auto options = bitsd().ClientOptionsOf(name);
    options->endpoint = proxy_.address();
    options->keepalive = keepalive;
    return *bits::Client::Connect(*std::move(options));
  }

  /// The next event of `kind`; what comes before is kept in seen_.
  JobFeed::Event Await(JobFeed& feed, Kind kind) {
    for (const auto end = Clock::now() + kPatience; Clock::now() < end;) {
      auto event = Next(feed);
      if (!event.ok() || !event->has_value()) {
        ADD_FAILURE() << "the feed ended: " << event.status();
        return {};
      }
      if ((*event)->kind == Kind::kJob) See((*event)->job);
      if ((*event)->kind == kind) return **std::move(event);
    }
    ADD_FAILURE() << "no such event";
    return {};
  }

  /// Feed.Next, stopped when it takes too long.
  absl::StatusOr<std::optional<JobFeed::Event>> Next(JobFeed& feed) {
    auto next = std::async(std::launch::async, [&] { return feed.Next(); });
    if (next.wait_for(kPatience) == std::future_status::timeout) feed.Stop();
    return next.get();
  }

  void See(const bits::v1::Job& job) {
    const auto [at, is_new] = seen_.try_emplace(job.id(), job);
    ++deliveries_[job.id()];
    if (is_new) return;
    EXPECT_GE(job.revision(), at->second.revision());
    EXPECT_NE(job.SerializeAsString(), at->second.SerializeAsString()) << "delivered twice";
    at->second = job;
  }

  const uint16_t port_ = FreePort();
  TcpProxy proxy_{port_};
  std::map<std::string, bits::v1::Job> seen_;
  std::map<std::string, int> deliveries_;
};

bits::FeedOptions Quick() {
  bits::FeedOptions options;
  options.first_pause = std::chrono::milliseconds(20);
  options.max_pause = std::chrono::milliseconds(200);
  return options;
}

TEST_F(JobFeedTest, AJobIsFollowedFromItsSnapshotToItsEnd) {
  web().PutRandom("file", 2'000'000);
  const bits::Client client = As("fetcher");
  const std::string job = CreateJob(client);
  JobFeed feed = client.FollowJobs({});
  Await(feed, Kind::kCaughtUp);
  EXPECT_EQ(seen_.count(job), 1u);
  ASSERT_TRUE(AddFile(client, job, "file", FolderOf("fetcher") + "/file").ok());
  ASSERT_TRUE(client.Resume(job).ok());
  while (seen_[job].state() != JOB_STATE_TRANSFERRED && !HasFailure()) Await(feed, Kind::kJob);
  EXPECT_EQ(seen_[job].progress().bytes_transferred(), 2'000'000u);
}

TEST_F(JobFeedTest, WhatChangedWhileTheNetworkWasAwayIsDeliveredOnce) {
  const bits::Client client = As("fetcher");
  const std::string unchanged = CreateJob(client);
  const std::string changed = CreateJob(client);
  const std::string ended = CreateJob(client);
  JobFeed feed = Through("fetcher").FollowJobs({}, Quick());
  Await(feed, Kind::kCaughtUp);
  proxy_.Cut();
  EXPECT_FALSE(Await(feed, Kind::kDisconnected).reason.ok());
  for (const char* name : {"one", "two", "three"}) {
    bits::v1::UpdateJobRequest update;
    update.mutable_job()->set_id(changed);
    update.mutable_job()->set_display_name(name);
    update.mutable_update_mask()->add_paths("display_name");
    ASSERT_TRUE(client.UpdateJob(update).ok());
  }
  ASSERT_TRUE(client.Cancel(ended).ok());
  const std::string created = CreateJob(client);
  proxy_.Restore();
  Await(feed, Kind::kCaughtUp);
  EXPECT_EQ(seen_[changed].display_name(), "three");
  EXPECT_EQ(seen_[ended].state(), JOB_STATE_CANCELLED);
  EXPECT_EQ(seen_.count(created), 1u);
  EXPECT_EQ(deliveries_[unchanged], 1);
  EXPECT_EQ(deliveries_[changed], 2);
}

TEST_F(JobFeedTest, AConnectionThatHasGoneSilentIsNoticedAndReplaced) {
  const bits::Client client = As("fetcher");
  JobFeed feed = Through("fetcher", std::chrono::seconds(1)).FollowJobs({}, Quick());
  Await(feed, Kind::kCaughtUp);
  proxy_.Silence();
  const std::string job = CreateJob(client);
  Await(feed, Kind::kCaughtUp);
  EXPECT_EQ(seen_.count(job), 1u);
  EXPECT_EQ(proxy_.accepted(), 2);
}

TEST_F(JobFeedTest, ARestartOfTheServiceShowsWhichJobsAreGoneAndWhichAreNew) {
  const std::string lost = CreateJob(As("fetcher"));
  JobFeed feed = As("fetcher").FollowJobs({}, Quick());
  Await(feed, Kind::kCaughtUp);
  ASSERT_TRUE(bitsd().Stop().ok());
  Await(feed, Kind::kDisconnected);
  bitsd().LoseStore();
  ASSERT_TRUE(bitsd().StartAgain().ok());
  EXPECT_EQ(Await(feed, Kind::kGone).job.id(), lost);
  Await(feed, Kind::kCaughtUp);
  const std::string job = CreateJob(As("fetcher"));
  EXPECT_EQ(Await(feed, Kind::kJob).job.id(), job);
}

TEST_F(JobFeedTest, AKilledServiceIsFollowedAgain) {
  JobFeed feed = As("fetcher").FollowJobs({}, Quick());
  Await(feed, Kind::kCaughtUp);
  bitsd().process().Signal(SIGKILL);
  bitsd().process().Wait();
  Await(feed, Kind::kDisconnected);
  ASSERT_TRUE(bitsd().StartAgain().ok());
  Await(feed, Kind::kCaughtUp);
}

TEST_F(JobFeedTest, NamedJobsThatARestartHasLostEndTheFeed) {
  const std::string lost = CreateJob(As("fetcher"));
  bits::v1::WatchJobsRequest request;
  request.add_job_ids("{" + lost + "}");
  JobFeed feed = As("fetcher").FollowJobs(request, Quick());
  Await(feed, Kind::kCaughtUp);
  ASSERT_TRUE(bitsd().Stop().ok());
  bitsd().LoseStore();
  ASSERT_TRUE(bitsd().StartAgain().ok());
  EXPECT_EQ(Await(feed, Kind::kGone).job.id(), lost);
  EXPECT_TRUE(absl::IsNotFound(Next(feed).status()));
  EXPECT_TRUE(absl::IsNotFound(Next(feed).status())) << "again";
}

TEST_F(JobFeedTest, WhatTryingAgainDoesNotMendIsReportedAtOnce) {
  bits::v1::WatchJobsRequest everybody;
  everybody.set_all_users(true);
  JobFeed all = As("fetcher").FollowJobs(everybody);
  EXPECT_EQ(ErrorText(Next(all).status()), "E_ACCESSDENIED/all_users");

  bits::v1::WatchJobsRequest others;
  others.add_job_ids(CreateJob(As("alice")));
  JobFeed denied = As("fetcher").FollowJobs(others);
  EXPECT_TRUE(absl::IsPermissionDenied(Next(denied).status()));

  bits::v1::WatchJobsRequest unknown;
  unknown.add_job_ids("00000000-0000-4000-8000-000000000001");
  JobFeed missing = As("fetcher").FollowJobs(unknown);
  EXPECT_TRUE(absl::IsNotFound(Next(missing).status()));

  const DemoPki* pki = &bitsd().pki();
  ASSERT_TRUE(const_cast<DemoPki*>(pki)->Issue("stranger", "S-1-5-21-9-9-9-9").ok());
  JobFeed stranger = As("stranger").FollowJobs({});
  EXPECT_TRUE(absl::IsUnauthenticated(Next(stranger).status()));
}

TEST_F(JobFeedTest, AnOutageThatLastsTooLongIsReported) {
  bits::FeedOptions options = Quick();
  options.max_outage = std::chrono::milliseconds(300);
  JobFeed feed = Through("fetcher").FollowJobs({}, options);
  Await(feed, Kind::kCaughtUp);
  proxy_.Cut();
  absl::StatusOr<std::optional<JobFeed::Event>> event;
  do {
    event = Next(feed);
  } while (event.ok() && event->has_value());
  EXPECT_TRUE(absl::IsUnavailable(event.status())) << event.status();
}

TEST_F(JobFeedTest, StopEndsAWaitingReadAndAPauseAtOnce) {
  bits::FeedOptions slow;
  slow.first_pause = std::chrono::minutes(5);
  slow.max_pause = std::chrono::minutes(5);
  for (const bool connected : {true, false}) {
    JobFeed feed = Through("fetcher").FollowJobs({}, slow);
    if (connected) Await(feed, Kind::kCaughtUp);
    if (!connected) proxy_.Cut();
    if (!connected) Await(feed, Kind::kDisconnected);
    auto waiting = std::async(std::launch::async, [&] { return feed.Next(); });
    EXPECT_EQ(waiting.wait_for(std::chrono::milliseconds(100)), std::future_status::timeout);
    const auto stopped = Clock::now();
    feed.Stop();
    const auto end = waiting.get();
    EXPECT_LT(Clock::now() - stopped, std::chrono::seconds(2));
    ASSERT_TRUE(end.ok()) << end.status();
    EXPECT_FALSE(end->has_value());
  }
}

TEST_F(JobFeedTest, AFeedKeepsItsIdentityWhenItConnectsAgainOutsideTheScope) {
  std::optional<JobFeed> feed;
  const bits::Client client = Through("fetcher");
  CreateJob(As("fetcher"));
  const std::string job = CreateJob(As("alice"));
  {
    const auto alice = bits::ImpersonationToken::Create(bitsd().ClientOptionsOf("alice")->identity);
    const bits::ScopedImpersonation scope(*alice);
    feed = client.FollowJobs({}, Quick());
  }
  Await(*feed, Kind::kCaughtUp);
  proxy_.Cut();
  Await(*feed, Kind::kDisconnected);
  const std::string second = CreateJob(As("alice"));
  proxy_.Restore();
  Await(*feed, Kind::kCaughtUp);
  EXPECT_THAT(seen_, testing::UnorderedElementsAre(testing::Key(job), testing::Key(second)));
}

}  // namespace
}  // namespace bitsd::tests
