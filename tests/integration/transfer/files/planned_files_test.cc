// Temporary files are created ahead, many at once, and never before the store has their names.

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <future>
#include <set>

#include "server/error/errors.h"
#include "tests/integration/transfer/transfer_fixture.h"

namespace bitsd::tests {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::IsSupersetOf;
using ::testing::SizeIs;

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
                                                {"owner/owner", nullptr, {}},
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
      EXPECT_TRUE(TemporaryContent(file) == MisbehavingServer::Content(100)) << file.local_name;
    }
  }

  /// A record of a creation that was planned before bitsd was killed.
  FileRecord Planned(const std::string& name,
                     const std::string& temporary = ".BIT0123456789abcdef.tmp") const {
    FileRecord file = File("/plain/100/s", name);
    file.progress.temporary = TemporaryFile{folder_.File(temporary), who_.sid, FileId{}};
    return file;
  }

  /// Six files that were planned together, three of which had been created when bitsd was killed.
  std::vector<FileRecord> KilledInMidBatch() const {
    std::vector<FileRecord> files;
    for (int i = 0; i < 6; ++i) {
      const std::string number = std::to_string(i);
      files.push_back(Planned("killed" + number, ".BIT000000000000000" + number + ".tmp"));
      if (i >= 3) continue;
      WriteFile(files.back().progress.temporary->path, "");
      EXPECT_EQ(chmod(files.back().progress.temporary->path.c_str(), 0600), 0);
    }
    return files;
  }

  /// What a folder answers whose rights were withdrawn.
  static absl::Status Closed() { return error::AccessDenied(Rule::kNotPermitted, "closed"); }

  static void ExpectNotPermitted(const Recorder& recorder) {
    ASSERT_TRUE(recorder.failure().has_value());
    EXPECT_EQ(recorder.failure()->error.rule, "not_permitted");
    EXPECT_FALSE(recorder.failure()->transient);
  }

  std::vector<std::string> TemporaryFilesThere() const {
    std::vector<std::string> found;
    for (const auto& entry : std::filesystem::directory_iterator(folder_.path())) {
      const std::string name = entry.path().filename().string();
      if (name.starts_with(".BIT")) found.push_back(entry.path().string());
    }
    return found;
  }

  /// What the job lists as not removed when it ends after this download.
  std::vector<std::string> LeftByCleanup(const Recorder& recorder) {
    std::vector<TemporaryFile> files = recorder.abandoned();
    for (const FileRecord& file : recorder.files()) {
      if (file.progress.temporary) files.push_back(*file.progress.temporary);
    }
    std::promise<std::vector<TemporaryFile>> left;
    const auto cleanup =
        service_->StartCleanup({JobId::Random(), who_.sid, files, {who_}},
                               [&](std::vector<TemporaryFile> rest, std::vector<TemporaryFile>) {
                                 left.set_value(std::move(rest));
                               });
    std::vector<std::string> paths;
    for (const TemporaryFile& file : left.get_future().get()) paths.push_back(file.path);
    return paths;
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
    const bool denied = operation == "reopen" || operation == "remove";
    return denied ? error::AccessDenied(Rule::kNotPermitted, "another's") : absl::OkStatus();
  };
  const auto recorder = Run(files);
  EXPECT_TRUE(recorder->done());
  ExpectWhole(recorder->files());
  EXPECT_LE(recorder->abandoned().size(), made);
  EXPECT_FALSE(recorder->abandoned().empty());
}

TEST_F(PlannedFilesTest, AFileThatIsLostButCanBeRemovedIsNotRemembered) {
  const FileRecord first = Run({File("/early/100000/lost", "lost")})->files()[0];
  ASSERT_TRUE(first.progress.temporary);
  broker_.before = [](const std::string& operation, const std::string&) {
    return operation == "reopen" ? error::AccessDenied(Rule::kNotPermitted, "another's")
                                 : absl::OkStatus();
  };
  const auto recorder = Run({first});
  EXPECT_TRUE(recorder->done());
  EXPECT_THAT(recorder->abandoned(), IsEmpty());
  EXPECT_FALSE(std::filesystem::exists(first.progress.temporary->path));
}

TEST_F(PlannedFilesTest, WhatWasCreatedBeforeAFolderClosedInMidBatchIsRecorded) {
  std::atomic<int> created = 0;
  broker_.before = [&](const std::string& operation, const std::string&) {
    const bool closed = created >= 5 || (operation == "create" && ++created > 5);
    return closed ? Closed() : absl::OkStatus();
  };
  const auto recorder = Run(SmallFiles(40));
  ExpectNotPermitted(*recorder);
  EXPECT_THAT(LeftByCleanup(*recorder), IsSupersetOf(TemporaryFilesThere()));
  EXPECT_THAT(TemporaryFilesThere(), SizeIs(5));
}

TEST_F(PlannedFilesTest, WhatAKillLeftInMidBatchIsNamedWhenItsFolderIsClosed) {
  const std::vector<FileRecord> planned = KilledInMidBatch();
  broker_.before = [](const std::string&, const std::string&) { return Closed(); };
  const auto recorder = Run(planned);
  ExpectNotPermitted(*recorder);
  EXPECT_THAT(LeftByCleanup(*recorder), IsSupersetOf(TemporaryFilesThere()));
  EXPECT_THAT(TemporaryFilesThere(), SizeIs(3));
}

TEST_F(PlannedFilesTest, HoweverOftenAJobIsResumedInAClosedFolderNothingIsGivenUp) {
  std::vector<FileRecord> files = KilledInMidBatch();
  broker_.before = [](const std::string&, const std::string&) { return Closed(); };
  for (int i = 0; i < 3; ++i) {
    const auto refused = Run(files);
    ExpectNotPermitted(*refused);
    EXPECT_THAT(refused->abandoned(), IsEmpty());
    files = refused->files();
  }
  broker_.before = nullptr;
  const auto recorder = Run(files);
  EXPECT_TRUE(recorder->done());
  ExpectWhole(recorder->files());
  EXPECT_THAT(recorder->abandoned(), IsEmpty());
  EXPECT_THAT(TemporaryFilesThere(), SizeIs(6)) << "each file's own, and no other";
}

TEST_F(PlannedFilesTest, CleanupRemovesAFileThatWasPlannedAndCreatedAndMissesNoOtherOne) {
  const TemporaryFile created = *Planned("created").progress.temporary;
  WriteFile(created.path, "left");
  TemporaryFile never = created;
  never.path = folder_.File(".BITfedcba9876543210.tmp");
  std::promise<std::vector<TemporaryFile>> left;
  const auto cleanup =
      service_->StartCleanup({JobId::Random(), who_.sid, {created, never}, {who_}},
                             [&](std::vector<TemporaryFile> rest, std::vector<TemporaryFile>) {
                               left.set_value(std::move(rest));
                             });
  EXPECT_THAT(left.get_future().get(), IsEmpty());
  EXPECT_EQ(access(created.path.c_str(), F_OK), -1);
}

}  // namespace
}  // namespace bitsd::tests
