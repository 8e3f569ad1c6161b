// What of a feed is news.

#include "client/feed/feed_ledger.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace bits {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

v1::Job JobAt(const std::string& id, uint64_t revision, uint64_t bytes = 0) {
  v1::Job job;
  job.set_id(id);
  job.set_revision(revision);
  job.set_state(v1::JOB_STATE_TRANSFERRING);
  job.mutable_progress()->set_bytes_transferred(bytes);
  return job;
}

TEST(FeedLedgerTest, OnlyNewsAreDelivered) {
  FeedLedger ledger;
  ledger.BeginSnapshot();
  EXPECT_TRUE(ledger.Take(JobAt("a", 5)));
  EXPECT_FALSE(ledger.Take(JobAt("a", 5))) << "the same";
  EXPECT_FALSE(ledger.Take(JobAt("a", 4, 99))) << "older";
  EXPECT_TRUE(ledger.Take(JobAt("a", 5, 1))) << "progress";
  EXPECT_TRUE(ledger.Take(JobAt("a", 6, 1)));
}

TEST(FeedLedgerTest, ANewSnapshotShowsWhatIsMissing) {
  FeedLedger ledger;
  ledger.BeginSnapshot();
  for (const char* id : {"a", "b", "c", "d"}) ledger.Take(JobAt(id, 1));
  v1::Job cancelled = JobAt("d", 2);
  cancelled.set_state(v1::JOB_STATE_CANCELLED);
  EXPECT_TRUE(ledger.Take(cancelled));
  EXPECT_THAT(ledger.Missing(), IsEmpty());
  ledger.BeginSnapshot();
  EXPECT_FALSE(ledger.Take(JobAt("b", 1))) << "unchanged, but there";
  EXPECT_THAT(ledger.Missing(), ElementsAre("a", "c"));
  EXPECT_TRUE(ledger.Forget("a"));
  EXPECT_FALSE(ledger.Forget("a"));
  EXPECT_THAT(ledger.Missing(), ElementsAre("c"));
  EXPECT_FALSE(ledger.Take(cancelled)) << "a finished job is not told again";
}

TEST(FeedLedgerTest, FinishedJobsAreForgottenInTheEnd) {
  FeedLedger ledger;
  v1::Job job = JobAt("first", 1);
  job.set_state(v1::JOB_STATE_ACKNOWLEDGED);
  ledger.Take(job);
  for (size_t i = 0; i < FeedLedger::kMaxFinished; ++i) {
    EXPECT_TRUE(ledger.IsFinished("first"));
    job.set_id(std::to_string(i));
    ledger.Take(job);
  }
  EXPECT_FALSE(ledger.IsFinished("first"));
}

}  // namespace
}  // namespace bits
