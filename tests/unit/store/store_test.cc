// What every JobStore does: one suite for all of them, and for the wrapper that injects faults.

#include <latch>
#include <thread>

#include "server/error/errors.h"
#include "tests/testing/fakes/fault_store.h"
#include "tests/unit/store/store_fixture.h"

namespace bitsd {
namespace {

/// The memory store, whose contents a "restart" keeps.
class MemoryCase {
 public:
  JobStore& store() { return store_; }
  void Restart() {}

 private:
  MemoryStore store_;
};

class SqliteCase {
 public:
  JobStore& store() { return *durable_; }
  void Restart() { ASSERT_TRUE(durable_.Open().ok()); }

 private:
  DurableStore durable_;
};

/// The fault-injecting wrapper is a store, too.
class FaultCase {
 public:
  JobStore& store() { return wrapper_; }
  void Restart() {}

 private:
  MemoryStore memory_;
  FaultStore wrapper_{memory_};
};

template <typename Case>
class StoreTest : public testing::Test {
 protected:
  JobStore& store() { return case_.store(); }
  Contents AfterRestart() {
    case_.Restart();
    Contents contents;
    EXPECT_TRUE(store().Load(contents.Visitor()).ok());
    return contents;
  }

  Case case_;
};

using Cases = testing::Types<MemoryCase, SqliteCase, FaultCase>;
TYPED_TEST_SUITE(StoreTest, Cases);

TYPED_TEST(StoreTest, AJobComesBackWithEverythingItHad) {
  const auto job = FullRecord();
  ASSERT_TRUE(CommitNow(this->store(), {Put(job)}).ok());
  const Contents contents = this->AfterRestart();
  ASSERT_EQ(contents.jobs.size(), 1u);
  ExpectSame(*contents.jobs.begin()->second, *job);
}

TYPED_TEST(StoreTest, AJobWithNothingOptionalComesBackWithNothingOptional) {
  const auto job = NewJobRecord(1);
  ASSERT_TRUE(CommitNow(this->store(), {Put(job)}).ok());
  const Contents contents = this->AfterRestart();
  ExpectSame(*contents.jobs.at(job->id), *job);
}

TYPED_TEST(StoreTest, AChangedJobReplacesTheOneBefore) {
  const auto before = FullRecord();
  ASSERT_TRUE(CommitNow(this->store(), {Put(before)}).ok());
  auto after = std::make_shared<JobRecord>(*before);
  after->state = JobState::kSuspended;
  after->error.reset();
  after->abandoned.pop_back();
  after->revision = 78;
  auto files = std::make_shared<FileRecords>(*before->files);
  files->Edit(1).progress = FileProgress();
  after->files = files;
  ASSERT_TRUE(CommitNow(this->store(), {Put(after, before)}).ok());
  ExpectSame(*this->AfterRestart().jobs.at(before->id), *after);
}

TYPED_TEST(StoreTest, FilesThatAreAddedLaterAndFilesThatGoOnComeBackInTheirPlaces) {
  const auto before = NewJobRecord(70);
  ASSERT_TRUE(CommitNow(this->store(), {Put(before)}).ok());
  auto after = std::make_shared<JobRecord>(*before);
  auto files = std::make_shared<FileRecords>(*before->files);
  for (const size_t index : {size_t{0}, size_t{33}, size_t{69}}) {
    files->Edit(index).progress.synced = 1000 + index;
  }
  for (int i = 0; i < 40; ++i) files->push_back((*before->files)[0]);
  after->files = files;
  ASSERT_TRUE(CommitNow(this->store(), {Put(after, before)}).ok());
  ExpectSame(*this->AfterRestart().jobs.at(before->id), *after);
}

TYPED_TEST(StoreTest, APurgedJobIsGoneWithAllItsParts) {
  const auto job = FullRecord();
  const auto other = FullRecord();
  ASSERT_TRUE(CommitNow(this->store(), {Put(job), Put(other)}).ok());
  StoreChange erase;
  erase.erase = job->id;
  ASSERT_TRUE(CommitNow(this->store(), {erase}).ok());
  const Contents contents = this->AfterRestart();
  ASSERT_EQ(contents.jobs.size(), 1u);
  ExpectSame(*contents.jobs.at(other->id), *other);
}

TYPED_TEST(StoreTest, ARequestComesBackWithItsAnswer) {
  const auto job = FullRecord();
  StoreChange change = Put(job);
  change.request =
      RequestRecord{kBob, "7a0d3c1e-0000-4000-8000-000000000001", std::string(32, '\xfe'), job,
                    absl::FromUnixSeconds(2'000'000'000)};
  ASSERT_TRUE(CommitNow(this->store(), {change}).ok());
  const Contents contents = this->AfterRestart();
  ASSERT_EQ(contents.requests.size(), 1u);
  const RequestRecord& request = contents.requests.begin()->second;
  EXPECT_EQ(request.caller, kBob);
  EXPECT_EQ(request.request_id, change.request->request_id);
  EXPECT_EQ(request.fingerprint, change.request->fingerprint);
  EXPECT_EQ(request.expires, change.request->expires);
  EXPECT_EQ(request.answer->id, job->id);
  EXPECT_EQ(request.answer->revision, 77u);
  EXPECT_EQ(request.answer->error, job->error);
  EXPECT_EQ(request.answer->files->size(), 2u);
}

TYPED_TEST(StoreTest, OnlyRequestsThatHaveExpiredAreForgotten) {
  const auto job = NewJobRecord();
  for (int i = 1; i <= 3; ++i) {
    StoreChange change;
    change.request = RequestRecord{kAnn, "request-" + std::to_string(i), std::string(32, 'x'), job,
                                   absl::FromUnixSeconds(i)};
    ASSERT_TRUE(CommitNow(this->store(), {change}).ok());
  }
  StoreChange forget;
  forget.forget_requests = absl::FromUnixSeconds(2);
  ASSERT_TRUE(CommitNow(this->store(), {forget}).ok());
  const Contents contents = this->AfterRestart();
  ASSERT_EQ(contents.requests.size(), 1u);
  EXPECT_EQ(contents.requests.begin()->first, "request-3");
}

TYPED_TEST(StoreTest, SessionsComeBackUntilTheyAreErased) {
  const SessionRecord session{
      SessionId::Random(),        kAnn, true, absl::Hours(1), absl::FromUnixSeconds(10),
      absl::FromUnixSeconds(3610)};
  const SessionRecord other{
      SessionId::Random(),      kBob, false, absl::Seconds(30), absl::FromUnixSeconds(11),
      absl::FromUnixSeconds(41)};
  StoreChange put;
  put.put_session = session;
  StoreChange put_other;
  put_other.put_session = other;
  ASSERT_TRUE(CommitNow(this->store(), {put, put_other}).ok());
  EXPECT_EQ(this->AfterRestart().sessions.at(session.id), session);
  StoreChange erase;
  erase.erase_session = session.id;
  ASSERT_TRUE(CommitNow(this->store(), {erase}).ok());
  const Contents contents = this->AfterRestart();
  EXPECT_EQ(contents.sessions.size(), 1u);
  EXPECT_EQ(contents.sessions.at(other.id), other);
}

TYPED_TEST(StoreTest, ManyCommitsAtOnceAreAllAnsweredAndAllThere) {
  constexpr size_t kThreads = 4;
  constexpr size_t kEach = 200;
  std::latch answered(kThreads * kEach);
  std::vector<std::jthread> threads;
  for (size_t i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (size_t k = 0; k < kEach; ++k) {
        this->store().Commit({Put(NewJobRecord(1))}, [&](const absl::Status& status) {
          EXPECT_TRUE(status.ok()) << status;
          answered.count_down();
        });
      }
    });
  }
  answered.wait();
  EXPECT_EQ(this->AfterRestart().jobs.size(), kThreads * kEach);
}

TYPED_TEST(StoreTest, AfterStopEverythingCommittedIsAnswered) {
  std::atomic<int> answers = 0;
  for (int i = 0; i < 100; ++i) {
    this->store().Commit({Put(NewJobRecord())}, [&](const absl::Status& status) {
      EXPECT_TRUE(status.ok()) << status;
      ++answers;
    });
  }
  this->store().Stop();
  EXPECT_EQ(answers, 100);
}

TEST(FaultStoreTest, AnInjectedFaultIsAnsweredAndNothingIsWritten) {
  DurableStore durable;
  FaultStore store(*durable);
  store.Fail(error::DiskFull("injected"));
  const auto job = NewJobRecord(1);
  EXPECT_EQ(DetailOf(CommitNow(store, {Put(job)})).hresult, Hresult::kDiskFull);
  store.Fail(absl::OkStatus());
  EXPECT_TRUE(CommitNow(store, {Put(NewJobRecord(1))}).ok());
  Contents contents;
  ASSERT_TRUE(durable.Open().ok());
  ASSERT_TRUE(durable->Load(contents.Visitor()).ok());
  EXPECT_EQ(contents.jobs.size(), 1u);
  EXPECT_FALSE(contents.jobs.contains(job->id));
}

}  // namespace
}  // namespace bitsd
