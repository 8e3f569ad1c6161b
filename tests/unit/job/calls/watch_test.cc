// WatchJobs: snapshot, changes, and going on from a resume token.

#include <set>

#include "tests/unit/job/job_fixture.h"

namespace bitsd {
namespace {

using Kind = JobWatch::Kind;

/// What a watch told.
struct Told {
  std::vector<Kind> kinds;
  std::vector<JobId> jobs;  ///< Of the snapshot and of changes.
  std::string token;        ///< The last one.

  Kind first() const { return kinds.empty() ? Kind::kChanged : kinds.front(); }
};

class JobWatchTest : public JobFixture {
 protected:
  std::unique_ptr<JobWatch> Watch(const Caller& caller, const std::string& token = "",
                                  std::vector<JobId> only = {}, bool all = false) {
    WatchFilter filter;
    filter.jobs = std::move(only);
    filter.all_users = all;
    filter.resume_token = token;
    auto watch = jobs().WatchJobs(caller, filter, [] {});
    EXPECT_TRUE(watch.ok()) << watch.status();
    return *std::move(watch);
  }

  static Told Read(JobWatch& watch) {
    Told told;
    while (const auto event = watch.Next()) {
      told.kinds.push_back(event->kind);
      if (event->job) told.jobs.push_back(event->job->record->id);
      if (!event->resume_token.empty()) told.token = event->resume_token;
    }
    return told;
  }
  /// A watch that reads what there is, and breaks: its last token.
  std::string TokenOf(const Caller& caller, const std::string& token = "") {
    return Read(*Watch(caller, token)).token;
  }

  void Describe(const Caller& caller, const JobId& id) {
    JobUpdate update;
    update.description = "changed";
    Reply<absl::StatusOr<JobView>> updated;
    jobs().UpdateJob(caller, id, update, updated.Callback());
    ASSERT_TRUE(updated.Get().ok());
  }
  void Cancel(const Caller& caller, const JobId& id) {
    Reply<absl::StatusOr<JobOutcome>> cancelled;
    jobs().Cancel(caller, id, cancelled.Callback());
    ASSERT_TRUE(cancelled.Get().ok());
  }

  const Caller fetcher_ = As(kFetcher);
};

TEST_F(JobWatchTest, ASnapshotIsFollowedByChanges) {
  const JobId id = Create(fetcher_);
  const auto watch = Watch(fetcher_);
  Told told = Read(*watch);
  EXPECT_EQ(told.kinds, (std::vector{Kind::kSnapshot, Kind::kSnapshotEnd}));
  Describe(fetcher_, id);
  told = Read(*watch);
  EXPECT_EQ(told.kinds, std::vector{Kind::kChanged});
  EXPECT_FALSE(told.token.empty());
}

TEST_F(JobWatchTest, AResumedWatchTellsOnlyWhatChanged) {
  Create(fetcher_);
  const JobId changed = Create(fetcher_);
  const std::string token = TokenOf(fetcher_);
  Describe(fetcher_, changed);
  const JobId created = Create(fetcher_);
  const Told told = Read(*Watch(fetcher_, token));
  EXPECT_EQ(told.first(), Kind::kResumed);
  EXPECT_EQ(told.kinds.back(), Kind::kSnapshotEnd);
  EXPECT_EQ(std::set<JobId>(told.jobs.begin(), told.jobs.end()),
            (std::set<JobId>{changed, created}));
}

TEST_F(JobWatchTest, AResumedWatchTellsTheEndOfAJob) {
  const JobId id = Create(fetcher_);
  const std::string token = TokenOf(fetcher_);
  Cancel(fetcher_, id);
  const Told told = Read(*Watch(fetcher_, token));
  EXPECT_EQ(told.first(), Kind::kResumed);
  EXPECT_EQ(told.jobs, std::vector{id});
}

TEST_F(JobWatchTest, TheTokenOfEachChangeGoesOnBehindIt) {
  const JobId first = Create(fetcher_);
  const JobId second = Create(fetcher_);
  const auto watch = Watch(fetcher_);
  Read(*watch);
  Describe(fetcher_, first);
  Describe(fetcher_, second);
  const auto event = watch->Next();
  ASSERT_EQ(event->job->record->id, first);
  const Told told = Read(*Watch(fetcher_, event->resume_token));
  EXPECT_EQ(told.jobs, std::vector{second}) << "the first was told, the second was not";
}

TEST_F(JobWatchTest, ATokenIsGoodAgainAndAgain) {
  Create(fetcher_);
  const std::string token = TokenOf(fetcher_);
  const std::string next = TokenOf(fetcher_, token);
  EXPECT_EQ(Read(*Watch(fetcher_, token)).first(), Kind::kResumed);
  const Told told = Read(*Watch(fetcher_, next));
  EXPECT_EQ(told.first(), Kind::kResumed);
  EXPECT_TRUE(told.jobs.empty());
}

TEST_F(JobWatchTest, WhoMissedTheEndOfAJobThatIsGoneGetsAWholeSnapshot) {
  options_.retention = absl::ZeroDuration();
  const JobId id = Create(fetcher_);
  const JobId other = Create(fetcher_);
  const std::string token = TokenOf(fetcher_);
  Cancel(fetcher_, id);
  ASSERT_TRUE(Eventually([&] { return memory_.Find(id) == nullptr; }));
  const Told told = Read(*Watch(fetcher_, token));
  EXPECT_EQ(told.first(), Kind::kNotResumed);
  EXPECT_EQ(told.jobs, std::vector{other});
  EXPECT_EQ(Read(*Watch(fetcher_, told.token)).first(), Kind::kResumed) << "now it was told";
}

TEST_F(JobWatchTest, ATokenOfAnotherCallerQuestionOrRunIsNotGoneOnFrom) {
  const Caller admin = As(kAdmin);
  const JobId id = Create(fetcher_);
  const std::string token = TokenOf(fetcher_);
  const std::string all = Read(*Watch(admin, "", {}, true)).token;
  EXPECT_EQ(Read(*Watch(As(kAlice), token)).first(), Kind::kNotResumed);
  EXPECT_EQ(Read(*Watch(fetcher_, token, {id})).first(), Kind::kNotResumed);
  EXPECT_EQ(Read(*Watch(admin, all)).first(), Kind::kNotResumed);
  EXPECT_EQ(Read(*Watch(admin, all, {}, true)).first(), Kind::kResumed);
  EXPECT_EQ(Read(*Watch(fetcher_, "garbage")).first(), Kind::kNotResumed);
  EXPECT_EQ(Read(*Watch(fetcher_, std::string(100'000, 'A'))).first(), Kind::kNotResumed);
  Restart();
  const Told told = Read(*Watch(fetcher_, token));
  EXPECT_EQ(told.first(), Kind::kNotResumed);
  EXPECT_EQ(told.jobs, std::vector{id});
}

TEST_F(JobWatchTest, AWatchOfNamedJobsGoesOnWithTheSameNames) {
  const JobId id = Create(fetcher_);
  const JobId other = Create(fetcher_);
  const std::string token = Read(*Watch(fetcher_, "", {id, other})).token;
  Describe(fetcher_, other);
  const Told told = Read(*Watch(fetcher_, token, {other, id}));
  EXPECT_EQ(told.first(), Kind::kResumed);
  EXPECT_EQ(told.jobs, std::vector{other});
}

}  // namespace
}  // namespace bitsd
