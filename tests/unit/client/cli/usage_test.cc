// Flags as words and numbers; what wrong usage and help look like.

#include <cstdlib>
#include <string>

#include "client/cli/token_flags.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/cli_run.h"

namespace bits {
namespace {

using ::testing::HasSubstr;

TEST(TokenFlagsTest, NumbersAndNamesAreFlags) {
  EXPECT_EQ(*cli::ParseTokenFlags("3"), 3u);
  EXPECT_EQ(*cli::ParseTokenFlags("0x2"), 2u);
  EXPECT_EQ(*cli::ParseTokenFlags("local-file,NETWORK"), 3u);
  EXPECT_EQ(*cli::ParseTokenFlags("none"), 0u);
  EXPECT_EQ(*cli::ParseTokenFlags("8"), 8u);  // The service refuses it.
  for (const char* bad : {"", "both", "LOCAL_FILE,", "-1", "4294967296", "0x"}) {
    EXPECT_FALSE(cli::ParseTokenFlags(bad).ok()) << bad;
  }
}

TEST(BitsctlTest, WrongUsageIsStatusTwo) {
  setenv("XDG_CONFIG_HOME", "/nonexistent", 1);
  EXPECT_EQ(RunCli({}).status, 2);
  EXPECT_EQ(RunCli({"nonsense"}).status, 2);
  EXPECT_EQ(RunCli({"resume"}).status, 2);
  EXPECT_EQ(RunCli({"list", "--impersonation-level", "most"}).status, 2);
  EXPECT_EQ(RunCli({"list", "--cert", "", "--key", "", "--ca", ""}).status, 2);
}

TEST(BitsctlTest, HelpTeachesAndIsStatusZero) {
  const Outcome help = RunCli({"--help"});
  EXPECT_EQ(help.status, 0);
  EXPECT_THAT(help.out, HasSubstr("set-helper-token --handle-file -"));
  EXPECT_THAT(help.out, HasSubstr("no answer within --timeout"));
  EXPECT_THAT(RunCli({"get-handle", "--help"}).out, HasSubstr("--helper"));
}

}  // namespace
}  // namespace bits
