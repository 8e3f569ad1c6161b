// What bitsctl prints: harmless text, widths, tables, units, jobs, bars and rates.

#include <string>
#include <vector>

#include "client/cli/exit_code.h"
#include "client/cli/format.h"
#include "client/cli/job_ref.h"
#include "client/cli/live/progress.h"
#include "client/cli/live/rate.h"
#include "client/cli/output/json.h"
#include "client/cli/output/table.h"
#include "client/cli/output/text.h"
#include "client/cli/output/units.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace bits::cli {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr char kHostile[] = "a\x1b]0;owned\x07\x1b[2J\nb\xC2\x9B\xE2\x80\xAE\xFF";

// ---- text ----

TEST(TextTest, NothingOfOthersDrivesTheTerminal) {
  EXPECT_EQ(Printable("a\x1b[2Jb\n\x7f"), "a?[2Jb??");
  EXPECT_EQ(Printable("\xC2\x9B"
                      "2J \xC3\xA9"),
            "?2J \xC3\xA9");
  EXPECT_EQ(Printable("x\xE2\x80\xAEy\xE2\x80\x8Bz"), "x?y?z") << "bidirectional, zero width";
  EXPECT_EQ(Printable("\xF3\xA0\x81\x81"), "?") << "tag characters";
  EXPECT_EQ(PrintableLines("one\ntwo\r"), "one\ntwo?");
}

TEST(TextTest, WhatIsNotUtf8IsReplacedByteForByte) {
  EXPECT_EQ(Printable("\xFF\xC0\x80"), "???");
  EXPECT_EQ(Printable("\xED\xA0\x80"), "???") << "a surrogate";
  EXPECT_EQ(Printable("\xE2\x82"), "??") << "cut off";
  EXPECT_EQ(Printable("\xF4\x90\x80\x80"), "????") << "beyond Unicode";
}

TEST(TextTest, Utf8IsTold) {
  for (const char* text : {"", "a", "\xC3\xA9", "\xF4\x8F\xBF\xBF"})
    EXPECT_TRUE(IsUtf8(text)) << text;
  for (const char* text : {"\xFF", "a\xE9", "\xC0\x80", "\xED\xA0\x80", "\xE2\x82"}) {
    EXPECT_FALSE(IsUtf8(text)) << text;
  }
}

TEST(TextTest, WidthsAreThoseOfATerminal) {
  EXPECT_EQ(DisplayWidth("abc"), 3u);
  EXPECT_EQ(DisplayWidth("\xC3\xA9"), 1u);
  EXPECT_EQ(DisplayWidth("\xE6\xBC\xA2\xE5\xAD\x97"), 4u) << "wide characters";
  EXPECT_EQ(DisplayWidth("e\xCC\x81"), 1u) << "a combining accent";
}

TEST(TextTest, CuttingNeverTearsACharacter) {
  EXPECT_EQ(Cut("abcdef", 6), "abcdef");
  EXPECT_EQ(Cut("abcdef", 4), "abc\xE2\x80\xA6");
  EXPECT_EQ(Cut("\xE6\xBC\xA2\xE5\xAD\x97\xE6\xBC\xA2", 4), "\xE6\xBC\xA2\xE2\x80\xA6");
  EXPECT_EQ(Cut("abc", 1), "\xE2\x80\xA6");
  EXPECT_EQ(Cut("abc", 0), "");
  for (size_t width = 0; width < 8; ++width) {
    EXPECT_LE(DisplayWidth(Cut("\xE6\xBC\xA2"
                               "a\xE5\xAD\x97"
                               "bcd",
                               width)),
              width);
  }
}

// ---- tables ----

const std::vector<Column> kColumns{{.title = "ID", .cut_to = 3, .cut_last = true},
                                   {.title = "NAME", .cut_to = 4},
                                   {.title = "SIZE", .right = true}};

