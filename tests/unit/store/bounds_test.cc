// The same bounds on both sides of the store: what it takes it reads back, the rest it refuses.

#include <limits>

#include "server/model/record_bounds.h"
#include "tests/unit/store/store_fixture.h"

namespace bitsd {
namespace {

/// A path of exactly so many bytes.
std::string PathOf(size_t bytes) {
  std::string path;
  while (path.size() < bytes) path += path.size() % 200 == 0 ? '/' : 'p';
  if (path.back() == '/') path.back() = 'p';
  return path;
}

/// Every field as large as what sets it lets it be.
std::shared_ptr<JobRecord> LargestRecord() {
  auto job = FullRecord();
  job->display_name = std::string(4 * 256, 'n');
  job->description = std::string(4 * 1024, 'd');
  job->minimum_retry_delay = job->no_progress_timeout = absl::Hours(24 * 3653);
  job->creation = absl::InfinitePast();
  job->modification = absl::InfiniteFuture();
  job->error_count = std::numeric_limits<uint32_t>::max();
  job->revision = std::numeric_limits<uint64_t>::max();
  job->error->http_status = kMaxHttpStatus;
  job->error->hresult = static_cast<Hresult>(0xffffffff);
  job->error->message = std::string(kMaxErrorMessage, '\0');
  auto files = std::make_shared<FileRecords>(*job->files);
  FileRecord& file = files->Edit(1);
  file.remote_name = std::string(2200, 'u');
  file.local_name = PathOf(4095);
  file.progress.size = file.progress.synced = std::numeric_limits<uint64_t>::max();
  file.progress.version.tag = std::string(kMaxServerText, '\xff');
  file.progress.version.date = std::string(kMaxServerText, '\0');
  file.progress.version.content_type = std::string(kMaxServerText, '\x01');
  file.progress.version.content_encoding = std::string(kMaxServerText, '\x80');
  file.progress.doubts = std::numeric_limits<uint32_t>::max();
  file.progress.replaced_size = std::numeric_limits<uint64_t>::max();
  file.progress.final_url = std::string(kMaxServerText, '\r');
  file.progress.restarts = std::numeric_limits<uint32_t>::max();
  file.progress.temporary->path = PathOf(4095);
  job->files = std::move(files);
  job->abandoned.assign(kMaxAbandoned, {PathOf(4095), kBob, FileId{~uint64_t{0}, ~uint64_t{0}}});
  return job;
}

TEST(StoreBoundsTest, EveryFieldAtItsLargestIsReadBack) {
  DurableStore store;
  const auto job = LargestRecord();
  ASSERT_TRUE(CommitNow(*store, {Put(job)}).ok());
  ASSERT_TRUE(store.Open().ok());
  Contents contents;
  ASSERT_TRUE(store->Load(contents.Visitor()).ok());
  EXPECT_TRUE(contents.set_aside.empty());
  ASSERT_EQ(contents.jobs.size(), 1u);
  ExpectSame(*contents.jobs.at(job->id), *job);
}

struct Beyond {
  const char* column;
  void (*edit)(JobRecord& job);
};

void EditFile(JobRecord& job, const std::function<void(FileRecord&)>& edit) {
  auto files = std::make_shared<FileRecords>(*job.files);
  edit(files->Edit(1));
  job.files = std::move(files);
}

class BeyondTest : public testing::TestWithParam<Beyond> {};

TEST_P(BeyondTest, IsNotWrittenAndHarmsNothingElse) {
  DurableStore store;
  const auto before = FullRecord();
  ASSERT_TRUE(CommitNow(*store, {Put(before)}).ok());
  auto bad = std::make_shared<JobRecord>(*before);
  GetParam().edit(*bad);
  const absl::Status refused = CommitNow(*store, {Put(bad, before)});
  EXPECT_NE(std::string(refused.message()).find(GetParam().column), std::string::npos) << refused;
  ASSERT_TRUE(store.Open().ok());
  Contents contents;
  ASSERT_TRUE(store->Load(contents.Visitor()).ok());
  EXPECT_TRUE(contents.set_aside.empty());
  ExpectSame(*contents.jobs.at(before->id), *before);
}

INSTANTIATE_TEST_SUITE_P(
    Store, BeyondTest,
    testing::Values(
        Beyond{"error_http_status", [](JobRecord& job) { job.error->http_status = -99; }},
        Beyond{"error_http_status", [](JobRecord& job) { job.error->http_status = 1000; }},
        Beyond{"error_message",
               [](JobRecord& job) { job.error->message = std::string(kMaxStoredText + 1, 'x'); }},
        Beyond{"state", [](JobRecord& job) { job.state = static_cast<JobState>(99); }},
        Beyond{"priority", [](JobRecord& job) { job.priority = static_cast<JobPriority>(-1); }},
        Beyond{"display_name", [](JobRecord& job) { job.display_name = "\xff"; }},
        Beyond{"owner", [](JobRecord& job) { job.owner = Sid(); }},
        Beyond{"minimum_retry_delay",
               [](JobRecord& job) { job.minimum_retry_delay = -absl::Seconds(1); }},
        Beyond{"local_name",
               [](JobRecord& job) { EditFile(job, [](FileRecord& f) { f.local_name = "x"; }); }},
        Beyond{"temporary_path",
               [](JobRecord& job) {
                 EditFile(job, [](FileRecord& f) { f.progress.temporary->path = PathOf(4096); });
               }},
        Beyond{"remote_name",
               [](JobRecord& job) { EditFile(job, [](FileRecord& f) { f.remote_name = "a b"; }); }},
        Beyond{"temporary_creator", [](JobRecord& job) { job.abandoned[0].creator = Sid(); }}));

TEST(StoreBoundsTest, AChangeOfAJobThatIsNotThereIsWrittenWithAllItsFiles) {
  DurableStore store;
  const auto before = FullRecord();
  auto after = std::make_shared<JobRecord>(*before);
  after->display_name = "another";
  ASSERT_TRUE(CommitNow(*store, {Put(after, before)}).ok());
  ASSERT_TRUE(store.Open().ok());
  Contents contents;
  ASSERT_TRUE(store->Load(contents.Visitor()).ok());
  EXPECT_TRUE(contents.set_aside.empty());
  ExpectSame(*contents.jobs.at(before->id), *after);
}

TEST(StoreBoundsTest, AbandonedFilesGrowChangeAndGo) {
  DurableStore store;
  std::shared_ptr<JobRecord> before = FullRecord();
  ASSERT_TRUE(CommitNow(*store, {Put(before)}).ok());
  for (const size_t count : {5u, 5u, 1u, 0u, 3u}) {
    auto after = std::make_shared<JobRecord>(*before);
    after->abandoned.clear();
    for (size_t i = 0; i < count; ++i) {
      after->abandoned.push_back(
          {"/d/.BIT" + std::to_string(i), kAnn, FileId{before->revision, i}});
    }
    after->revision = before->revision + 1;
    ASSERT_TRUE(CommitNow(*store, {Put(after, before)}).ok());
    ASSERT_TRUE(store.Open().ok());
    Contents contents;
    ASSERT_TRUE(store->Load(contents.Visitor()).ok());
    ExpectSame(*contents.jobs.at(before->id), *after);
    before = after;
  }
}

TEST(StoreBoundsTest, ANumberOfFilesInAnAnswerMakesNoMemory) {
  const FileRecords many(100'000);
  EXPECT_EQ(many.size(), 100'000u);
  EXPECT_EQ(&many[0], &many[32]) << "empty blocks are shared";
}

}  // namespace
}  // namespace bitsd
