// Flags, environment and configuration file: what wins, what is refused, what is never shown.

#include "client/cli/settings/settings.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "client/cli/exit_code.h"
#include "client/cli/pki.h"
#include "client/cli/settings/config_file.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/cli_run.h"
#include "tests/testing/temp_folder.h"

namespace bits::cli {
namespace {

using bitsd::tests::TempFolder;
using bitsd::tests::WriteFile;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kAliceSid[] = "S-1-5-21-1-2-3-1002";

class SettingsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(InitPki(Path("pki")).ok());
    ASSERT_TRUE(IssueClient(Path("pki"), "alice", kAliceSid, 1).ok());
    ASSERT_TRUE(IssueClient(Path("pki"), "bob", "S-1-5-21-1-2-3-1003", 1).ok());
    WriteFile(Path("config.yaml"),
              "default: bob\n"
              "identities:\n"
              "  alice:\n"
              "    endpoint: alice.example:1\n"
              "    certificate: pki/alice.crt\n"
              "    key: pki/alice.key\n"
              "    roots: pki/ca.crt\n"
              "    filter_admin: true\n"
              "  bob: {certificate: pki/bob.crt, key: pki/bob.key, roots: pki/ca.crt}\n");
    environment_["BITSCTL_CONFIG"] = Path("config.yaml");
  }

  std::string Path(const std::string& name) const { return folder_.File(name); }

  absl::StatusOr<Settings> Resolve(const std::map<std::string, std::string>& flags) {
    Arguments arguments;
    for (const auto& [name, value] : flags) arguments.Set(name, {value});
    return Settings::Resolve(arguments, [this](const std::string& name) {
      const auto found = environment_.find(name);
      return found == environment_.end() ? std::nullopt : std::optional(found->second);
    });
  }

  // Value and source of one setting.
  std::string Of(const std::map<std::string, std::string>& flags, const std::string& option) {
    const auto settings = Resolve(flags);
    if (!settings.ok()) return std::string(settings.status().message());
    return settings->Of(option).value + " from " + settings->Of(option).source;
  }

  absl::Status IdentityStatus(const std::map<std::string, std::string>& flags) {
    const auto settings = Resolve(flags);
    return settings.ok() ? settings->identity_status() : settings.status();
  }

  TempFolder folder_;
  std::map<std::string, std::string> environment_;
};

TEST_F(SettingsTest, AFlagWinsOverTheEnvironmentAndThatOverTheFile) {
  EXPECT_EQ(Of({{"--as", "alice"}}, "--endpoint"), "alice.example:1 from identity alice");
  environment_["BITSCTL_AS"] = "alice";
  EXPECT_EQ(Of({}, "--endpoint"), "alice.example:1 from identity alice");
  environment_["BITSCTL_ENDPOINT"] = "env:2";
  EXPECT_EQ(Of({}, "--endpoint"), "env:2 from BITSCTL_ENDPOINT");
  EXPECT_EQ(Of({{"--endpoint", "flag:3"}}, "--endpoint"), "flag:3 from --endpoint");
  environment_.clear();
  EXPECT_EQ(Of({}, "--endpoint"), "127.0.0.1:7443 from built in");
}

TEST_F(SettingsTest, EveryGlobalOptionHasItsVariable) {
  environment_["BITSCTL_JSON"] = "1";
  environment_["BITSCTL_TIMEOUT"] = "7";
  environment_["BITSCTL_FILTER_ADMIN"] = "yes";
  environment_["BITSCTL_IMPERSONATION_LEVEL"] = "Identify";
  environment_["BITSCTL_COLOR"] = "never";
  const auto settings = Resolve({});
  ASSERT_TRUE(settings.ok()) << settings.status();
  EXPECT_TRUE(settings->json());
  EXPECT_TRUE(settings->filter_admin());
  EXPECT_EQ(settings->timeout(), std::chrono::seconds(7));
  EXPECT_EQ(settings->Text("--impersonation-level"), "identify");
  EXPECT_FALSE(Resolve({{"--json", "false"}})->json()) << "a flag can take it back";
}