TEST(TableTest, ColumnsAreAlignedByWhatTheReaderSees) {
  EXPECT_EQ(RenderTable(kColumns, {{"1", "\xE6\xBC\xA2", "10"}, {"22", "ab\x1b", "5"}}, {}),
            "ID  NAME  SIZE\n"
            "1   \xE6\xBC\xA2      10\n"
            "22  ab?      5\n");
}

TEST(TableTest, ATableFitsItsWidthAndCutsTheIdLast) {
  const std::vector<Row> rows{{"0123456789", "a long name of a job", "1"}};
  const std::string wide = RenderTable(kColumns, rows, {.width = 24});
  EXPECT_THAT(wide, HasSubstr("0123456789  a lon\xE2\x80\xA6"));
  const std::string narrow = RenderTable(kColumns, rows, {.width = 18});
  EXPECT_THAT(narrow, HasSubstr("01234\xE2\x80\xA6  a l\xE2\x80\xA6  "));
  for (const std::string& text : {wide, narrow}) {
    EXPECT_LE(
        DisplayWidth(text.substr(text.find('\n') + 1, text.rfind('\n') - text.find('\n') - 1)),
        24u);
  }
}

TEST(TableTest, ColorsAreOutsideOfTheWidthAndOnlyWhereTheyAreWanted) {
  const std::vector<Row> rows{{"1", {"bad", Color::kBad}, "2"}};
  EXPECT_THAT(RenderTable(kColumns, rows, {}), Not(HasSubstr("\x1b")));
  EXPECT_THAT(RenderTable(kColumns, rows, {.width = 0, .color = true}),
              HasSubstr("1   \x1b[31mbad\x1b[0m      2\n"));
}

// ---- units ----

TEST(UnitsTest, SizesReadAsPeopleWriteThem) {
  EXPECT_EQ(ByteCount(UINT64_MAX), "UNKNOWN");
  EXPECT_EQ(HumanSize(1023), "1023 B");
  EXPECT_EQ(HumanSize(104857600), "100.0 MiB");
  EXPECT_EQ(HumanSize(UINT64_MAX - 1), "16.0 EiB");
  EXPECT_EQ(HumanSize(UINT64_MAX), "UNKNOWN");
}

