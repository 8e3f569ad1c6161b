#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/ops/audit_budget.h"
#include "server/ops/file_audit_log.h"
#include "tests/testing/fakes/manual_clock.h"
#include "tests/testing/fakes/memory_audit.h"
#include "tests/testing/temp_folder.h"
#include "tests/testing/wait.h"

namespace bitsd {
namespace {

using ::testing::HasSubstr;

class FixedClock : public Clock {
 public:
  absl::Time Now() const override { return absl::FromUnixMicros(1'800'000'000'000'042); }
};

class AuditTest : public ::testing::Test {
 protected:
  std::unique_ptr<FileAuditLog> Open(size_t bytes = FileAuditLog::kDefaultQueueBytes) const {
    auto log = FileAuditLog::Open(path_, clock_, bytes);
    EXPECT_TRUE(log.ok()) << log.status();
    return *std::move(log);
  }

  std::vector<nlohmann::json> Lines() const {
    std::vector<nlohmann::json> lines;
    std::istringstream input(tests::ReadFile(path_));
    for (std::string line; std::getline(input, line);) {
      lines.push_back(nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false));
    }
    return lines;
  }

  const tests::TempFolder folder_;
  const std::string path_ = folder_.File("audit.jsonl");
  const FixedClock clock_{};
};

/// Lets files of this process grow to `bytes` only, as a full disk would.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    getrlimit(RLIMIT_FSIZE, &old_);
    handler_ = std::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{bytes, old_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    setrlimit(RLIMIT_FSIZE, &old_);
    std::signal(SIGXFSZ, handler_);
  }

 private:
  rlimit old_;
  void (*handler_)(int);
};

TEST_F(AuditTest, ALineBeginsWithTimeAndEventAndKeepsTheOrderOfItsFields) {
  Open()->Write({"temporary_created", {{"sid", "S-1-5-21-1"}, {"path", "/x"}, {"a", "b"}}});
  EXPECT_EQ(tests::ReadFile(path_),
            "{\"time\":\"2027-01-15T08:00:00.000042Z\",\"event\":\"temporary_created\","
            "\"sid\":\"S-1-5-21-1\",\"path\":\"/x\",\"a\":\"b\"}\n");
}

TEST_F(AuditTest, ValuesCannotForgeALineOrAField) {
  Open()->Write({"e", {{"name", "x\"}\n{\"event\":\"forged\"}"}, {"event", "f"}, {"time", "t"}}});
  const auto lines = Lines();
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0]["event"], "e");
  EXPECT_EQ(lines[0]["name"], "x\"}\n{\"event\":\"forged\"}");
}

TEST_F(AuditTest, BytesThatAreNoUtf8AreReplaced) {
  Open()->Write({"e", {{"path", std::string("a\xFF\0b", 4)}}});
  const auto lines = Lines();
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0]["path"], std::string("a\xEF\xBF\xBD\0b", 6));
}

TEST_F(AuditTest, TheFileIsAppendedToAndNotForOthers) {
  Open()->Write({"first", {}});
  Open()->Write({"second", {}});
  EXPECT_EQ(Lines().size(), 2u);
  struct stat info;
  ASSERT_EQ(stat(path_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0137, 0u);
}

TEST_F(AuditTest, WhatIsNoRegularFileIsRefused) {
  EXPECT_FALSE(FileAuditLog::Open(folder_.path(), clock_).ok());
  EXPECT_FALSE(FileAuditLog::Open("/dev/null", clock_).ok());
  EXPECT_FALSE(FileAuditLog::Open(folder_.File("missing/audit"), clock_).ok());
  const std::string fifo = folder_.File("fifo");
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  EXPECT_FALSE(FileAuditLog::Open(fifo, clock_).ok());
}

TEST_F(AuditTest, EveryLineOfManyThreadsIsThereOnce) {
  constexpr int kThreads = 4;
  constexpr int kLines = 500;
  {
    const auto log = Open();
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&log, t] {
        for (int i = 0; i < kLines; ++i) {
          log->Write({"e", {{"id", std::to_string(t) + "/" + std::to_string(i)}}});
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(log->dropped(), 0u);
  }
  std::set<std::string> ids;
  for (const auto& line : Lines()) ids.insert(line["id"].get<std::string>());
  EXPECT_EQ(ids.size(), size_t{kThreads} * kLines);
  EXPECT_EQ(Lines().size(), ids.size());
}

TEST_F(AuditTest, WhatDoesNotFitTheQueueIsDroppedCountedAndTold) {
  {
    const auto log = Open(/*bytes=*/1000);
    log->Write({"large", {{"x", std::string(2000, 'x')}}});
    log->Write({"large", {{"x", std::string(2000, 'x')}}});
    EXPECT_EQ(log->dropped(), 2u);
    log->Write({"small", {}});
  }
  const auto lines = Lines();
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0]["event"], "audit_dropped");
  EXPECT_EQ(lines[0]["count"], "2");
  EXPECT_EQ(lines[1]["event"], "small");
}

