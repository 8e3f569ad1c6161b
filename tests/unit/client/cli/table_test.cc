// The command table, its help, and bitsadmin's spelling of it.

#include <iomanip>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "bits/v1/session.pb.h"
#include "bits/v1/token_options.pb.h"
#include "client/cli/bitsadmin.h"
#include "client/cli/command.h"
#include "client/cli/command_line.h"
#include "client/cli/exit_code.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/cli_run.h"
#include "tests/testing/cli_words.h"

namespace bits::cli {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

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
        v1::SetHelperTokenRequest::descriptor()->file(), v1::Session::descriptor()->file()}) {
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
              ElementsAre("set-helper-token", "--unrestricted", "--job=j", "--as-helper=alice"));
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

// What the parser takes where bitsadmin's reference says `name`.
std::string OperandFor(const std::string& name) {
  if (name == "PRIORITY") return "HIGH";
  if (name == "TARGET") return "SERVER";
  if (name == "SCHEME") return "NTLM";
  return name == "USAGE" ? "NO_PROXY" : name;
}

TEST(BitsadminTest, APasswordBecomesNoWord) {
  const BitsadminLine line =
      FromBitsadmin({"/SetCredentials", "j", "SERVER", "BASIC", "user", "hunter2"});
  EXPECT_THAT(line.words, ElementsAre("set-credentials", "--", "j", "SERVER", "BASIC", "user"));
  EXPECT_EQ(line.password, "hunter2");
  EXPECT_EQ(FromBitsadmin({"/getstate", "j"}).password, std::nullopt);
}

TEST(BitsadminTest, EveryVerbThatIsHereLeadsToACommand) {
  for (const BitsadminVerb& verb : BitsadminVerbs()) {
    if (verb.meaning.starts_with('!')) continue;
    Words words{"/" + std::string(verb.verb)};
    for (const std::string& operand : Split(verb.operands)) {
      if (operand != "...") words.push_back(OperandFor(operand));
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

}  // namespace
}  // namespace bits::cli