TEST(UnitsTest, DurationsAndTimesHaveTwoUnits) {
  EXPECT_EQ(HumanDuration(seconds(59)), "59 s");
  EXPECT_EQ(HumanDuration(seconds(125)), "2 min 5 s");
  EXPECT_EQ(HumanDuration(seconds(3600 * 3)), "3 h");
  EXPECT_EQ(HumanDuration(seconds(1209600)), "14 d");
  const auto now = std::chrono::system_clock::time_point(seconds(1'700'000'300));
  google::protobuf::Timestamp time;
  time.set_seconds(1'700'000'000);
  EXPECT_THAT(HumanTime(time, now), HasSubstr(" (5 min ago)"));
  EXPECT_THAT(HumanTime(time, now - seconds(600)), HasSubstr(" (in 5 min)"));
  EXPECT_EQ(ExactTime(time), "2023-11-14T22:13:20Z");
}

TEST(UnitsTest, FlagsAndStatesOfANewerServiceAreNumbers) {
  EXPECT_EQ(FlagNames(0), "0x0 none");
  EXPECT_EQ(FlagNames(3), "0x3 LOCAL_FILE NETWORK");
  EXPECT_EQ(StateName(v1::JOB_STATE_TRANSIENT_ERROR), "TRANSIENT_ERROR");
  EXPECT_EQ(StateName(static_cast<v1::JobState>(77)), "77");
}

// ---- jobs ----

v1::Job SomeJob(const std::string& id, const std::string& name) {
  v1::Job job;
  job.set_id(id);
  job.set_display_name(name);
  job.set_state(v1::JOB_STATE_TRANSFERRING);
  job.mutable_progress()->set_bytes_total(2048);
  job.mutable_progress()->set_bytes_transferred(1024);
  job.mutable_progress()->set_files_total(1);
  return job;
}

TEST(FormatTest, AListIsAlignedAndCounted) {
  EXPECT_EQ(JobList({SomeJob("id1", "n"), SomeJob("id2", "longer\x1b")}, {}, {}),
            "ID   NAME     STATE         FILES              BYTES\n"
            "id1  n        TRANSFERRING  0 / 1  1.0 KiB / 2.0 KiB\n"
            "id2  longer?  TRANSFERRING  0 / 1  1.0 KiB / 2.0 KiB\n"
            "\nListed 2 job(s).\n");
  EXPECT_EQ(JobList({}, {}, {}), "\nListed 0 job(s).\n");
}

TEST(FormatTest, AListOfHostileNamesFitsAnyTerminal) {
  const std::vector<v1::Job> jobs{SomeJob(std::string(36, '1'), kHostile + std::string(300, 'x'))};
  const std::string list = JobList(jobs, {.owners = true}, {.width = 80});
  EXPECT_THAT(list, Not(HasSubstr("\x1b")));
  const std::string line = list.substr(list.find('\n') + 1);
  EXPECT_LE(DisplayWidth(line.substr(0, line.find('\n'))), 80u);
}

TEST(FormatTest, InfoShowsTheTokenAndTheErrorWithItsRule) {
  v1::Job job = SomeJob("id", kHostile);
  job.set_helper_token_flags(1);
  job.set_helper_token_sid("S-1-5-21-1");
  job.mutable_error()->set_hresult(0x80200056);
  job.mutable_error()->set_reason("BG_E_TOKEN_REQUIRED");
  job.mutable_error()->set_rule("token_ended");
  job.mutable_error()->set_message(kHostile);
  const std::string info = JobInfo(job, nullptr, std::chrono::system_clock::now(), {});
  for (const char* part : {"0x1 LOCAL_FILE", "S-1-5-21-1", "BG_E_TOKEN_REQUIRED (0x80200056)",
                           "token_ended", "(1024 / 2048 bytes)"}) {
    EXPECT_THAT(info, HasSubstr(part));
  }
  EXPECT_THAT(info, Not(HasSubstr("\x1b")));
}

TEST(FormatTest, InfoNamesTheFileOfAnErrorAndItsUrl) {
  v1::Job job = SomeJob("id", "n");
  job.mutable_error()->set_file_index(1);
  v1::File file;
  file.set_index(1);
  file.set_local_name("/srv/b\x1b");
  file.set_remote_name("http://mirror.example/b");
  const auto now = std::chrono::system_clock::now();
  EXPECT_THAT(JobInfo(job, &file, now, {}),
              HasSubstr(" 1: /srv/b? from http://mirror.example/b\n"));
  EXPECT_THAT(JobInfo(job, nullptr, now, {}), HasSubstr("error file:")) << "as well as it is known";
}

TEST(FormatTest, JsonEscapesWhatATerminalWouldActOn) {
  for (const std::string& json : {JsonLine(SomeJob("id", "a\x1b[2J\xC2\x9B")),
                                  PrettyJson(SomeJob("id", "a\x1b[2J\xC2\x9B"))}) {
    EXPECT_THAT(json, HasSubstr("a\\u001b[2J\\u009b"));
    EXPECT_THAT(json, HasSubstr("2048"));
  }
}

TEST(JobRefTest, AJobIsMeantByNameOrByTheBeginningOfItsId) {
  const std::vector<v1::Job> jobs{SomeJob("aaaa1111-0000", "one"), SomeJob("aaaa2222-0000", "two"),
                                  SomeJob("bbbb2222-0000", "aaaa1")};
  EXPECT_EQ(*PickJob(jobs, "two"), "aaaa2222-0000");
  EXPECT_EQ(*PickJob(jobs, "AAAA2"), "aaaa2222-0000");
  EXPECT_EQ(*PickJob(jobs, "{bbbb2"), "bbbb2222-0000");
  EXPECT_EQ(*PickJob(jobs, "bbbb2222\xE2\x80\xA6"), "bbbb2222-0000") << "as a table shows it";
  EXPECT_TRUE(absl::IsNotFound(PickJob(jobs, "bbb").status())) << "too short for an id";
  EXPECT_TRUE(absl::IsNotFound(PickJob(jobs, "three").status()));
}

TEST(JobRefTest, SeveralThatAreMeantAreListedAndNoneIsTaken) {
  const std::vector<v1::Job> jobs{SomeJob("aaaa1111-0000", "one"), SomeJob("aaaa2222-0000", "one"),
                                  SomeJob("bbbb2222-0000", "aaaa1\x1b")};
  for (const char* ref : {"one", "aaaa"}) {
    const absl::Status status = PickJob(jobs, ref).status();
    EXPECT_EQ(ExitCodeOf(status), kExitUsage);
    EXPECT_THAT(std::string(status.message()), HasSubstr("\n  aaaa1111-0000  one\n  aaaa2222"));
  }
  const std::vector<v1::Job> mixed{SomeJob("aaaa1111-0000", "one"), SomeJob("bbbb", "aaaa1")};
  EXPECT_EQ(ExitCodeOf(PickJob(mixed, "aaaa1").status()), kExitUsage) << "a name and an id";
}

// ---- bars and rates ----

TrackedJob Tracked(v1::Job job) { return {std::move(job), RateMeter()}; }

TEST(ProgressTest, ALineSurvivesUnknownEmptyAndAbsurdSizes) {
  v1::Job job = SomeJob("id", "n");
  EXPECT_THAT(ProgressLine(Tracked(job), {}), StartsWith("[###############---------------]  50%"));
  job.mutable_progress()->set_bytes_total(UINT64_MAX);
  EXPECT_THAT(ProgressLine(Tracked(job), {}), HasSubstr("  ?%  1.0 KiB / UNKNOWN"));
  job.mutable_progress()->set_bytes_total(0);
  EXPECT_THAT(ProgressLine(Tracked(job), {}), HasSubstr("]   0%"));
  job.mutable_progress()->set_bytes_total(50);
  EXPECT_THAT(ProgressLine(Tracked(job), {}), HasSubstr("100%"));
}

TEST(ProgressTest, AJobThatHadToStopSaysWhyAndWhenItIsTriedAgain) {
  v1::Job job = SomeJob("id", "n");
  job.set_state(v1::JOB_STATE_TRANSIENT_ERROR);
  job.set_waiting_for(v1::WAITING_FOR_RETRY_TIMER);
  job.mutable_error()->set_message("No connection\x1b");
  const auto now = std::chrono::system_clock::now();
  EXPECT_EQ(TroubleOf(job, now), ": No connection?") << "nobody knows when";
  *job.mutable_error()->mutable_next_retry_time() = ToTimestamp(now + seconds(3600));
  EXPECT_EQ(TroubleOf(job, now), ", again in 1 h: No connection?");
  EXPECT_EQ(TroubleOf(job, now + seconds(7200)), ", again in 0 s: No connection?");
  EXPECT_THAT(ProgressLine(Tracked(job), {}), HasSubstr("TRANSIENT_ERROR, again in "));
  EXPECT_THAT(ProgressLine(Tracked(job), {}), HasSubstr(": No connection?"));
  job.set_state(v1::JOB_STATE_CONNECTING);
  EXPECT_EQ(TroubleOf(job, now), "") << "it is tried now";
}

TEST(ProgressTest, ALineFitsEveryWidth) {
  for (size_t width = 1; width < 160; ++width) {
    EXPECT_LE(DisplayWidth(ProgressLine(Tracked(SomeJob("id", "n")), {.width = width})), width);
  }
}

TEST(ProgressTest, AScreenFitsEveryWindowAndShowsActiveJobsFirst) {
  std::vector<TrackedJob> jobs;
  for (int i = 0; i < 40; ++i) jobs.push_back(Tracked(SomeJob("id", "job" + std::to_string(i))));
  jobs[0].job.set_state(v1::JOB_STATE_SUSPENDED);
  jobs[0].job.set_display_name(kHostile);
  std::vector<const TrackedJob*> shown;
  for (const TrackedJob& job : jobs) shown.push_back(&job);
  for (size_t rows = 1; rows < 60; ++rows) {
    for (const size_t columns : {1, 20, 80, 200}) {
      const auto lines = Screen(shown, {columns, rows}, {.width = columns});
      EXPECT_LE(lines.size(), rows);
      for (const std::string& line : lines) {
        EXPECT_LE(DisplayWidth(line), columns) << line;
        EXPECT_THAT(line, Not(HasSubstr("\x1b")));
      }
    }
  }
  const auto lines = Screen(shown, {80, 10}, {.width = 80});
  EXPECT_THAT(lines[0], StartsWith("40 job(s), 39 active"));
  EXPECT_THAT(lines[2], StartsWith("job1 "));
  EXPECT_EQ(lines.back(), "... and 33 more");
}

TEST(RateTest, ARateIsSmoothedAndTellsWhatIsLeft) {
  RateMeter rate;
  RateMeter::Time now{};
  rate.Sample(now, 0);
  EXPECT_EQ(rate.BytesPerSecond(), 0);
  EXPECT_FALSE(rate.TimeFor(1000));
  rate.Sample(now += seconds(1), 1000);
  EXPECT_DOUBLE_EQ(rate.BytesPerSecond(), 1000);
  EXPECT_EQ(rate.TimeFor(5000), seconds(5));
  rate.Sample(now += seconds(1), 5000);
  EXPECT_GT(rate.BytesPerSecond(), 1000);
  EXPECT_LT(rate.BytesPerSecond(), 3000) << "a leap is not shown at once";
  const double before = rate.BytesPerSecond();
  rate.Sample(now += seconds(3), 5000);
  EXPECT_LT(rate.BytesPerSecond(), before / 2) << "it falls when nothing comes";
}

TEST(RateTest, SamplesThatAreTooCloseOrGoBackSayNothingWrong) {
  RateMeter rate;
  RateMeter::Time now{};
  rate.Sample(now, 0);
  rate.Sample(now + milliseconds(1), 1'000'000);
  EXPECT_EQ(rate.BytesPerSecond(), 0);
  rate.Sample(now + seconds(1), 1'000'000);
  EXPECT_DOUBLE_EQ(rate.BytesPerSecond(), 1'000'000);
  rate.Sample(now + seconds(2), 10);
  EXPECT_EQ(rate.BytesPerSecond(), 0) << "the file was begun anew";
}

// ---- the service ----

TEST(ServerInfoTest, WhatWaitsForTheOperatorIsShown) {
  v1::GetServerInfoResponse info;
  EXPECT_THAT(ServerInfo(info, {}), Not(AnyOf(HasSubstr("restart"), HasSubstr("cannot"))));
  info.add_restart_needed("limits.background_jobs");
  v1::ReloadState& roots = *info.add_reload_states();
  roots.set_source(v1::ReloadState::SOURCE_CLIENT_ROOTS);
  EXPECT_THAT(ServerInfo(info, {}), Not(HasSubstr("CLIENT_ROOTS"))) << "it is in order";
  roots.set_failing(true);
  roots.set_last_failure_file("/etc/bitsd/ca.crt");
  roots.set_last_failure_reason("no\x1b PEM");
  const std::string shown = ServerInfo(info, {});
  EXPECT_THAT(shown, HasSubstr("needs a restart:     limits.background_jobs"));
  EXPECT_THAT(shown, HasSubstr("CLIENT_ROOTS: /etc/bitsd/ca.crt: no? PEM"));
}

}  // namespace
}  // namespace bits::cli
