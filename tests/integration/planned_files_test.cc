// Temporary files are created ahead, many at once, and never before the store has their names.

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <future>
#include <set>

#include "server/error/errors.h"
#include "tests/integration/transfer_fixture.h"

namespace bitsd::tests {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

/// Plays a store that may refuse, and remembers the names it has.
class PlanRecorder : public Recorder {
 public:
  using Recorder::Recorder;

  void OnFiles(std::vector<FileNews> news, std::function<void(bool)> recorded) override {
    const bool refuses = recorded != nullptr && refusals > 0;
    if (refuses) --refusals;
    if (!refuses) Keep(news);
    Recorder::OnFiles(std::move(news), nullptr);
    if (recorded != nullptr) recorded(!refuses);
  }
  bool Has(const std::string& path) const {
    std::lock_guard lock(names_mutex_);
    return names_.count(path) == 1;
  }

  std::atomic<int> refusals{0};
  std::atomic<int> batches{0};

 private:
  void Keep(const std::vector<FileNews>& news) {
    std::lock_guard lock(names_mutex_);
    ++batches;
    for (const FileNews& file : news) names_.insert(file.progress.temporary->path);
  }

  mutable std::mutex names_mutex_;
  std::set<std::string> names_;
};

class PlannedFilesTest : public TransferTest {
 protected:
  std::vector<FileRecord> SmallFiles(int count) const {
    std::vector<FileRecord> files;
    for (int i = 0; i < count; ++i) files.push_back(File("/plain/100/s", std::to_string(i)));
    return files;
  }

  /// Runs a download whose every creation is checked against what the store has.
  std::shared_ptr<PlanRecorder> RunPlanned(const std::vector<FileRecord>& files, int refusals = 0) {
    const auto recorder = std::make_shared<PlanRecorder>(files);
    recorder->refusals = refusals;
    broker_.before = [recorder](const std::string& operation, const std::string& path) {
      EXPECT_TRUE(operation != "create" || recorder->Has(path)) << path;
      return absl::OkStatus();
    };
    Running running{recorder, std::make_shared<LiveProgress>(), nullptr};
    running.activity = service_->StartDownload({JobId::Random(),
                                                who_.sid,
                                                std::make_shared<const FileRecords>(files),
                                                who_,
                                                "owner/owner",
                                                running.live,
                                                {}},
                                               recorder);
    EXPECT_TRUE(recorder->WaitForEnd());
    EXPECT_TRUE(running.Stop());
    broker_.before = nullptr;
    return recorder;
  }

  void ExpectWhole(const std::vector<FileRecord>& files) const {
    for (const FileRecord& file : files) {
      EXPECT_TRUE(file.progress.transferred);
      EXPECT_TRUE(file.progress.temporary->id.known());
      EXPECT_TRUE(TemporaryContent(file) == OddServer::Content(100)) << file.local_name;
    }
  }