TEST_F(SettingsTest, ANonsensicalVariableIsAUsageErrorThatNamesIt) {
  for (const auto& [name, value] :
       {std::pair("BITSCTL_TIMEOUT", "soon"), std::pair("BITSCTL_TIMEOUT", "nan"),
        std::pair("BITSCTL_JSON", "maybe"), std::pair("BITSCTL_IMPERSONATION_LEVEL", "most")}) {
    environment_ = {{name, value}};
    const absl::Status status = Resolve({}).status();
    EXPECT_EQ(ExitCodeOf(status), kExitUsage) << name << " " << value;
    EXPECT_THAT(std::string(status.message()), HasSubstr(name));
  }
}

TEST_F(SettingsTest, AsOnTheCommandLineBringsTheWholeIdentity) {
  environment_["BITSCTL_CERT"] = "/env.crt";
  environment_["BITSCTL_KEY"] = "/env.key";
  EXPECT_EQ(Of({{"--as", "alice"}}, "--cert"), Path("pki/alice.crt") + " from identity alice");
  EXPECT_EQ(Of({{"--as", "alice"}}, "--key"), Path("pki/alice.key") + " from identity alice");
  EXPECT_EQ(Of({}, "--cert"), "/env.crt from BITSCTL_CERT") << "and the default has no say";
  EXPECT_EQ(Resolve({})->identity(), "");
  EXPECT_EQ(ExitCodeOf(IdentityStatus({{"--as", "alice"}, {"--cert", "/x"}})), kExitUsage);
  environment_["BITSCTL_AS"] = "alice";
  EXPECT_EQ(ExitCodeOf(IdentityStatus({})), kExitUsage) << "two identities in the environment";
}

TEST_F(SettingsTest, WithoutAnythingElseTheDefaultIdentityIsUsed) {
  EXPECT_EQ(Resolve({})->identity(), "bob");
  EXPECT_EQ(Of({}, "--cert"), Path("pki/bob.crt") + " from identity bob");
}

TEST_F(SettingsTest, AnotherIdentityMeetsTheSameService) {
  const auto first = Resolve({{"--as", "alice"}});
  const auto other = first->As("bob");
  ASSERT_TRUE(other.ok()) << other.status();
  EXPECT_EQ(other->Text("--cert"), Path("pki/bob.crt"));
  EXPECT_EQ(other->Text("--endpoint"), "alice.example:1");
  EXPECT_FALSE(other->filter_admin()) << "how alice presents herself is hers";
  EXPECT_EQ(ExitCodeOf(first->As("carol").status()), kExitNotFound);
}

TEST_F(SettingsTest, AnIdentityThatIsNotThereNamesThoseThatAre) {
  const absl::Status status = IdentityStatus({{"--as", "carol"}});
  EXPECT_EQ(ExitCodeOf(status), kExitNotFound);
  EXPECT_THAT(std::string(status.message()), HasSubstr("there are: alice bob"));
}

TEST_F(SettingsTest, AFileThatOthersCouldWriteIsRefused) {
  for (const mode_t mode : {0664, 0646}) {
    chmod(Path("config.yaml").c_str(), mode);
    const absl::Status status = IdentityStatus({});
    EXPECT_EQ(ExitCodeOf(status), kExitNoConnection);
    EXPECT_THAT(std::string(status.message()), HasSubstr("chmod go-w"));
  }
  chmod(Path("config.yaml").c_str(), 0644);
  EXPECT_TRUE(IdentityStatus({}).ok());
  if (geteuid() != 0) GTEST_SKIP() << "needs root to give the file away";
  ASSERT_EQ(chown(Path("config.yaml").c_str(), 61001, 61001), 0);
  EXPECT_THAT(std::string(IdentityStatus({}).message()), HasSubstr("belongs to somebody else"));
}

TEST_F(SettingsTest, AKeyThatOthersCanReadIsRefused) {
  for (const mode_t mode : {0640, 0604, 0666}) {
    chmod(Path("pki/bob.key").c_str(), mode);
    const absl::Status status = IdentityStatus({});
    EXPECT_EQ(ExitCodeOf(status), kExitNoConnection);
    EXPECT_THAT(std::string(status.message()), HasSubstr("chmod 600"));
  }
}

