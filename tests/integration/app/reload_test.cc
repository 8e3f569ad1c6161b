// Reload through the real bitsd: what is replaced well takes effect on live connections, what is
// not leaves the old in force, and nobody's connection ends.

#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <thread>

#include "gmock/gmock.h"
#include "tests/testing/bitsd/bitsd_fixture.h"

namespace bitsd::tests {
namespace {

using bits::v1::ReloadState;
using testing::HasSubstr;
using testing::Not;

class ReloadTest : public BitsdTest {
 protected:
  std::string Etc(std::string_view name) {
    return bitsd().folder().File("etc/" + std::string(name));
  }

  /// As a careful operator does.
  static void Rename(const std::string& path, const std::string& text, mode_t mode = 0644,
                     uid_t owner = 0) {
    const std::string next = path + ".new";
    WriteFile(next, text, mode);
    GiveTo(next, owner, owner);
    ASSERT_EQ(::rename(next.c_str(), path.c_str()), 0);
  }

  static void Link(const std::string& target, const std::string& path) {
    const std::string next = path + ".link";
    ASSERT_EQ(::symlink(target.c_str(), next.c_str()), 0);
    ASSERT_EQ(::rename(next.c_str(), path.c_str()), 0);
  }

  /// Writes the directory with `change` made to the account of `name`, whole lines of YAML added.
  void ChangeAccount(std::string_view name, uid_t uid, const std::string& lines = "") {
    std::string yaml = "accounts:\n";
    for (const DemoIdentity& who : DemoIdentities()) {
      if (who.name == name && uid == 0) continue;
      DemoIdentity changed = who;
      if (who.name == name) changed.uid = uid;
      yaml += AccountDirectoryYaml({changed}).substr(std::string("accounts:\n").size());
      if (who.name == name) yaml += lines;
    }
    Rename(Etc("accounts.yaml"), yaml);
  }

  ReloadState StateOf(ReloadState::Source source) {
    const auto info = As("admin").GetServerInfo();
    EXPECT_TRUE(info.ok()) << info.status();
    if (info.ok()) {
      for (const ReloadState& state : info->reload_states()) {
        if (state.source() == source) return state;
      }
    }
    return {};
  }
  bool IsFailing(ReloadState::Source source) { return StateOf(source).failing(); }

  size_t LogLines(const std::string& text) {
    const std::string log = bitsd().Log();
    size_t count = 0;
    for (size_t at = log.find(text); at != std::string::npos; at = log.find(text, at + 1)) ++count;
    return count;
  }

  /// A whole PKI beside the one in force, which nobody trusts yet.
  std::unique_ptr<DemoPki> OtherPki() {
    auto pki = DemoPki::Create(bitsd().folder().File("other"), DemoIdentities());
    EXPECT_TRUE(pki.ok()) << pki.status();
    return *std::move(pki);
  }

  /// As alice, by a new connection, believing the server whose root is at `roots`.
  absl::Status CallAnew(const std::string& roots) {
    auto options = bitsd().ClientOptionsOf("alice");
    const CertificateFiles files = bitsd().pki().Of("alice");
    auto identity = bits::LoadIdentity(files.certificate, files.key, roots);
    if (!identity.ok()) return identity.status();
    options->identity = *std::move(identity);
    options->deadline = std::chrono::seconds(5);
    const auto client = bits::Client::Connect(*std::move(options));
    return client.ok() ? client->GetServerInfo().status() : client.status();
  }