TEST_F(AuditTest, DropsAreToldEvenWhenNothingFollows) {
  Open(/*bytes=*/10)->Write({"large", {}});
  const auto lines = Lines();
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0]["count"], "1");
}

TEST_F(AuditTest, AFullDiskTearsAtMostOneLineAndIsToldWhenTheLogGoesOn) {
  uint64_t dropped = 0;
  {
    const auto log = Open();
    {
      const FileSizeLimit limit(1000);
      while (log->dropped() == 0) {
        log->Write({"filler", {{"x", std::string(100, 'x')}}});
        std::this_thread::yield();
      }
    }
    log->Write({"after", {}});
    dropped = log->dropped();
  }
  uint64_t told = 0;
  int torn = 0;
  for (const auto& line : Lines()) {
    if (line.is_discarded()) {
      ++torn;
    } else if (line["event"] == "audit_dropped") {
      told += std::stoull(line["count"].get<std::string>());
    }
  }
  EXPECT_LE(torn, 1);
  EXPECT_GE(dropped, 1u);
  EXPECT_GE(told, dropped);
  EXPECT_THAT(tests::ReadFile(path_), HasSubstr("\"event\":\"after\"}\n"));
}

TEST_F(AuditTest, AfterARenameTheNextLineGoesToANewFile) {
  const auto log = Open();
  log->Write({"first", {}});
  ASSERT_TRUE(tests::WaitFor([&] { return Lines().size() == 1; }));
  const std::string rotated = folder_.File("audit.1");
  ASSERT_EQ(rename(path_.c_str(), rotated.c_str()), 0);
  log->Write({"second", {}});
  ASSERT_TRUE(tests::WaitFor([&] { return Lines().size() == 1; }));
  EXPECT_EQ(Lines()[0]["event"], "second");
  EXPECT_THAT(tests::ReadFile(rotated), HasSubstr("\"event\":\"first\"}\n"));
  struct stat info;
  ASSERT_EQ(stat(path_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0137, 0u);
}

TEST_F(AuditTest, ReopenMakesTheNewFileBeforeAnythingIsWritten) {
  const auto log = Open();
  ASSERT_EQ(rename(path_.c_str(), folder_.File("audit.1").c_str()), 0);
  log->Reopen();
  EXPECT_TRUE(tests::WaitFor([&] { return access(path_.c_str(), F_OK) == 0; }));
}

TEST_F(AuditTest, ARemovedFileIsMadeAgain) {
  const auto log = Open();
  ASSERT_EQ(unlink(path_.c_str()), 0);
  log->Write({"after", {}});
  EXPECT_TRUE(tests::WaitFor([&] { return Lines().size() == 1; }));
}

TEST_F(AuditTest, WhatIsNoRegularFileIsNotFollowedAndNoLineIsLost) {
  const std::string rotated = folder_.File("audit.1");
  const std::string elsewhere = folder_.File("elsewhere");
  {
    const auto log = Open();
    ASSERT_EQ(rename(path_.c_str(), rotated.c_str()), 0);
    ASSERT_EQ(symlink(elsewhere.c_str(), path_.c_str()), 0);
    log->Write({"kept", {}});
  }
  EXPECT_THAT(tests::ReadFile(rotated), HasSubstr("kept"));
  EXPECT_NE(access(elsewhere.c_str(), F_OK), 0);
}

AuditEvent Checked(const char* key, const std::string& sid, size_t bytes = 1000) {
  return {"directory_checked", {{"job", "j"}, {key, sid}, {"path", std::string(bytes, 'x')}}};
}

TEST(AuditBudgetTest, AFloodHidesOnlyItsOwn) {
  ManualClock clock;
  MemoryAudit log;
  AuditBudget budget(log, clock);
  for (int i = 0; i < 20'000; ++i) budget.Write(Checked("owner_sid", "S-1-5-21-1"));
  const size_t mallory = log.Count("directory_checked");
  EXPECT_LT(mallory * 1000, 9u << 20);
  EXPECT_GT(mallory * 1000, 7u << 20);
  for (int i = 0; i < 1000; ++i) budget.Write(Checked("owner_sid", "S-1-5-21-2"));
  EXPECT_EQ(log.Count("directory_checked"), mallory + 1000) << "another does not notice";
  budget.Write({"roots_removed", {}});
  EXPECT_EQ(log.Count("roots_removed"), 1u) << "nobody caused it";
}

TEST(AuditBudgetTest, WhatWasLeftOutIsToldInTheCallersNextLine) {
  ManualClock clock;
  MemoryAudit log;
  AuditBudget budget(log, clock);
  for (int i = 0; i < 20'000; ++i) budget.Write(Checked("owner_sid", "S-1-5-21-1"));
  const size_t left_out = 20'000 - log.Count("directory_checked");
  clock.Advance(absl::Seconds(1));
  budget.Write(Checked("owner_sid", "S-1-5-21-1"));
  EXPECT_EQ(log.Values("directory_checked", "left_out"),
            std::vector<std::string>{std::to_string(left_out)});
}

TEST(AuditBudgetTest, EventsBelongToWhoeverCausedThem) {
  ManualClock clock;
  MemoryAudit log;
  AuditBudget budget(log, clock);
  for (const char* key : {"owner_sid", "acting_sid", "caller_sid", "user_sid"}) {
    for (int i = 0; i < 20'000; ++i) budget.Write(Checked(key, key));
  }
  EXPECT_LT(log.Count("directory_checked") * 1000, 4 * (9u << 20));
  AuditEvent both = Checked("owner_sid", "S-1-5-21-7");
  both.fields.emplace_back("caller_sid", "owner_sid");
  const size_t before = log.Count("directory_checked");
  budget.Write(both);
  EXPECT_EQ(log.Count("directory_checked"), before) << "the caller's budget is used up";
}

TEST(AuditBudgetTest, WhatIsDoneAsAHelperIsNotHiddenByTheOwnersFlood) {
  ManualClock clock;
  MemoryAudit log;
  AuditBudget budget(log, clock);
  for (int i = 0; i < 20'000; ++i) budget.Write(Checked("owner_sid", "S-1-5-21-1"));
  const size_t before = log.Count("directory_checked");
  AuditEvent lent = Checked("owner_sid", "S-1-5-21-1");
  lent.fields.emplace_back("role", "helper");
  budget.Write(lent);
  EXPECT_EQ(log.Count("directory_checked"), before + 1);
}

TEST(AuditBudgetTest, AClockThatWasSetBackStillCounts) {
  ManualClock clock;
  MemoryAudit log;
  AuditBudget budget(log, clock);
  for (int i = 0; i < 20'000; ++i) budget.Write(Checked("owner_sid", "S-1-5-21-1"));
  const size_t before = log.Count("directory_checked");
  clock.Advance(-absl::Hours(1));
  budget.Write(Checked("owner_sid", "S-1-5-21-1"));
  clock.Advance(absl::Minutes(1));
  budget.Write(Checked("owner_sid", "S-1-5-21-1"));
  EXPECT_EQ(log.Count("directory_checked"), before + 1);
}

}  // namespace
}  // namespace bitsd
