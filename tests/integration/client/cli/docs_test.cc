// What shells make of the completion scripts, and man and mandoc of the manual page.

#include <filesystem>
#include <string>
#include <vector>

#include "client/cli/docs/completion.h"
#include "client/cli/docs/man_page.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/process.h"
#include "tests/testing/temp_folder.h"

namespace bits::cli {
namespace {

using bitsd::tests::Finished;
using bitsd::tests::TempFolder;
using ::testing::HasSubstr;
using ::testing::Not;

class DocsTest : public ::testing::Test {
 protected:
  static std::string PathOf(const std::string& program) {
    for (const char* folder : {"/usr/bin/", "/bin/"}) {
      if (std::filesystem::exists(folder + program)) return folder + program;
    }
    return "";
  }

  // The script of `shell` in a file.
  std::string Script(const std::string& shell) {
    const std::string path = folder_.File(shell);
    bitsd::tests::WriteFile(path, *CompletionScript(shell));
    return path;
  }

  Finished Execute(const std::vector<std::string>& argv) {
    return bitsd::tests::Run(argv, folder_.path());
  }

  TempFolder folder_;
};

class ShellTest : public DocsTest, public ::testing::WithParamInterface<const char*> {};

TEST_P(ShellTest, TheShellAcceptsItsScript) {
  const std::string shell = PathOf(GetParam());
  if (shell.empty()) GTEST_SKIP() << GetParam() << " is not installed";
  const Finished checked = Execute({shell, "-n", Script(GetParam())});
  EXPECT_EQ(checked.status, 0) << checked.output;
  EXPECT_EQ(checked.output, "");
}

INSTANTIATE_TEST_SUITE_P(Shells, ShellTest, ::testing::Values("bash", "zsh", "fish"),
                         [](const auto& info) { return std::string(info.param); });

TEST_F(DocsTest, BashCompletesWithTheRealProgram) {
  const Finished answer = Execute(
      {"/bin/bash", "-c",
       "source " + Script("bash") +
           "; COMP_WORDS=(" BITSCTL_PROGRAM " get-h); COMP_CWORD=1; _bitsctl; echo ${COMPREPLY[@]}"
           "; COMP_WORDS=(" BITSCTL_PROGRAM " create --priority F); COMP_CWORD=3; _bitsctl"
           "; echo ${COMPREPLY[@]}"});
  EXPECT_EQ(answer.output, "get-handle get-helper-token-flags get-helper-token-sid\nFOREGROUND\n");
}

TEST_F(DocsTest, ZshCompletesWithTheRealProgram) {
  const std::string zsh = PathOf("zsh");
  if (zsh.empty()) GTEST_SKIP() << "zsh is not installed";
  const std::string folder = std::filesystem::path(BITSCTL_PROGRAM).parent_path().string();
  // compadd is replaced: only a running line editor has it.
  const Finished answer =
      Execute({zsh, "-f", "-c",
               "PATH=" + folder +
                   ":$PATH; compdef() { }; compadd() { print -l "
                   "-- $candidates }; source " +
                   Script("zsh") + "; words=(bitsctl get-h); CURRENT=2; _bitsctl"});
  EXPECT_EQ(answer.output, "get-handle\nget-helper-token-flags\nget-helper-token-sid\n");
}

TEST_F(DocsTest, FishCompletesWithTheRealProgram) {
  const std::string fish = PathOf("fish");
  if (fish.empty()) GTEST_SKIP() << "fish is not installed";
  const std::string folder = std::filesystem::path(BITSCTL_PROGRAM).parent_path().string();
  const Finished answer =
      Execute({"/usr/bin/env", "HOME=" + folder_.path(), fish, "--no-config", "-c",
               "set -x PATH " + folder + " $PATH; source " + Script("fish") +
                   "; complete -C 'bitsctl get-h' | string split -f 1 \\t"});
  EXPECT_EQ(answer.output, "get-handle\nget-helper-token-flags\nget-helper-token-sid\n");
}

// Display names are chosen by other people: a script must take them as data.
TEST_F(DocsTest, NoShellEvaluatesWhatTheServiceSays) {
  const std::string mark = folder_.File("mark");
  const std::string program = folder_.File("bitsctl");
  bitsd::tests::WriteFile(program,
                          "#!/bin/sh\nprintf '%s\\n' '$(touch " + mark + ")' '`touch " + mark +
                              "`' 'a;touch " + mark + "'\n",
                          0755);
  const std::string path = "PATH=" + folder_.path() + ":$PATH";
  Execute({"/bin/bash", "-c",
           path + "; source " + Script("bash") +
               "; COMP_WORDS=(bitsctl resume ''); COMP_CWORD=2; _bitsctl; "
               "[[ ${#COMPREPLY[@]} == 3 ]] && eval \"printf '%s\\n' ${COMPREPLY[*]}\""});
  EXPECT_FALSE(std::filesystem::exists(mark)) << "bash";
  if (const std::string zsh = PathOf("zsh"); !zsh.empty()) {
    const Finished answer =
        Execute({zsh, "-f", "-c",
                 path + "; compdef() { }; compadd() { print -l -- ${#candidates} }; source " +
                     Script("zsh") + "; words=(bitsctl resume ''); CURRENT=3; _bitsctl"});
    EXPECT_EQ(answer.output, "3\n");
    EXPECT_FALSE(std::filesystem::exists(mark)) << "zsh";
  }
  if (const std::string fish = PathOf("fish"); !fish.empty()) {
    Execute({"/usr/bin/env", "HOME=" + folder_.path(), fish, "--no-config", "-c",
             "set -x PATH " + folder_.path() + " $PATH; source " + Script("fish") +
                 "; complete -C 'bitsctl resume '"});
    EXPECT_FALSE(std::filesystem::exists(mark)) << "fish";
  }
}

TEST_F(DocsTest, MandocFindsNothingWrongWithTheManual) {
  const std::string mandoc = PathOf("mandoc");
  if (mandoc.empty()) GTEST_SKIP() << "mandoc is not installed";
  const std::string page = folder_.File("bitsctl.1");
  bitsd::tests::WriteFile(page, ManPage());
  const Finished checked = Execute({mandoc, "-Tlint", "-W", "warning", page});
  EXPECT_EQ(checked.status, 0) << checked.output;
}

TEST_F(DocsTest, ManShowsTheManualWithoutAWarning) {
  const std::string man = PathOf("man");
  if (man.empty()) GTEST_SKIP() << "man is not installed";
  const std::string page = folder_.File("bitsctl.1");
  bitsd::tests::WriteFile(page, ManPage());
  const Finished shown =
      Execute({"/usr/bin/env", "LC_ALL=C.UTF-8", "MANWIDTH=80", man, "--warnings", "-l", page});
  EXPECT_EQ(shown.status, 0);
  EXPECT_THAT(shown.output, Not(HasSubstr("warning")));
  EXPECT_THAT(shown.output, HasSubstr("EXIT STATUS"));
}

}  // namespace
}  // namespace bits::cli