  /// Puts the server pair of `pki` in force by renames.
  void UsePairOf(const DemoPki& pki) {
    Rename(bitsd().pki().server().certificate, ReadFile(pki.server().certificate));
    Rename(bitsd().pki().server().key, ReadFile(pki.server().key), 0600, kBitsdUser);
  }
};

TEST_F(ReloadTest, ANewServerCertificateIsForNewConnectionsAndOldOnesStay) {
  const bits::Client alice = As("alice");
  ASSERT_TRUE(alice.GetServerInfo().ok());
  const auto other = OtherPki();
  ASSERT_FALSE(CallAnew(other->roots()).ok());
  UsePairOf(*other);
  EXPECT_TRUE(WaitFor([&] { return CallAnew(other->roots()).ok(); })) << bitsd().Log();
  EXPECT_TRUE(alice.GetServerInfo().ok()) << "she would not believe the new certificate";
  EXPECT_FALSE(CallAnew(bitsd().pki().roots()).ok());
}

TEST_F(ReloadTest, AHalfReplacedPairLeavesTheOldOneInForceUntilItIsWhole) {
  const auto other = OtherPki();
  Rename(bitsd().pki().server().certificate, ReadFile(other->server().certificate));
  ASSERT_TRUE(WaitFor([&] { return IsFailing(ReloadState::SOURCE_SERVER_CERTIFICATE); }));
  const ReloadState state = StateOf(ReloadState::SOURCE_SERVER_CERTIFICATE);
  EXPECT_THAT(state.last_failure_reason(), HasSubstr("does not belong"));
  EXPECT_THAT(state.last_failure_file(), HasSubstr("server.crt"));
  EXPECT_TRUE(CallAnew(bitsd().pki().roots()).ok()) << "handshakes go on with the old pair";
  bitsd().process().Signal(SIGHUP);
  ASSERT_TRUE(WaitFor([&] { return LogLines("SIGHUP") == 1; }));
  EXPECT_EQ(LogLines("cannot reload the server certificate"), 1u) << "told once, not at each look";
  Rename(bitsd().pki().server().key, ReadFile(other->server().key), 0600, kBitsdUser);
  EXPECT_TRUE(WaitFor([&] { return CallAnew(other->roots()).ok(); })) << bitsd().Log();
  EXPECT_EQ(LogLines("in order again: server certificate"), 1u);
}

TEST_F(ReloadTest, PairsThatCannotBeTakenAreReported) {
  const std::string key = bitsd().pki().server().key;
  const std::string good = ReadFile(key);
  const auto expect = [&](const std::string& reason) {
    EXPECT_TRUE(WaitFor([&] {
      return testing::Value(StateOf(ReloadState::SOURCE_SERVER_CERTIFICATE).last_failure_reason(),
                            HasSubstr(reason));
    })) << reason
        << bitsd().Log();
    EXPECT_TRUE(CallAnew(bitsd().pki().roots()).ok());
  };
  Rename(key, good, 0644, kBitsdUser);
  expect("others may read");
  Rename(key, good, 0600, Demo("mallory").uid);
  expect("Permission denied");
  Rename(key, "garbage", 0600, kBitsdUser);
  expect("no PEM private key");
  ASSERT_EQ(::unlink(key.c_str()), 0);
  expect("cannot be opened");
  const auto user = As("alice").GetServerInfo();
  ASSERT_TRUE(user.ok());
  for (const ReloadState& state : user->reload_states()) {
    EXPECT_EQ(state.last_failure_reason(), "") << "for administrators only";
  }
  Rename(key, good, 0600, kBitsdUser);
  EXPECT_TRUE(WaitFor([&] { return !IsFailing(ReloadState::SOURCE_SERVER_CERTIFICATE); }));
}

TEST_F(ReloadTest, LinksSwappedAsKubernetesDoesAreFollowed) {
  const std::string pki = bitsd().folder().File("pki");
  const auto other = OtherPki();
  const auto generation = [&](const std::string& name, const CertificateFiles& pair) {
    const std::string folder = bitsd().folder().MakeFolder("pki/" + name, 0, 0);
    WriteFile(folder + "/server.crt", ReadFile(pair.certificate));
    WriteFile(folder + "/server.key", ReadFile(pair.key), 0600);
    GiveTo(folder + "/server.key", kBitsdUser, kBitsdUser);
  };
  generation("..1", bitsd().pki().server());
  generation("..2", other->server());
  Link("..1", pki + "/..data");
  Link("..data/server.crt", pki + "/server.crt");
  Link("..data/server.key", pki + "/server.key");
  bitsd().process().Signal(SIGHUP);
  ASSERT_TRUE(WaitFor([&] { return LogLines("SIGHUP") == 1; }));
  EXPECT_FALSE(IsFailing(ReloadState::SOURCE_SERVER_CERTIFICATE)) << bitsd().Log();
  Link("..2", pki + "/..data");
  EXPECT_TRUE(WaitFor([&] { return CallAnew(other->roots()).ok(); })) << bitsd().Log();
}

TEST_F(ReloadTest, RemovedRootsEndWhoCameByThemOnTheirLiveConnections) {
  const bits::Client alice = As("alice");
  const bits::Client fetcher = As("fetcher");
  const std::string job = CreateJob(fetcher);
  const bits::Handle handle = HandleFor(fetcher, job, "alice");
  ASSERT_TRUE(fetcher.SetHelperTokenFlags(handle, 1).ok());
  ASSERT_TRUE(alice.SetHelperToken(handle, Demo("alice").sid).ok());
  const auto other = OtherPki();
  const std::string old = ReadFile(bitsd().pki().roots());
  // Both for a while: nobody is believed less.
  Rename(bitsd().pki().roots(), old + ReadFile(other->roots()));
  ASSERT_TRUE(WaitFor([&] { return LogLines("reloaded: client roots") == 1; }));
  EXPECT_TRUE(alice.GetHelperTokenSid(handle).ok());
  Rename(bitsd().pki().roots(), ReadFile(other->roots()));
  ASSERT_TRUE(WaitFor([&] { return !alice.GetServerInfo().ok(); }));
  EXPECT_THAT(alice.GetServerInfo().status().ToString(), HasSubstr("issuer is not trusted"));
  EXPECT_EQ(bitsd().AwaitAudit("helper_token_discarded", 1).size(), 1u);
}

TEST_F(ReloadTest, ADisabledAccountLosesItsTokensHandlesAndStreamsAndIsRefused) {
  const bits::Client fetcher = As("fetcher");
  const bits::Client alice = As("alice");
  const std::string lent = CreateJob(fetcher);
  const bits::Handle handle = HandleFor(fetcher, lent, "alice");
  ASSERT_TRUE(fetcher.SetHelperTokenFlags(handle, 1).ok());
  ASSERT_TRUE(alice.SetHelperToken(handle, Demo("alice").sid).ok());
  const std::string own = CreateJob(alice);
  const bits::Handle of_alice = HandleFor(alice, own, "bob");
  bits::JobWatch watch = alice.WatchJobs({});
  ASSERT_TRUE(watch.Next().ok());

  ChangeAccount("alice", Demo("alice").uid, "    disabled: true\n");
  WaitForState(fetcher, lent, bits::v1::JOB_STATE_ERROR);
  const auto discarded = bitsd().AwaitAudit("helper_token_discarded", 1);
  ASSERT_FALSE(discarded.empty());
  EXPECT_EQ(discarded.back().value("reason", ""), "account_disabled");
  const auto changed = bitsd().AwaitAudit("account_changed", 1);
  ASSERT_FALSE(changed.empty());
  EXPECT_EQ(changed.back().value("sid", ""), Demo("alice").sid);
  absl::StatusOr<std::optional<bits::v1::WatchJobsResponse>> event = watch.Next();
  while (event.ok() && event->has_value()) event = watch.Next();
  EXPECT_EQ(event.status().code(), absl::StatusCode::kUnauthenticated) << event.status();
  const absl::Status refused = alice.GetServerInfo().status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kUnauthenticated);
  EXPECT_THAT(refused.ToString(), HasSubstr("account_disabled"));
  EXPECT_EQ(ErrorText(As("bob").GetHelperTokenFlags(of_alice).status()), "RPC_E_DISCONNECTED");
  EXPECT_TRUE(fetcher.GetHelperTokenFlags(handle).ok()) << "hers lives on";

