// Once a call that withdraws an identity has returned, nothing is done as that identity: by the
// audit log's times, and by what the kernel says of its worker and of its folder.

#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <future>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "tests/testing/bitsd/bitsd_fixture.h"

namespace bitsd::tests {
namespace {

using testing::SizeIs;

constexpr uint32_t kLocalFile = 1;

/// How often processes of `uid` were given a CPU and went to sleep again. A worker that is asked
/// for nothing does neither.
uint64_t SwitchesOf(uid_t uid) {
  uint64_t switches = 0;
  std::error_code gone;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", gone)) {
    std::ifstream status(entry.path() / "status");
    uid_t real = static_cast<uid_t>(-1);
    uint64_t own = 0;
    for (std::string line; std::getline(status, line);) {
      std::istringstream words(line);
      std::string key;
      uint64_t value = 0;
      words >> key >> value;
      if (key == "Uid:") real = static_cast<uid_t>(value);
      if (key.find("voluntary_ctxt_switches:") != std::string::npos) own += value;
    }
    if (real == uid) switches += own;
  }
  return switches;
}

/// Counts files that are made, renamed or removed in a folder.
class FolderWatch {
 public:
  explicit FolderWatch(const std::string& folder) : fd_(inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {
    EXPECT_GE(inotify_add_watch(fd_, folder.c_str(), IN_CREATE | IN_DELETE | IN_MOVE | IN_OPEN), 0);
  }
  ~FolderWatch() { close(fd_); }
  FolderWatch(const FolderWatch&) = delete;
  FolderWatch& operator=(const FolderWatch&) = delete;

  /// Events since the last time.
  size_t Read() const {
    alignas(inotify_event) std::array<char, size_t{64} << 10> buffer;
    size_t events = 0;
    for (ssize_t got = 0; (got = read(fd_, buffer.data(), buffer.size())) > 0;) {
      for (ssize_t at = 0; at < got; ++events) {
        const auto* event =
            reinterpret_cast<const inotify_event*>(&buffer[static_cast<size_t>(at)]);
        at += static_cast<ssize_t>(sizeof(inotify_event) + event->len);
      }
    }
    return events;
  }

 private:
  const int fd_;
};

class WithdrawalTest : public BitsdTest {
 protected:
  void SetUp() override {
    BitsdTest::SetUp();
    if (IsSkipped()) return;
    fetcher_ = As("fetcher");
    alice_ = As("alice");
    job_ = CreateJob(*fetcher_);
    handle_ = HandleFor(*fetcher_, job_, "alice");
    ASSERT_TRUE(fetcher_->SetHelperTokenFlags(*handle_, kLocalFile).ok());
    ASSERT_TRUE(alice_->SetHelperToken(*handle_, Demo("alice").sid).ok());
  }

  /// Events of what was done as alice after `returned`.
  std::vector<nlohmann::json> DoneAfter(absl::Time returned) {
    std::vector<nlohmann::json> late;
    for (const auto& event : bitsd().Audit()) {
      absl::Time time;
      std::string error;
      const bool acts = event.value("acting_sid", "") == Demo("alice").sid;
      EXPECT_TRUE(absl::ParseTime(absl::RFC3339_full, event.value("time", ""), &time, &error));
      if (acts && time > returned) late.push_back(event);
    }
    return late;
  }