TEST_F(SettingsTest, AFileThatIsNotUnderstoodIsRefusedWithItsLine) {
  for (const auto& [yaml, problem] : std::map<std::string, std::string>{
           {"identities: [", "c.yaml:"},
           {"a: 1", "c.yaml:1: there is no key a"},
           {"default: x", "there is no identity x"},
           {"default: x\ndefault: y", "c.yaml:2: default is given twice"},
           {"identities: {a: {key: k}}", "needs the key certificate"},
           {"identities:\n  a: {certificate: c, key: k, roots: r, color: red}", "c.yaml:2:"},
           {"identities: {S-1-5-18: {certificate: c, key: k, roots: r}}", "no SID"},
           {"identities: {../a: {certificate: c, key: k, roots: r}}", "no SID"},
           {"identities: {a: {certificate: [c], key: k, roots: r}}", "must be text"},
           {"- a", "must have keys"},
           {std::string(100'000, ' '), "larger than 64 KiB"}}) {
    const auto config = ParseConfig("/f/c.yaml", yaml);
    EXPECT_FALSE(config.ok()) << yaml.substr(0, 60);
    EXPECT_THAT(std::string(config.status().message()), HasSubstr(problem)) << yaml.substr(0, 60);
  }
  EXPECT_TRUE(ParseConfig("/f/c.yaml", "").ok()) << "an empty file has no identities";
}

TEST_F(SettingsTest, RelativePathsBelongToTheFoldersOfTheFile) {
  const auto config =
      ParseConfig("/f/c.yaml", "identities: {a: {certificate: c, key: /k, roots: r/s}}");
  ASSERT_TRUE(config.ok()) << config.status();
  const NamedIdentity& identity = config->identities.at("a");
  EXPECT_EQ(identity.at("--cert"), "/f/c");
  EXPECT_EQ(identity.at("--key"), "/k");
  EXPECT_EQ(identity.at("--ca"), "/f/r/s");
}

// ---- whole command lines ----

TEST_F(SettingsTest, WhoAmIUsesTheNamedIdentity) {
  const Outcome who =
      RunCli({"whoami", "--config", Path("config.yaml"), "--as", "alice", "--json"});
  EXPECT_EQ(who.status, 0) << who.out;
  EXPECT_EQ(nlohmann::json::parse(who.out)["sid"], kAliceSid);
}

TEST_F(SettingsTest, ASidAfterAsMustBeThatOfTheCertificate) {
  const Outcome list = RunCli({"list", "--config", Path("config.yaml"), "--as", kAliceSid});
  EXPECT_EQ(list.status, kExitDenied) << "the default is bob";
  EXPECT_THAT(list.err, HasSubstr("nothing was sent"));
}

TEST_F(SettingsTest, IdentitiesShowsSourcesAndNoSecret) {
  const std::vector<std::string> words{"identities", "--config", Path("config.yaml"), "--as",
                                       "alice"};
  const Outcome text = RunCli(words);
  EXPECT_EQ(text.status, 0) << text.err;
  EXPECT_THAT(text.out, HasSubstr("* alice"));
  EXPECT_THAT(text.out, HasSubstr(kAliceSid));
  EXPECT_THAT(text.out, HasSubstr("identity alice"));
  EXPECT_THAT(text.out, Not(HasSubstr("PRIVATE KEY")));
  std::vector<std::string> json_words = words;
  json_words.push_back("--json");
  const auto json = nlohmann::json::parse(RunCli(json_words).out);
  EXPECT_EQ(json["settings"]["endpoint"]["source"], "identity alice");
  EXPECT_EQ(json["identities"].size(), 2u);
}

TEST_F(SettingsTest, ABrokenFileDoesNotStopWhatNeedsNoIdentity) {
  WriteFile(Path("config.yaml"), "nonsense: [");
  setenv("BITSCTL_CONFIG", Path("config.yaml").c_str(), 1);
  EXPECT_EQ(RunCli({"man"}).status, 0);
  EXPECT_EQ(RunCli({"completion", "bash"}).status, 0);
  EXPECT_EQ(RunCli({"list"}).status, kExitNoConnection);
  unsetenv("BITSCTL_CONFIG");
}

}  // namespace
}  // namespace bits::cli
