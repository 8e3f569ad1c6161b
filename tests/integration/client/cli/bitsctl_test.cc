// Whole command lines of bitsctl, of its own and of bitsadmin's spelling, against the real bitsd.

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <set>

#include "client/cli/command.h"
#include "tests/integration/client/cli/bitsctl_fixture.h"

namespace bitsd::tests {
namespace {

using bits::v1::JOB_STATE_ERROR;
using bits::v1::JOB_STATE_TRANSFERRED;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

// ---- transfer ----

TEST_F(BitsctlTest, TransferDownloadsEveryFileAndPutsItInPlace) {
  const std::string one = web().PutRandom("one", 3'000'000);
  const std::string two = web().PutRandom("two", 1000);
  const std::string folder = FolderOf("fetcher");
  const std::string out = Out({"transfer", "nightly", web().Url("one"), folder + "/1",
                               web().Url("two"), folder + "/2", "--priority", "high"});
  EXPECT_EQ(ReadFile(folder + "/1"), one);
  EXPECT_EQ(ReadFile(folder + "/2"), two);
  EXPECT_THAT(out, HasSubstr("100%"));
  EXPECT_THAT(out, HasSubstr("completed job "));
  EXPECT_THAT(out, Not(HasSubstr("\x1b"))) << "this is no terminal";
}

TEST_F(BitsctlTest, TransferAsAHelperWritesAsTheHelper) {
  const std::string content = web().PutRandom("file", 100'000);
  const std::string path = FolderOf("alice") + "/file";
  Out({"--as", "fetcher", "transfer", "nightly", web().Url("file"), path, "--as-helper", "alice"});
  EXPECT_EQ(ReadFile(path), content);
  EXPECT_EQ(OwnerOf(path), Demo("alice").uid);
}

TEST_F(BitsctlTest, TransferAsJsonIsAJobALine) {
  web().PutRandom("file", 100'000);
  const auto lines = JsonLines(
      Out({"transfer", "nightly", web().Url("file"), FolderOf("fetcher") + "/file", "--json"}));
  ASSERT_FALSE(lines.empty());
  for (const auto& line : lines) EXPECT_EQ(line.value("display_name", ""), "nightly");
  EXPECT_EQ(lines.back().value("state", ""), "JOB_STATE_ACKNOWLEDGED");
  EXPECT_EQ(lines.back()["progress"]["bytes_total"], "100000");
}

TEST_F(BitsctlTest, ADetachedTransferGoesOnByItself) {
  web().PutRandom("file", 1000);
  const std::string path = FolderOf("fetcher") + "/file";
  const std::string out = Out({"transfer", "nightly", web().Url("file"), path, "--detach"});
  EXPECT_THAT(out, HasSubstr("bitsctl complete "));
  EXPECT_EQ(Bitsctl({"monitor", "nightly"}).status, 0);
  Out({"complete", "nightly"});
  EXPECT_EQ(ReadFile(path).size(), 1000u);
}

TEST_F(BitsctlTest, ATransferThatFailsSaysWhyWhatToDoAndKeepsTheJob) {
  const Finished failed =
      Bitsctl({"transfer", "nightly", web().Url("missing"), FolderOf("fetcher") + "/file"});
  EXPECT_EQ(failed.status, 1) << failed.output;
  const std::string id = Value({"get", "nightly", "id"});
  EXPECT_THAT(failed.output, HasSubstr("job " + id + " is in ERROR"));
  EXPECT_THAT(failed.output, HasSubstr("BG_E_HTTP_ERROR_404"));
  EXPECT_THAT(failed.output, HasSubstr("  try:    check the URL"));
  EXPECT_THAT(failed.output, HasSubstr("bitsctl resume " + id));
  const std::string file = "0: " + FolderOf("fetcher") + "/file from " + web().Url("missing");
  EXPECT_THAT(failed.output, HasSubstr("file " + file));
  EXPECT_THAT(Out({"info", id}), HasSubstr(file));
  EXPECT_EQ(Value({"get", id, "state"}), "ERROR");
  EXPECT_THAT(Value({"/geterror", id}), StartsWith("0x80190194 BG_E_HTTP_ERROR_404 - "));
}

TEST_F(BitsctlTest, ATransferThatCannotBeStartedLeavesNothing) {
  web().PutRandom("file", 1000);
  const Finished refused =
      Bitsctl({"transfer", "nightly", web().Url("file"), FolderOf("alice") + "/file"});
  EXPECT_EQ(refused.status, 4) << refused.output;
  EXPECT_THAT(Out({"list", "--id-only"}), IsEmpty());
}

// ---- jobs and their names ----

TEST_F(BitsctlTest, AJobIsMeantByNameByIdByItsBeginningAndInBraces) {
  const std::string id = Value({"create", "nightly", "--id-only"});
  std::string upper = id;
  for (char& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  for (const std::string& ref :
       Words{"nightly", id, id.substr(0, 8), "{" + upper + "}", id.substr(0, 8) + "\u2026"}) {
    EXPECT_EQ(Value({"get", ref, "id"}), id) << ref;
  }
  Out({"create", "nightly"});
  const Finished ambiguous = Bitsctl({"info", "nightly"});
  EXPECT_EQ(ambiguous.status, 2);
  EXPECT_THAT(ambiguous.output, HasSubstr(id + "  nightly"));
}

TEST_F(BitsctlTest, AHostileNameIsHarmlessInEveryAnswer) {
  const std::string name = "x\x1b[2J\x1b]0;owned\x07y";
  const Finished created = Bitsctl({"create", name, "--id-only"});
  if (created.status != 0) GTEST_SKIP() << "the service refuses such a name";
  const std::string id = created.output.substr(0, 36);
  for (const Words& words :
       {Words{"list"}, Words{"list", "--json"}, Words{"info", id}, Words{"list", "--verbose"},
        Words{"get", id, "display-name"}, Words{"info", name}, Words{"info", "no" + name}}) {
    EXPECT_THAT(Bitsctl(words).output, Not(HasSubstr("\x1b"))) << words[0];
  }
}

TEST_F(BitsctlTest, FilesCanComeFromAList) {
  const std::string folder = FolderOf("fetcher");
  const std::string list = config_folder_.File("list");
  WriteFile(list,
            "http://192.0.2.1/a " + folder + "/a\n\n  http://192.0.2.1/b\t" + folder + "/b b\n");
  Out({"create", "nightly"});
  Out({"/AddFileSet", "nightly", list});
  EXPECT_THAT(Out({"list-files", "nightly"}), HasSubstr(folder + "/b b"));
  EXPECT_EQ(Value({"get", "nightly", "files-total"}), "2");
}

TEST_F(BitsctlTest, PagesCanBeReadOneByOne) {
  for (const char* name : {"a", "b", "c"}) Out({"create", name});
  const auto first = nlohmann::json::parse(Out({"list", "--page-size", "2", "--json"}));
  EXPECT_EQ(first["jobs"].size(), 2u);
  const auto second = nlohmann::json::parse(
      Out({"list", "--page-size", "2", "--page-token", first["next_page_token"], "--json"}));
  EXPECT_EQ(second["jobs"].size(), 1u);
  EXPECT_EQ(second["jobs"][0]["display_name"], "c");
}

TEST_F(BitsctlTest, AChangeOfAnOldRevisionIsRefused) {
  Out({"create", "nightly"});
  const std::string revision = Value({"get", "nightly", "revision"});
  Out({"set-priority", "nightly", "low", "--expected-revision", revision});
  EXPECT_EQ(Value({"get", "nightly", "priority"}), "LOW");
  const Finished stale =
      Bitsctl({"set-priority", "nightly", "high", "--expected-revision", revision});
  EXPECT_EQ(stale.status, 7);
  EXPECT_THAT(stale.output, HasSubstr("rule:   stale_revision"));
}

TEST_F(BitsctlTest, ARepeatedRequestIsAnsweredLikeTheFirst) {
  const Words words{"create", "nightly", "--id-only", "--request-id",
                    "9a2584c3-f7d2-457a-9a5e-22b67bffc7d2"};
  EXPECT_EQ(Out(words), Out(words));
}

// ---- helper tokens by job ----

TEST_F(BitsctlTest, BothSidesOfALoanAreDoneInOneCommand) {
  Out({"create", "nightly"});
  Out({"set-helper-token-flags", "--job", "nightly", "LOCAL_FILE"});
  Out({"set-helper-token", "--job", "nightly", "--as-helper", "alice", "--unrestricted"});
  EXPECT_EQ(Value({"get-helper-token-sid", "--job", "nightly"}), Demo("alice").sid);
  EXPECT_EQ(Value({"get-helper-token-flags", "--job", "nightly"}), "0x1 LOCAL_FILE");
  EXPECT_EQ(Value({"get", "nightly", "helper-token-sid"}), Demo("alice").sid);
  Out({"clear-helper-token", "--job", "nightly"});
  EXPECT_EQ(Value({"get-helper-token-sid", "--job", "nightly"}), "none");
}

TEST_F(BitsctlTest, NoHandleIsLeftBehind) {
  Out({"create", "nightly"});
  for (int i = 0; i < 20; ++i) Out({"get-helper-token-flags", "--job", "nightly"});
}

// ---- bitsadmin ----

TEST_F(BitsctlTest, SomebodyWhoKnowsBitsadminGetsAFile) {
  const std::string content = web().PutRandom("file", 100'000);
  const std::string path = FolderOf("fetcher") + "/file";
  EXPECT_THAT(Out({"/create", "/download", "myjob"}), StartsWith("created job "));
  Out({"/addfile", "myjob", web().Url("file"), path});
  Out({"/SETPRIORITY", "myjob", "FOREGROUND"});
  EXPECT_THAT(Out({"/list"}), HasSubstr("Listed 1 job(s)."));
  EXPECT_EQ(Out({"/rawreturn", "/getstate", "myjob"}), "SUSPENDED");
  Out({"/resume", "myjob"});
  Out({"/monitor", "myjob"});
  EXPECT_EQ(Out({"/getbytestransferred", "myjob"}), "100000\n");
  EXPECT_THAT(Out({"/info", "myjob", "/verbose"}), HasSubstr(path));
  Out({"/complete", "myjob"});
  EXPECT_EQ(ReadFile(path), content);
}

TEST_F(BitsctlTest, BitsadminsHelperTokenVerbsWork) {
  Out({"/create", "myjob"});
  Out({"/SetHelperTokenFlags", "myjob", "1"});
  EXPECT_EQ(Out({"/GetHelperTokenFlags", "myjob"}), "0x1 LOCAL_FILE\n");
  Out({"/SetHelperToken", "myjob"});
  EXPECT_EQ(Out({"/rawreturn", "/GetHelperTokenSid", "myjob"}), Demo("fetcher").sid);
  Out({"/SetHelperToken", "myjob", "alice"});
  EXPECT_EQ(Value({"/GetHelperTokenSid", "myjob"}), Demo("alice").sid);
  Out({"/ClearHelperToken", "myjob"});
  EXPECT_EQ(Value({"/GetHelperTokenSid", "myjob"}), "none");
}

// ---- exit codes and JSON ----

// Listens, and never answers.
class SilentServer {
 public:
  SilentServer() : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    auto* const any = reinterpret_cast<sockaddr*>(&address);
    if (bind(fd_, any, size) == 0 && listen(fd_, 5) == 0 && getsockname(fd_, any, &size) == 0) {
      endpoint_ = "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
    }
  }
  ~SilentServer() { close(fd_); }
  const std::string& endpoint() const { return endpoint_; }

 private:
  int fd_;
  std::string endpoint_;
};

TEST_F(BitsctlTest, ScriptsCanTellFailuresApart) {
  const std::string id = Value({"create", "nightly", "--id-only"});
  const SilentServer silent;
  const std::string nobody = "127.0.0.1:" + std::to_string(FreePort());
  const std::vector<std::pair<Words, int>> expected{
      {{"info", "no such job"}, 3},
      {{"info", "00000000-0000-4000-8000-000000000001"}, 3},
      {{"describe-error", "0x12345678"}, 3},
      {{"--as", "mallory", "info", id}, 4},
      {{"list", "--all-users"}, 4},
      {{"list", "--endpoint", nobody}, 5},
      {{"list", "--endpoint", silent.endpoint(), "--timeout", "0.5"}, 6},
      {{"resume", id}, 7},
      {{"create", "x", "--type", "upload"}, 9},
      {{"create", std::string(300, 'x')}, 2},
      {{"create", "\xE9t\xE9"}, 2},
      {{"list", "--as", "nobody"}, 3},
  };
  for (const auto& [words, status] : expected) {
    const Finished text = Bitsctl(words);
    EXPECT_EQ(text.status, status) << words[0] << ": " << text.output;
    EXPECT_THAT(text.output, StartsWith("bitsctl: ")) << words[0];
    Words with_json = words;
    with_json.push_back("--json");
    const Finished json = Bitsctl(with_json);
    EXPECT_EQ(json.status, status);
    EXPECT_EQ(nlohmann::json::parse(json.output)["error"].size(), 6u) << json.output;
  }
  const auto denied =
      nlohmann::json::parse(Bitsctl({"--as", "mallory", "info", id, "--json"}).output)["error"];
  EXPECT_EQ(denied["hresult"], "0x80070005");
  EXPECT_EQ(denied["rule"], "job_access");
  EXPECT_EQ(denied["code"], "PERMISSION_DENIED");
}

TEST_F(BitsctlTest, EveryAnswerIsThereAsJson) {
  web().PutRandom("file", 1000);
  const std::string folder = FolderOf("fetcher");
  const std::string handle = config_folder_.File("handle");
  const std::string sid = Demo("fetcher").sid;
  const std::vector<Words> all{
      {"create", "j"},
      {"add-file", "j", web().Url("file"), folder + "/f"},
      {"list"},
      {"list", "--verbose"},
      {"info", "j"},
      {"get", "j", "state"},
      {"list-files", "j"},
      {"describe-error", "0x80200056"},
      {"server-info"},
      {"set-display-name", "j", "k"},
      {"set-description", "k", "text"},
      {"set-priority", "k", "LOW"},
      {"set-min-retry-delay", "k", "60"},
      {"set-no-progress-timeout", "k", "60"},
      {"get-handle", "k", "--helper", sid, "--handle-file", handle},
      {"set-helper-token-flags", "--handle-file", handle, "0"},
      {"get-helper-token-flags", "--handle-file", handle},
      {"set-helper-token", "--handle-file", handle, "--unrestricted"},
      {"get-helper-token-sid", "--handle-file", handle},
      {"clear-helper-token", "--handle-file", handle},
      {"release", "--handle-file", handle},
      {"set-credentials", "k", "server", "negotiate"},
      {"remove-credentials", "k", "server", "negotiate"},
      {"set-client-certificate", "k", "/c.pem", "/c.key"},
      {"remove-client-certificate", "k"},
      {"set-proxy", "k", "no_proxy"},
      {"set-security-flags", "k", "0"},
      {"resume", "k"},
      {"suspend", "k"},
      {"cancel", "k"},
      {"logon"},
      {"sessions"},
      {"logoff"},
      {"whoami"},
      {"identities"},
      {"completion", "zsh"},
      {"man"},
      {"pki", "init", config_folder_.File("pki")},
      {"pki", "issue", config_folder_.File("pki"), "x", "--sid", sid},
      {"transfer", "t", web().Url("file"), folder + "/g", "--detach"},
  };
  std::set<std::string> asked{"complete", "monitor"};  // Other tests ask these.
  for (Words words : all) {
    asked.insert(words[0] == "pki" ? words[0] + " " + words[1] : words[0]);
    words.push_back("--json");
    const Finished finished = Bitsctl(words);
    EXPECT_EQ(finished.status, 0) << words[0] << ": " << finished.output;
    EXPECT_TRUE(nlohmann::json::parse(finished.output, nullptr, false).is_object())
        << words[0] << ": " << finished.output;
  }
  for (const bits::cli::Command* command : bits::cli::AllCommands()) {
    EXPECT_TRUE(asked.contains(std::string(command->name))) << command->name;
  }
}

TEST_F(BitsctlTest, CompletionKnowsTheJobsAndTheIdentities) {
  const std::string id = Value({"create", "nightly image", "--id-only"});
  const auto complete = [this](Words words) {
    words.insert(words.begin(), {BITSCTL_PROGRAM, "__complete", "--config", Config()});
    return tests::Run(words, config_folder_.path()).output;
  };
  EXPECT_EQ(complete({"resume", ""}), "nightly image\t" + id + "\n");
  EXPECT_EQ(complete({"resume", id.substr(0, 4)}), id + "\tnightly image\n");
  EXPECT_EQ(complete({"--as", "alice", "resume", ""}), "") << "alice has no jobs";
  EXPECT_THAT(complete({"--as", "al"}), StartsWith("alice\t"));
}

}  // namespace
}  // namespace bitsd::tests
