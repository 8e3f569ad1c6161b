// bitsctl on a terminal: bars, a window that changes, Ctrl-C.

#include <algorithm>

#include "tests/integration/client/cli/bitsctl_fixture.h"
#include "tests/testing/terminal.h"

namespace bitsd::tests {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr char kCtrlC[] = "\x03";
constexpr char kEnterScreen[] = "\x1b[?1049h";
constexpr char kLeaveScreen[] = "\x1b[?1049l";
constexpr char kShowCursor[] = "\x1b[?25h";

class BitsctlLiveTest : public BitsctlTest {
 protected:
  /// On the same port after a restart.
  BitsdOptions Options() override {
    BitsdOptions options;
    options.listen = "127.0.0.1:" + std::to_string(port_);
    options.allowed_addresses.push_back(nobody_);
    return options;
  }

  const std::string nobody_ = "127.0.0.1:" + std::to_string(FreePort());  ///< Nothing listens.

 private:
  const uint16_t port_ = FreePort();
};

// The columns of the longest line of a frame; its text is ASCII.
size_t LongestLine(const std::string& frame) {
  size_t longest = 0;
  size_t line = 0;
  for (size_t i = 0; i < frame.size(); ++i) {
    if (frame[i] == '\x1b') {
      i = frame.find_first_of("HJKhlm", i);
    } else if (frame[i] == '\n' || frame[i] == '\r') {
      line = 0;
    } else if ((static_cast<unsigned char>(frame[i]) & 0xC0) != 0x80) {
      longest = std::max(longest, ++line);
    }
  }
  return longest;
}

TEST_F(BitsctlLiveTest, TransferDrawsABarWithItsSpeedAndEndsWithTheFile) {
  const std::string content = web().PutRandom("file", 3 << 20);
  const std::string path = FolderOf("fetcher") + "/file";
  Terminal terminal(CommandLine({"transfer", "nightly", web().Url("slow/file"), path}), 100, 24);
  EXPECT_TRUE(terminal.WaitForText("/s  ")) << terminal.output();
  EXPECT_EQ(terminal.WaitForEnd(), 0) << terminal.output();
  EXPECT_THAT(terminal.output(), HasSubstr("\r\x1b[K["));
  EXPECT_THAT(terminal.output(), HasSubstr(" left  "));
  EXPECT_THAT(terminal.output(), HasSubstr("100%"));
  EXPECT_LE(LongestLine(terminal.output()), 100u);
  EXPECT_EQ(ReadFile(path), content);
}

TEST_F(BitsctlLiveTest, CtrlCEndsTheWatchingAndNotTheJob) {
  web().PutRandom("file", 100 << 20);
  Terminal terminal(
      CommandLine({"transfer", "nightly", web().Url("slow/file"), FolderOf("fetcher") + "/file"}),
      100, 24);
  ASSERT_TRUE(terminal.WaitForText("TRANSFERRING")) << terminal.output();
  terminal.Type(kCtrlC);
  EXPECT_EQ(terminal.WaitForEnd(), 130) << terminal.output();
  const std::string id = Value({"get", "nightly", "id"});
  EXPECT_THAT(terminal.output(), HasSubstr("job " + id + " goes on by itself: bitsctl monitor"));
  EXPECT_THAT(Value({"get", id, "state"}), testing::AnyOf("TRANSFERRING", "CONNECTING"));
  Out({"cancel", id});
}

TEST_F(BitsctlLiveTest, ABarSaysWhyAJobHadToStopAndWhenItIsTriedAgain) {
  NewJob("late", "http://" + nobody_ + "/file");
  Out({"resume", "late"});
  Terminal terminal(CommandLine({"monitor", "late", "--refresh", "0.2"}), 120, 24);
  ASSERT_TRUE(terminal.WaitForText("TRANSIENT_ERROR, again in ")) << terminal.output();
  const auto job = nlohmann::json::parse(Out({"info", "late", "--json"}));
  const std::string why = job["error"]["message"];
  EXPECT_THAT(terminal.output(), HasSubstr("\x1b[K" + why)) << "on a line of its own";
  terminal.Type(kCtrlC);
  EXPECT_EQ(terminal.WaitForEnd(), 130) << terminal.output();
  Out({"cancel", "late"});
}

TEST_F(BitsctlLiveTest, AMonitorOfEverythingLivesThroughARestart) {
  NewJob("before", web().Url("file"));
  Terminal terminal(CommandLine({"monitor", "--refresh", "0.2"}), 100, 24);
  ASSERT_TRUE(terminal.WaitForText("before")) << terminal.output();
  ASSERT_TRUE(bitsd().Stop().ok());
  ASSERT_TRUE(bitsd().StartAgain().ok());
  NewJob("after", web().Url("file"));
  EXPECT_TRUE(terminal.WaitForText("after")) << terminal.output();
  terminal.Type(kCtrlC);
  EXPECT_EQ(terminal.WaitForEnd(), 130) << terminal.output();
}

TEST_F(BitsctlLiveTest, AJobThatARestartHasLostEndsItsMonitor) {
  NewJob("lost", web().Url("file"));
  Terminal terminal(CommandLine({"monitor", "lost"}), 100, 24);
  ASSERT_TRUE(terminal.WaitForText("SUSPENDED")) << terminal.output();
  ASSERT_TRUE(bitsd().Stop().ok());
  bitsd().LoseStore();
  ASSERT_TRUE(bitsd().StartAgain().ok());
  EXPECT_EQ(terminal.WaitForEnd(), 3) << terminal.output();
}

TEST_F(BitsctlLiveTest, ManyJobsHaveAScreenThatFollowsTheWindowAndIsLeftClean) {
  web().PutRandom("file", 100 << 20);
  Words names;
  for (int i = 0; i < 6; ++i) {
    names.push_back("job-number-" + std::to_string(i));
    NewJob(names.back(), web().Url("slow/file"));
  }
  Out({"resume", names[3]});
  Terminal terminal(CommandLine({"monitor", "--refresh", "0.2"}), 100, 24);
  ASSERT_TRUE(terminal.WaitForText("6 job(s), 1 active")) << terminal.output();
  for (const std::string& name : names) EXPECT_TRUE(terminal.WaitForText(name)) << name;
  ASSERT_TRUE(terminal.WaitForText("% ")) << terminal.output();
  terminal.Resize(40, 5);
  terminal.Forget();
  ASSERT_TRUE(terminal.WaitForText("... and 4 more")) << terminal.output();
  terminal.Forget();
  ASSERT_TRUE(terminal.WaitForText("... and 4 more"));
  EXPECT_LE(LongestLine(terminal.output()), 40u);
  EXPECT_THAT(terminal.output(), HasSubstr("job-numb")) << "the active one is still there";
  terminal.Forget();
  terminal.Type(kCtrlC);
  EXPECT_EQ(terminal.WaitForEnd(), 130);
  const std::string& end = terminal.output();
  EXPECT_THAT(end, HasSubstr(kShowCursor));
  EXPECT_THAT(end, HasSubstr(kLeaveScreen));
  EXPECT_THAT(end.substr(end.find(kLeaveScreen) + sizeof(kLeaveScreen) - 1),
              Not(HasSubstr("\x1b")));
  Out({"cancel", names[3]});
}

TEST_F(BitsctlLiveTest, NamedJobsAreWatchedUntilTheLastOneEnds) {
  web().PutRandom("file", 1 << 20);
  NewJob("good", web().Url("slow/file"));
  NewJob("bad", web().Url("missing"));
  for (const char* name : {"good", "bad"}) Out({"resume", name});
  Terminal terminal(CommandLine({"monitor", "good", "bad"}), 100, 24);
  EXPECT_EQ(terminal.WaitForEnd(), 1) << terminal.output();
  EXPECT_THAT(terminal.output(), HasSubstr(kEnterScreen));
  EXPECT_THAT(terminal.output(), HasSubstr("BG_E_HTTP_ERROR_404"));
  EXPECT_EQ(Value({"get", "good", "state"}), "TRANSFERRED");
}

TEST_F(BitsctlLiveTest, AwayFromATerminalALineComesForEachNoteworthyChange) {
  web().PutRandom("file", 2 << 20);
  NewJob("one", web().Url("slow/file"));
  Out({"resume", "one"});
  const std::string out = Out({"monitor", "one", "--refresh", "0.1"});
  EXPECT_THAT(out, Not(HasSubstr("\x1b")));
  EXPECT_THAT(out, HasSubstr("TRANSFERRED\n"));
  EXPECT_LE(std::count(out.begin(), out.end(), '\n'), 15) << out;
}

TEST_F(BitsctlLiveTest, ATableFitsTheTerminalAndHasColorsThereOnly) {
  Out({"create", std::string(200, 'n')});
  Terminal terminal(CommandLine({"list"}), 70, 24);
  EXPECT_EQ(terminal.WaitForEnd(), 0);
  EXPECT_LE(LongestLine(terminal.output()), 70u);
  NewJob("bad", web().Url("missing"));
  Out({"resume", "bad"});
  EXPECT_EQ(Bitsctl({"monitor", "bad"}).status, 1);
  Terminal colored(CommandLine({"list"}), 100, 24);
  EXPECT_EQ(colored.WaitForEnd(), 0);
  EXPECT_THAT(colored.output(), HasSubstr("\x1b[31mERROR"));
  Terminal plain(CommandLine({"list", "--color", "never"}), 100, 24);
  EXPECT_EQ(plain.WaitForEnd(), 0);
  EXPECT_THAT(plain.output(), Not(HasSubstr("\x1b")));
  Words no_color = CommandLine({"list"});
  no_color.insert(no_color.begin(), {"/usr/bin/env", "NO_COLOR=1"});
  Terminal quiet(no_color, 100, 24);
  EXPECT_EQ(quiet.WaitForEnd(), 0);
  EXPECT_THAT(quiet.output(), Not(HasSubstr("\x1b")));
}

}  // namespace
}  // namespace bitsd::tests
