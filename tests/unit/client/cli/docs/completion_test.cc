// Completion and manual page: that they know every command.

#include "client/cli/docs/completion.h"

#include <string>

#include "client/cli/command.h"
#include "client/cli/docs/man_page.h"
#include "client/cli/docs/roff.h"
#include "client/cli/exit_code.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/cli_words.h"

namespace bits::cli {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Words Offered(const Words& words) {
  Words texts;
  for (const Candidate& candidate : CompletionFor(words).candidates)
    texts.push_back(candidate.text);
  return texts;
}

TEST(CompletionTest, EveryCommandAndEveryParameterIsCompleted) {
  for (const Command* command : AllCommands()) {
    Words words = Split(command->name);
    EXPECT_THAT(Offered(words), Contains(words.back())) << command->name;
    words.emplace_back("-");
    const Words options = Offered(words);
    for (const Parameter& parameter : command->parameters) {
      if (parameter.IsPositional()) continue;
      EXPECT_THAT(options, Contains(std::string(parameter.name))) << command->name;
      if (parameter.choices.empty()) continue;
      Words value = Split(command->name);
      value.insert(value.end(), {std::string(parameter.name), ""});
      EXPECT_THAT(Offered(value), Contains(std::string(parameter.choices[0]))) << command->name;
    }
    for (const Parameter& parameter : GlobalParameters()) {
      EXPECT_THAT(options, Contains(std::string(parameter.name))) << command->name;
    }
  }
}

TEST(CompletionTest, PositionalArgumentsAreOfferedInTheirOrder) {
  EXPECT_EQ(CompletionFor({"get", ""}).more, Offer::kJob);
  EXPECT_THAT(Offered({"get", "nightly", "st"}), ElementsAre("state"));
  EXPECT_THAT(Offered({"get", "nightly", "state", ""}), IsEmpty());
  EXPECT_EQ(CompletionFor({"add-file", "j", "http://h/f", ""}).more, Offer::kFile);
  EXPECT_EQ(CompletionFor({"monitor", "a", "b", ""}).more, Offer::kJob) << "it may come again";
  EXPECT_EQ(CompletionFor({"pki", "init", ""}).more, Offer::kFolder);
  EXPECT_EQ(CompletionFor({"--as", ""}).more, Offer::kIdentity);
  EXPECT_EQ(CompletionFor({"--json", "--cert", "x", "resume", ""}).more, Offer::kJob);
  EXPECT_THAT(Offered({"create", "--type", "=", "upload_"}), ElementsAre("UPLOAD_REPLY"));
  EXPECT_THAT(Offered({"/getst"}), ElementsAre("/getstate"));
}

TEST(CompletionTest, GlobalOptionsOnTheLineAreUsedForTheQuestion) {
  const Completion completion = CompletionFor({"--as", "alice", "resume", "--endpoint", "h:1", ""});
  EXPECT_EQ(completion.globals.Text("--as"), "alice");
  EXPECT_EQ(completion.globals.Text("--endpoint"), "h:1");
}

TEST(ManPageTest, TheManualHasASectionForEverything) {
  const std::string page = ManPage();
  for (const Command* command : AllCommands()) {
    EXPECT_THAT(page, HasSubstr("\n" + Bold(command->name))) << command->name;
    EXPECT_THAT(page, HasSubstr(RoffText(command->summary))) << command->name;
  }
  for (const Parameter& parameter : GlobalParameters()) {
    EXPECT_THAT(page, HasSubstr(Bold(parameter.name)));
    EXPECT_THAT(page, HasSubstr(Bold(EnvironmentName(parameter.name))));
  }
  for (const ExitCodeRow& row : ExitCodes()) EXPECT_THAT(page, HasSubstr(RoffText(row.meaning)));
}

TEST(RoffTest, NothingOfATextIsAMacro) {
  EXPECT_EQ(RoffText(".x\n'y\\z-a"), "\\&.x\n\\&\\(aqy\\ez\\-a");
}

}  // namespace
}  // namespace bits::cli