  Rename(Etc("accounts.yaml"), AccountDirectoryYaml(DemoIdentities()));
  EXPECT_TRUE(WaitFor([&] { return alice.GetServerInfo().ok(); })) << "on the same connection";
}

TEST_F(ReloadTest, AJobInFlightGoesOnAsItsOwnersNewIdentity) {
  const std::string content = web().PutRandom("big", 6'000'000);
  const bits::Client alice = As("alice");
  const uid_t new_uid = kBitsdUser + 500;
  const std::string folder = bitsd().folder().MakeFolder("both", 0, 0, 0777);
  const std::string job = CreateJob(alice);
  ASSERT_TRUE(AddFile(alice, job, "slow/big", folder + "/big").ok());
  ASSERT_TRUE(alice.Resume(job).ok());
  ASSERT_TRUE(WaitFor([&] { return alice.GetJob(job)->progress().bytes_transferred() > 100'000; }));
  ChangeAccount("alice", new_uid);
  WaitForState(alice, job, bits::v1::JOB_STATE_TRANSFERRED);
  const auto done = alice.Complete(job);
  ASSERT_TRUE(done.ok()) << done.status();
  EXPECT_EQ(ReadFile(folder + "/big"), content);
  EXPECT_EQ(OwnerOf(folder + "/big"), new_uid);
}

TEST_F(ReloadTest, AJobWhoseOwnerIsRemovedWaitsForTheAccountAndGoesOn) {
  const std::string content = web().PutRandom("big", 4'000'000);
  const bits::Client admin = As("admin");
  const bits::Client alice = As("alice");
  const std::string path = FolderOf("alice") + "/big";
  const std::string job = CreateJob(alice);
  ASSERT_TRUE(AddFile(alice, job, "slow/big", path).ok());
  ASSERT_TRUE(alice.Resume(job).ok());
  ASSERT_TRUE(WaitFor([&] { return alice.GetJob(job)->progress().bytes_transferred() > 0; }));
  ChangeAccount("alice", 0);
  ASSERT_TRUE(WaitFor([&] {
    return admin.GetJob(job)->waiting_for() == bits::v1::WAITING_FOR_ACCOUNT;
  })) << admin.GetJob(job)->ShortDebugString();
  EXPECT_EQ(admin.GetJob(job)->state(), bits::v1::JOB_STATE_QUEUED);
  EXPECT_THAT(alice.GetJob(job).status().ToString(), HasSubstr("unknown_account"));
  Rename(Etc("accounts.yaml"), AccountDirectoryYaml(DemoIdentities()));
  ASSERT_TRUE(WaitFor([&] {
    return admin.GetJob(job)->waiting_for() == bits::v1::WAITING_FOR_LOGON;
  })) << "it was logged off with its account";
  ASSERT_TRUE(alice.GetServerInfo().ok()) << "a call is a logon";
  WaitForState(admin, job, bits::v1::JOB_STATE_TRANSFERRED);
  ASSERT_TRUE(alice.Complete(job).ok());
  EXPECT_EQ(ReadFile(path), content);
}

TEST_F(ReloadTest, DirectoriesThatCannotBeBelievedLeaveTheOldOneInForceInServerAndBroker) {
  const bits::Client alice = As("alice");
  const std::string good = AccountDirectoryYaml(DemoIdentities());
  const auto expect = [&](const std::string& reason) {
    EXPECT_TRUE(WaitFor([&] {
      return testing::Value(StateOf(ReloadState::SOURCE_ACCOUNT_DIRECTORY).last_failure_reason(),
                            HasSubstr(reason));
    })) << reason
        << bitsd().Log();
    const std::string job = CreateJob(alice);
    EXPECT_EQ(ErrorText(AddFile(alice, job, "f", FolderOf("alice") + "/f")), "OK") << reason;
    EXPECT_TRUE(alice.Cancel(job).ok());
  };
  Rename(Etc("accounts.yaml"), "accounts:\n  - sid: S-1-5\n    name: x\n  - nonsense: 1\n");
  expect("accounts.yaml:4:5: unknown key");
  Rename(Etc("accounts.yaml"), good, 0666);
  expect("may be written");
  Rename(Etc("accounts.yaml"), good, 0644, kBitsdUser);
  expect("belongs to uid");
  EXPECT_GE(LogLines("broker: what was loaded before stays in force"), 2u) << bitsd().Log();
  Rename(Etc("accounts.yaml"), good);
  EXPECT_TRUE(WaitFor([&] { return !IsFailing(ReloadState::SOURCE_ACCOUNT_DIRECTORY); }));
}

TEST_F(ReloadTest, TheConfigurationIsReloadedButForWhatNeedsARestart) {
  const bits::Client alice = As("alice");
  const std::string path = FolderOf("alice") + "/f";
  const std::string first = CreateJob(alice);
  ASSERT_EQ(ErrorText(AddFile(alice, first, "f", path)), "OK");
  std::string yaml = ReadFile(Etc("bitsd.yaml"));
  const std::string old = yaml;
  yaml.replace(yaml.find("127.0.0.1:0"), 11, "127.0.0.1:9");
  yaml +=
      "policy: windows7\nlimits: {files_per_job: 1}\nallowed_roots: [" + FolderOf("bob") + "]\n";
  Rename(Etc("bitsd.yaml"), yaml);
  EXPECT_TRUE(WaitFor([&] {
    return ErrorText(AddFile(alice, first, "f", path)) == "BG_E_TOO_MANY_FILES_IN_JOB";
  })) << bitsd().Log();
  EXPECT_TRUE(WaitFor([&] { return alice.GetServerInfo()->policy() == "windows7"; }));
  const auto info = alice.GetServerInfo();
  ASSERT_TRUE(info.ok());
  EXPECT_THAT(info->restart_needed(), testing::ElementsAre("listen"));
  EXPECT_TRUE(WaitFor([&] {
    const std::string job = CreateJob(alice);
    const std::string error = ErrorText(AddFile(alice, job, "f", path));
    return alice.Cancel(job).ok() && error == "E_ACCESSDENIED/path_outside_roots";
  })) << "the broker's own roots";
  Rename(Etc("bitsd.yaml"), "nonsense: 1\n" + old);
  ASSERT_TRUE(WaitFor([&] { return IsFailing(ReloadState::SOURCE_CONFIGURATION); }));
  EXPECT_EQ(ErrorText(AddFile(alice, first, "f", path)), "BG_E_TOO_MANY_FILES_IN_JOB");
}

TEST_F(ReloadTest, CallsGoOnWhileEverythingIsReplacedAgainAndAgain) {
  const bits::Client alice = As("alice");
  const auto other = OtherPki();
  const std::string own_certificate = ReadFile(bitsd().pki().server().certificate);
  const std::string own_key = ReadFile(bitsd().pki().server().key);
  std::atomic<bool> over = false;
  std::atomic<int> failed = 0;
  std::thread caller([&] {
    while (!over) failed += alice.GetServerInfo().ok() ? 0 : 1;
  });
  for (int i = 0; i < 10; ++i) {
    const bool mine = i % 2 == 1;
    Rename(bitsd().pki().server().certificate,
           mine ? own_certificate : ReadFile(other->server().certificate));
    Rename(bitsd().pki().server().key, mine ? own_key : ReadFile(other->server().key), 0600,
           kBitsdUser);
    ChangeAccount("bob", Demo("bob").uid + (mine ? 0 : 300));
    bitsd().process().Signal(SIGHUP);
    const size_t count = static_cast<size_t>(i) + 1;
    ASSERT_TRUE(WaitFor([&] { return LogLines("SIGHUP") == count; }));
    // Two changes that are seen together may be none.
    ASSERT_TRUE(WaitFor([&] { return bitsd().Audit("account_changed").size() == count; }));
  }
  over = true;
  caller.join();
  EXPECT_EQ(failed, 0);
}

TEST_F(ReloadTest, CheckConfigSaysWhatIsWrongWhereAndChangesNothing) {
  EXPECT_EQ(bitsd().CheckConfig().status, 0) << bitsd().CheckConfig().output;
  const auto other = OtherPki();
  Rename(bitsd().pki().server().certificate, ReadFile(other->server().certificate));
  Rename(Etc("accounts.yaml"),
         "accounts:\n  - {sid: S-1-5-21-1, name: a, bad: 1}\n  - {name: b}\n");
  ASSERT_EQ(::chown(bitsd().folder().File("own/log").c_str(), 0, 0), 0);
  Finished finished = bitsd().CheckConfig();
  EXPECT_EQ(finished.status, 1);
  for (const char* problem : {"does not belong to the TLS certificate", "accounts.yaml:2:",
                              "accounts.yaml:3:", "own/log: belongs to uid 0"}) {
    EXPECT_THAT(finished.output, HasSubstr(problem));
  }
  Rename(Etc("bitsd.yaml"), "listen: 1\npolicy: modern\n" + ReadFile(Etc("bitsd.yaml")));
  finished = bitsd().CheckConfig();
  EXPECT_EQ(finished.status, 1);
  EXPECT_THAT(finished.output, HasSubstr("bitsd.yaml:"));
  EXPECT_THAT(finished.output, Not(HasSubstr("would start")));
}

}  // namespace
}  // namespace bitsd::tests
