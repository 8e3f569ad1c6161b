// The command table and what is made of it: help, manual, completion, bitsadmin's spelling.

#include <cctype>
#include <filesystem>
#include <iomanip>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "bits/v1/token_options.pb.h"
#include "client/cli/bitsadmin.h"
#include "client/cli/command.h"
#include "client/cli/command_line.h"
#include "client/cli/docs/completion.h"
#include "client/cli/docs/man_page.h"
#include "client/cli/docs/roff.h"
#include "client/cli/exit_code.h"
#include "client/cli/properties.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/integration/client_cli_run.h"
#include "tests/testing/process.h"
#include "tests/testing/temp_folder.h"

namespace bits::cli {
namespace {

using bitsd::tests::Finished;
using bitsd::tests::TempFolder;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

using Words = std::vector<std::string>;

Words Split(std::string_view text) {
  std::istringstream stream{std::string(text)};
  Words words;
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

// The same for a command line, in which a text may be quoted.
Words SplitQuoted(std::string_view text) {
  Words words;
  std::istringstream stream{std::string(text)};
  for (std::string word; stream >> std::quoted(word);) words.push_back(word);
  return words;
}

// ---- the table ----

TEST(TableTest, EveryMethodOfTheServiceHasACommand) {
  std::set<std::string> declared;
  for (const auto* file :
       {v1::CreateJobRequest::descriptor()->file(), v1::Job::descriptor()->file(),
        v1::SetHelperTokenRequest::descriptor()->file()}) {
    for (int s = 0; s < file->service_count(); ++s) {
      for (int m = 0; m < file->service(s)->method_count(); ++m) {
        declared.insert(file->service(s)->name() + "." + file->service(s)->method(m)->name());
      }
    }
  }
  std::set<std::string> reached;
  for (const Command* command : AllCommands()) {
    for (const std::string& method : Split(command->methods)) reached.insert(method);
  }
  EXPECT_EQ(reached, declared);
}

TEST(TableTest, EveryCommandSaysWhatItDoesAndHasAnExample) {
  std::set<std::string_view> names;
  for (const Command* command : AllCommands()) {
    EXPECT_TRUE(names.insert(command->name).second) << command->name;
    EXPECT_FALSE(command->summary.empty()) << command->name;
    EXPECT_THAT(std::string(command->example), HasSubstr("bitsctl")) << command->name;
    EXPECT_NE(command->local == nullptr, command->remote == nullptr) << command->name;
    EXPECT_EQ(command->methods.empty(), command->remote == nullptr) << command->name;
    for (const Parameter& parameter : command->parameters) {
      EXPECT_FALSE(parameter.help.empty()) << command->name << " " << parameter.name;
      EXPECT_FALSE(parameter.IsPositional() && parameter.IsFlag()) << parameter.name;
      const bool chosen =
          parameter.offer == Offer::kChoices || parameter.offer == Offer::kSuggestions;
      EXPECT_EQ(chosen, !parameter.choices.empty()) << command->name << " " << parameter.name;
    }
  }
}

TEST(TableTest, NoOptionOfACommandHidesAGlobalOne) {
  std::set<std::string_view> globals;
  for (const Parameter& parameter : GlobalParameters()) globals.insert(parameter.name);
  for (const Command* command : AllCommands()) {
    for (const Parameter& parameter : command->parameters) {
      EXPECT_FALSE(globals.contains(parameter.name)) << command->name << " " << parameter.name;
    }
  }
}

TEST(TableTest, EveryCommandsHelpShowsItsParametersAndItsExample) {
  for (const Command* command : AllCommands()) {
    Words words = Split(command->name);
    words.emplace_back("--help");
    const Outcome help = RunCli(words);
    EXPECT_EQ(help.status, 0) << command->name;
    EXPECT_THAT(help.out, HasSubstr(Split(command->example)[0])) << command->name;
    EXPECT_THAT(help.out, HasSubstr(std::string(command->summary))) << command->name;
    for (const Parameter& parameter : command->parameters) {
      EXPECT_THAT(help.out, HasSubstr(std::string(parameter.help))) << command->name;
    }
  }
}

// An example that cannot be parsed teaches something wrong. Only simple lines are looked at.
TEST(TableTest, EveryExampleCanBeParsed) {
  for (const Command* command : AllCommands()) {
    std::istringstream lines{std::string(command->example)};
    for (std::string line; std::getline(lines, line);) {
      line = line.substr(0, line.find_first_of("|<("));
      Words words = SplitQuoted(line);
      if (words.empty() || words[0] != "bitsctl") continue;
      words.erase(words.begin());
      const ParsedLine parsed = ParseLine(words);
      EXPECT_FALSE(parsed.wrong) << line << ": " << parsed.message;
      EXPECT_EQ(parsed.command, command) << line;
    }
  }
}

TEST(TableTest, GlobalOptionsAreUnderstoodBeforeAndBehindTheCommand) {
  for (const Words& words : {Words{"--json", "--timeout", "5", "info", "x"},
                             Words{"info", "x", "--timeout=5", "--json"}}) {
    const ParsedLine line = ParseLine(words);
    EXPECT_EQ(line.globals.Text("--timeout"), "5");
    EXPECT_TRUE(line.globals.Flag("--json"));
    EXPECT_EQ(line.arguments.Text("job"), "x");
  }
  EXPECT_FALSE(ParseLine({"info", "x", "--json=false"}).globals.Flag("--json"));
}

TEST(TableTest, WrongUsageAsJsonIsAnErrorObject) {
  const Outcome outcome = RunCli({"nonsense", "--json"});
  EXPECT_EQ(outcome.status, 2);
  EXPECT_THAT(outcome.out, HasSubstr(R"({"error":{"hresult":null)"));
  EXPECT_EQ(outcome.err, "");
}

// ---- bitsadmin ----

Words FromBitsadminOk(const Words& words) {
  const BitsadminLine line = FromBitsadmin(words);
  EXPECT_TRUE(line.advice.ok()) << line.advice;
  return line.words;
}

TEST(BitsadminTest, VerbsBecomeCommandsInAnyCase) {
  EXPECT_THAT(FromBitsadminOk({"/create", "/download", "myjob"}),
              ElementsAre("create", "--type=DOWNLOAD", "--", "myjob"));
  EXPECT_THAT(FromBitsadminOk({"/CREATE", "myjob"}), ElementsAre("create", "--", "myjob"));
  EXPECT_THAT(FromBitsadminOk({"/AddFile", "j", "http://h/f", "/srv/f"}),
              ElementsAre("add-file", "--", "j", "http://h/f", "/srv/f"));
  EXPECT_THAT(FromBitsadminOk({"/addfileset", "j", "/list"}),
              ElementsAre("add-file", "--from=/list", "--", "j"));
  EXPECT_THAT(FromBitsadminOk({"/list", "/AllUsers", "/verbose"}),
              ElementsAre("list", "--all-users", "--verbose"));
  EXPECT_THAT(FromBitsadminOk({"/monitor", "/refresh", "5"}),
              ElementsAre("monitor", "--refresh=5"));
  EXPECT_THAT(FromBitsadminOk({"/getstate", "{1234}"}),
              ElementsAre("get", "--", "{1234}", "state"));
  EXPECT_THAT(FromBitsadminOk({"/SetHelperTokenFlags", "j", "1"}),
              ElementsAre("set-helper-token-flags", "--job=j", "--", "1"));
  EXPECT_THAT(FromBitsadminOk({"/SetHelperToken", "j", "alice"}),
              ElementsAre("set-helper-token", "--job=j", "--as-helper=alice"));
  EXPECT_THAT(FromBitsadminOk({"/transfer", "n", "/download", "/priority", "HIGH", "http://h/1",
                               "/srv/1", "http://h/2", "/srv/2"}),
              ElementsAre("transfer", "--priority=HIGH", "--", "n", "http://h/1", "/srv/1",
                          "http://h/2", "/srv/2"));
}

TEST(BitsadminTest, GlobalOptionsStayWhereverTheyStand) {
  EXPECT_THAT(FromBitsadminOk({"--cert", "/a.crt", "/list", "--json"}),
              ElementsAre("--cert", "/a.crt", "--json", "list"));
  const BitsadminLine own = FromBitsadmin({"--cert", "/list", "info", "/x"});
  EXPECT_THAT(own.words, ElementsAre("--cert", "/list", "info", "/x")) << "not bitsadmin's";
}

TEST(BitsadminTest, AnOperandIsNeverTakenForAnOption) {
  const Words words = FromBitsadminOk({"/create", "--id-only"});
  const ParsedLine line = ParseLine(words);
  ASSERT_FALSE(line.wrong) << line.message;
  EXPECT_EQ(line.arguments.Text("name"), "--id-only");
  EXPECT_FALSE(line.arguments.Flag("--id-only"));
  EXPECT_EQ(ParseLine(FromBitsadminOk({"/clearhelpertoken", "--job"})).arguments.Text("--job"),
            "--job");
}

TEST(BitsadminTest, RawReturnIsRemembered) {
  const BitsadminLine line = FromBitsadmin({"/RAWRETURN", "/wrap", "/getstate", "j"});
  EXPECT_TRUE(line.raw);
  EXPECT_THAT(line.words, ElementsAre("get", "--", "j", "state"));
}

TEST(BitsadminTest, EveryVerbThatIsHereLeadsToACommand) {
  for (const BitsadminVerb& verb : BitsadminVerbs()) {
    if (verb.meaning.starts_with('!')) continue;
    Words words{"/" + std::string(verb.verb)};
    for (const std::string& operand : Split(verb.operands)) {
      if (operand != "...") words.push_back(operand == "PRIORITY" ? "HIGH" : operand);
    }
    const ParsedLine line = ParseLine(FromBitsadminOk(words));
    EXPECT_FALSE(line.wrong) << words[0] << ": " << line.message;
    EXPECT_NE(line.command, nullptr) << words[0];
  }
}

// Every verb of bitsadmin's reference; those of /util, /cache, /peers and /peercaching by their
// first word.
constexpr char kReference[] =
    "addfile addfileset addfilewithranges cache cancel complete create getaclflags getbytestotal "
    "getbytestransferred getclientcertificate getcompletiontime getcreationtime getcustomheaders "
    "getdescription getdisplayname geterror geterrorcount getfilestotal getfilestransferred "
    "gethelpertokenflags gethelpertokensid gethttpmethod getmaxdownloadtime getminretrydelay "
    "getmodificationtime getnoprogresstimeout getnotifycmdline getnotifyflags getnotifyinterface "
    "getowner getpeercachingflags getpriority getproxybypasslist getproxylist getproxyusage "
    "getreplydata getreplyfilename getreplyprogress getsecurityflags getstate gettemporaryname "
    "gettype getvalidationstate info list listfiles makecustomheaderswriteonly monitor peercaching "
    "peers removeclientcertificate removecredentials replaceremoteprefix reset resume setaclflag "
    "setclientcertificatebyid setclientcertificatebyname setcredentials setcustomheaders "
    "setdescription setdisplayname sethelpertoken sethelpertokenflags sethttpmethod "
    "setmaxdownloadtime setminretrydelay setnoprogresstimeout setnotifycmdline setnotifyflags "
    "setpeercachingflags setpriority setproxysettings setreplyfilename setsecurityflags "
    "setvalidationstate suspend takeownership transfer";

TEST(BitsadminTest, EveryVerbOfTheReferenceIsAnswered) {
  std::set<std::string> known;
  for (const BitsadminVerb& verb : BitsadminVerbs()) known.insert(std::string(verb.verb));
  for (const std::string& verb : Split(kReference)) EXPECT_THAT(known, Contains(verb));
}

TEST(BitsadminTest, WhatIsNotThereIsAnsweredWithWhatToDo) {
  const Outcome outcome = RunCli({"/TakeOwnership", "j"});
  EXPECT_EQ(outcome.status, kExitNotBuilt);
  EXPECT_THAT(outcome.err, HasSubstr("/takeownership: it is not built yet"));
  const Outcome password = RunCli({"/sethelpertoken", "j", "user@domain", "hunter2"});
  EXPECT_EQ(password.status, kExitNotBuilt);
  EXPECT_THAT(password.err, HasSubstr("takes no passwords"));
  EXPECT_THAT(password.err + password.out, Not(HasSubstr("hunter2")));
  const Outcome unknown = RunCli({"/frobnicate"});
  EXPECT_EQ(unknown.status, kExitUsage);
  EXPECT_THAT(unknown.err, HasSubstr("bitsctl /?"));
  const Outcome wrong = RunCli({"/addfile", "j"});
  EXPECT_EQ(wrong.status, kExitUsage);
  EXPECT_THAT(wrong.err, HasSubstr("write /addfile JOB URL FILE"));
}

TEST(BitsadminTest, HelpListsEveryVerb) {
  for (const Words& words : {Words{"/?"}, Words{"/HELP"}, Words{"/util", "/help"}}) {
    const Outcome help = RunCli(words);
    EXPECT_EQ(help.status, 0);
    for (const BitsadminVerb& verb : BitsadminVerbs()) {
      EXPECT_THAT(help.out, HasSubstr("/" + std::string(verb.verb)));
    }
    EXPECT_THAT(help.out, HasSubstr("bitsctl add-file JOB URL FILE"));
  }
  EXPECT_EQ(RunCli({"/util", "/version"}).out, std::string(BITSD_VERSION) + "\n");
}

// ---- completion ----

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

// ---- what other programs make of the scripts and the manual ----

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

  Finished Execute(Words argv) { return bitsd::tests::Run(argv, folder_.path()); }

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

TEST_F(DocsTest, TheManualHasASectionForEverything) {
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

TEST(RoffTest, NothingOfATextIsAMacro) {
  EXPECT_EQ(RoffText(".x\n'y\\z-a"), "\\&.x\n\\&\\(aqy\\ez\\-a");
}

}  // namespace
}  // namespace bits::cli