  /// A record of a creation that was planned before bitsd was killed.
  FileRecord Planned(const std::string& name) const {
    FileRecord file = File("/plain/100/s", name);
    file.progress.temporary =
        TemporaryFile{folder_.File(".BIT0123456789abcdef.tmp"), who_.sid, FileId{}};
    return file;
  }
};

TEST_F(PlannedFilesTest, EveryNameIsInTheStoreBeforeItsFileIsCreated) {
  const auto recorder = RunPlanned(SmallFiles(150));
  EXPECT_TRUE(recorder->done());
  ExpectWhole(recorder->files());
  EXPECT_LT(recorder->batches, 150) << "files are recorded together";
}

TEST_F(PlannedFilesTest, AStoreThatRefusesAPlanIsAskedAgain) {
  const auto recorder = RunPlanned(SmallFiles(5), 1);
  EXPECT_TRUE(recorder->done());
  EXPECT_EQ(recorder->refusals, 0);
  ExpectWhole(recorder->files());
}

TEST_F(PlannedFilesTest, FilesOfManyFoldersComeInOrder) {
  std::vector<FileRecord> files;
  for (const char* folder : {"x", "y"}) folder_.MakeFolder(folder, getuid(), getgid());
  for (int i = 0; i < 60; ++i) {
    const std::string folder = i % 5 == 0 ? "x/" : "y/";
    files.push_back(File("/plain/100/order" + std::to_string(i), folder + std::to_string(i)));
  }
  const auto recorder = RunPlanned(files);
  EXPECT_TRUE(recorder->done());
  ExpectWhole(recorder->files());
  for (const FileRecord& file : recorder->files()) {
    const std::string folder = file.local_name.substr(0, file.local_name.rfind('/') + 1);
    EXPECT_TRUE(file.progress.temporary->path.starts_with(folder));
  }
}

TEST_F(PlannedFilesTest, WhatAKillLeftUnderAPlannedNameIsReplaced) {
  const FileRecord planned = Planned("killed");
  WriteFile(planned.progress.temporary->path, "half of something");
  ASSERT_EQ(chmod(planned.progress.temporary->path.c_str(), 0600), 0);
  const auto recorder = Run({planned});
  EXPECT_TRUE(recorder->done());
  ExpectWhole(recorder->files());
  EXPECT_EQ(recorder->files()[0].progress.temporary->path, planned.progress.temporary->path);
  EXPECT_THAT(recorder->abandoned(), IsEmpty());
}

TEST_F(PlannedFilesTest, APlannedNameThatIsAnothersIsAbandoned) {
  const FileRecord planned = Planned("taken");
  folder_.MakeFolder(".BIT0123456789abcdef.tmp", getuid(), getgid());
  const auto recorder = RunPlanned({planned});
  EXPECT_TRUE(recorder->done());
  ExpectWhole(recorder->files());
  EXPECT_THAT(recorder->abandoned(), ElementsAre(*planned.progress.temporary));
}

TEST_F(PlannedFilesTest, FilesMadeAheadAreAbandonedWhenAnotherIdentityGoesOn) {
  std::vector<FileRecord> files = SmallFiles(20);
  files.push_back(File("/slow/3000000/wait", "slow"));
  for (FileRecord& more : SmallFiles(5)) {
    more.local_name += "-after";
    files.push_back(more);
  }
  Running running = Start(files);
  ASSERT_TRUE(running.recorder->WaitForSynced(2000));
  ASSERT_TRUE(running.Stop());
  size_t made = 0;
  for (FileRecord& file : files = running.recorder->files()) {
    const bool left = file.progress.temporary && !file.progress.transferred;
    made += left ? 1 : 0;
    if (left) file.remote_name = File("/plain/100/s", "x").remote_name;
  }
  EXPECT_GT(made, 0u);
  broker_.before = [](const std::string& operation, const std::string&) {
    return operation == "reopen" ? error::AccessDenied(Rule::kNotPermitted, "another's")
                                 : absl::OkStatus();
  };
  const auto recorder = Run(files);
  EXPECT_TRUE(recorder->done());
  ExpectWhole(recorder->files());
  EXPECT_LE(recorder->abandoned().size(), made);
  EXPECT_FALSE(recorder->abandoned().empty());
}

TEST_F(PlannedFilesTest, CleanupRemovesAFileThatWasPlannedAndCreatedAndMissesNoOtherOne) {
  const TemporaryFile created = *Planned("created").progress.temporary;
  WriteFile(created.path, "left");
  TemporaryFile never = created;
  never.path = folder_.File(".BITfedcba9876543210.tmp");
  std::promise<std::vector<TemporaryFile>> left;
  service_->StartCleanup({JobId::Random(), who_.sid, {created, never}, {who_}},
                         [&](std::vector<TemporaryFile> rest) { left.set_value(std::move(rest)); });
  EXPECT_THAT(left.get_future().get(), IsEmpty());
  EXPECT_EQ(access(created.path.c_str(), F_OK), -1);
}

}  // namespace
}  // namespace bitsd::tests