  std::optional<bits::Client> fetcher_;
  std::optional<bits::Client> alice_;
  std::optional<bits::Handle> handle_;
  std::string job_;
};

TEST_F(WithdrawalTest, NoFolderIsLookedAtAsTheHelperOnceClearHelperTokenHasReturned) {
  constexpr int kFolders = 150;
  const std::string top = FolderOf("alice");
  bits::v1::AddFileSetRequest request;
  request.set_job_id(job_);
  for (int i = 0; i < kFolders; ++i) {
    const std::string folder = absl::StrCat(top, "/", i);
    std::filesystem::create_directory(folder);
    ASSERT_EQ(chown(folder.c_str(), Demo("alice").uid, Demo("alice").uid), 0);
    auto* file = request.add_files();
    file->set_remote_name(web().Url("file"));
    file->set_local_name(folder + "/file");
  }
  const uint64_t before = SwitchesOf(Demo("alice").uid);
  std::vector<std::future<absl::Status>> calls;
  for (int i = 0; i < 12; ++i) {
    calls.push_back(
        std::async(std::launch::async, [&] { return fetcher_->AddFileSet(request).status(); }));
  }
  EXPECT_TRUE(WaitFor([&] { return SwitchesOf(Demo("alice").uid) > before + 20; }));
  EXPECT_TRUE(alice_->ClearHelperToken(*handle_).ok());
  const absl::Time returned = absl::Now();
  const uint64_t then = SwitchesOf(Demo("alice").uid);
  for (auto& call : calls) call.wait();
  // It may just be going to sleep after its last answer.
  EXPECT_LE(SwitchesOf(Demo("alice").uid), then + 4);
  EXPECT_THAT(DoneAfter(returned), SizeIs(0));
}

TEST_F(WithdrawalTest, NoFileIsRemovedAsTheHelperOnceHerLogoffHasReturned) {
  constexpr int kFiles = 200;
  web().PutRandom("file", 100);
  const std::string folder = FolderOf("alice");
  bits::v1::AddFileSetRequest request;
  request.set_job_id(job_);
  for (int i = 0; i < kFiles; ++i) {
    auto* file = request.add_files();
    file->set_remote_name(web().Url("file"));
    file->set_local_name(absl::StrCat(folder, "/", i));
  }
  ASSERT_TRUE(fetcher_->AddFileSet(request).ok());
  ASSERT_TRUE(fetcher_->Resume(job_).ok());
  WaitForState(*fetcher_, job_, bits::v1::JOB_STATE_TRANSFERRED);
  const FolderWatch watch(folder);
  auto cancelled = std::async(std::launch::async, [&] { return fetcher_->Cancel(job_).status(); });
  EXPECT_TRUE(WaitFor([&] { return watch.Read() > 0; }));
  EXPECT_TRUE(alice_->Logoff("").ok());
  const absl::Time returned = absl::Now();
  watch.Read();
  EXPECT_TRUE(cancelled.get().ok());
  EXPECT_EQ(watch.Read(), 0u) << "the owner may remove nothing here";
  EXPECT_THAT(DoneAfter(returned), SizeIs(0));
}

TEST_F(WithdrawalTest, NoFileIsPutInPlaceAsTheHelperOnceClearHelperTokenHasReturned) {
  constexpr int kFiles = 200;
  web().PutRandom("file", 100);
  const std::string folder = FolderOf("alice");
  bits::v1::AddFileSetRequest request;
  request.set_job_id(job_);
  for (int i = 0; i < kFiles; ++i) {
    auto* file = request.add_files();
    file->set_remote_name(web().Url("file"));
    file->set_local_name(absl::StrCat(folder, "/", i));
  }
  ASSERT_TRUE(fetcher_->AddFileSet(request).ok());
  ASSERT_TRUE(fetcher_->Resume(job_).ok());
  WaitForState(*fetcher_, job_, bits::v1::JOB_STATE_TRANSFERRED);
  const FolderWatch watch(folder);
  auto completed =
      std::async(std::launch::async, [&] { return fetcher_->Complete(job_).status(); });
  EXPECT_TRUE(WaitFor([&] { return watch.Read() > 0; }));
  const absl::Status cleared = alice_->ClearHelperToken(*handle_);
  const absl::Time returned = absl::Now();
  watch.Read();
  const absl::Status status = completed.get();
  EXPECT_EQ(watch.Read(), 0u);
  EXPECT_THAT(DoneAfter(returned), SizeIs(0));
  // What is in place is marked, and nothing else is.
  const auto files = fetcher_->ListAllFiles(job_);
  ASSERT_TRUE(files.ok());
  size_t in_place = 0;
  for (const auto& file : *files) {
    const bool there = std::filesystem::exists(file.local_name());
    EXPECT_EQ(file.completed(), there) << file.local_name();
    in_place += there ? 1 : 0;
  }
  EXPECT_EQ(status.ok(), in_place == kFiles) << status << " with " << in_place << " in place";
  // Both are OK when the token is cleared between the last file and the end of the job.
  EXPECT_TRUE(cleared.ok() || status.ok()) << cleared;
}

}  // namespace
}  // namespace bitsd::tests
