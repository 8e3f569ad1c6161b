// What `cmake --install` puts in place: complete, harmless, and enough to build and run programs
// that know nothing of this repository, against the bitsd that was installed with them.

#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <set>
#include <sstream>

#include "gmock/gmock.h"
#include "tests/testing/bitsd/bitsd_fixture.h"

namespace bitsd::tests {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::IsSupersetOf;

constexpr char kComponents[][16] = {"server", "cli", "client", "development", "documentation"};

/// The regular files and links below `folder`, relative to it.
std::set<std::string> FilesIn(const std::string& folder) {
  std::set<std::string> files;
  if (!fs::exists(folder)) return files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (!entry.is_directory()) files.insert(entry.path().lexically_relative(folder).string());
  }
  return files;
}

/// `cmake --install` with `arguments`; DESTDIR unless it is empty.
Finished Install(const TempFolder& folder, std::vector<std::string> arguments,
                 const std::string& destdir = "") {
  std::vector<std::string> argv = {"/usr/bin/env", "DESTDIR=" + destdir, CMAKE_PROGRAM, "--install",
                                   BITSD_BUILD_DIR};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  return Run(argv, folder.path());
}

/// One tree for all tests of this file.
class InstalledTree {
 public:
  InstalledTree() { finished_ = Install(folder_, {"--prefix", prefix()}); }
  std::string prefix() const { return folder_.File("prefix"); }
  std::string File(std::string_view name) const { return prefix() + "/" + std::string(name); }
  const TempFolder& folder() const { return folder_; }
  const Finished& finished() const { return finished_; }

 private:
  TempFolder folder_;
  Finished finished_;
};

std::unique_ptr<InstalledTree> tree;

class InstallTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { tree = std::make_unique<InstalledTree>(); }
  static void TearDownTestSuite() { tree.reset(); }
  void SetUp() override { ASSERT_EQ(tree->finished().status, 0) << tree->finished().output; }
};

TEST_F(InstallTest, EverythingIsInItsPlace) {
  EXPECT_THAT(FilesIn(tree->prefix()),
              IsSupersetOf({"sbin/bitsd", "bin/bitsctl", "lib/libbits_client.so",
                            "include/bitsd/client/client.h", "include/bits/v1/job.pb.h",
                            "lib/cmake/bitsd/bitsd-config.cmake", "lib/pkgconfig/bits_client.pc",
                            "share/bitsd/proto/bits/v1/token_options.proto", "etc/bitsd/bitsd.yaml",
                            "etc/bitsd/accounts.yaml", "lib/systemd/system/bitsd.service",
                            "lib/sysusers.d/bitsd.conf", "lib/tmpfiles.d/bitsd.conf",
                            "share/doc/bitsd/LICENSE", "share/doc/bitsd/operations.md"}));
}

TEST_F(InstallTest, NothingOutsideThePrefixIsTouched) {
  std::istringstream manifest(ReadFile(std::string(BITSD_BUILD_DIR) + "/install_manifest.txt"));
  for (std::string line; std::getline(manifest, line);) {
    EXPECT_TRUE(line.starts_with(tree->prefix() + "/")) << line;
  }
}

TEST_F(InstallTest, NoFileHasCapabilitiesOrASetIdBitOrIsWritableByOthers) {
  for (const std::string& name : FilesIn(tree->prefix())) {
    const std::string path = tree->File(name);
    struct stat info {};
    ASSERT_EQ(lstat(path.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & (S_ISUID | S_ISGID), 0u) << name;
    EXPECT_TRUE(S_ISLNK(info.st_mode) || (info.st_mode & (S_IWGRP | S_IWOTH)) == 0) << name;
    EXPECT_LT(lgetxattr(path.c_str(), "security.capability", nullptr, 0), 0) << name;
  }
}

TEST_F(InstallTest, NothingPublicNeedsGrpcOrTheSources) {
  for (const std::string& name : FilesIn(tree->prefix())) {
    if (!name.starts_with("include/") && !name.starts_with("lib/cmake/")) continue;
    const std::string text = ReadFile(tree->File(name));
    for (const char* foreign : {"grpcpp", "gRPC::", "google/rpc", BITSD_SOURCE_DIR}) {
      EXPECT_EQ(text.find(foreign), std::string::npos) << name << " has " << foreign;
    }
  }
}

TEST_F(InstallTest, TheComponentsAreTheWholeAndShareNothing) {
  const std::set<std::string> whole = FilesIn(tree->prefix());
  std::set<std::string> together;
  for (const char* component : kComponents) {
    const std::string part = tree->folder().File(component);
    ASSERT_EQ(Install(tree->folder(), {"--prefix", part, "--component", component}).status, 0);
    for (const std::string& name : FilesIn(part)) {
      EXPECT_TRUE(together.insert(name).second) << name << " is in two components";
    }
  }
  EXPECT_EQ(together, whole);
}

TEST_F(InstallTest, WithDestdirTheSameFilesGoBelowTheConfiguredPrefix) {
  const std::string destdir = tree->folder().File("destdir");
  ASSERT_EQ(Install(tree->folder(), {}, destdir).status, 0);
  EXPECT_EQ(FilesIn(destdir + CONFIGURED_PREFIX), FilesIn(tree->prefix()));
  EXPECT_THAT(ReadFile(destdir + CONFIGURED_PREFIX "/lib/systemd/system/bitsd.service"),
              HasSubstr("ExecStart=" CONFIGURED_PREFIX "/sbin/bitsd --config"));
}

TEST_F(InstallTest, AConfigurationThatIsThereIsKept) {
  const std::string destdir = tree->folder().File("again");
  const std::string config = destdir + CONFIGURED_PREFIX "/etc/bitsd/bitsd.yaml";
  fs::create_directories(fs::path(config).parent_path());
  WriteFile(config, "mine");
  ASSERT_EQ(Install(tree->folder(), {"--component", "server"}, destdir).status, 0);
  EXPECT_EQ(ReadFile(config), "mine");
  EXPECT_FALSE(ReadFile(destdir + CONFIGURED_PREFIX "/etc/bitsd/accounts.yaml").empty());
}

/// `text` with every `from` replaced.
std::string Replaced(std::string text, const std::string& from, const std::string& to) {
  for (size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) {
    text.replace(at, from.size(), to);
  }
  return text;
}

TEST_F(InstallTest, SystemdAcceptsTheUnit) {
  if (access("/usr/bin/systemd-analyze", X_OK) != 0) GTEST_SKIP() << "needs systemd-analyze";
  const std::string unit = tree->folder().File("bitsd.service");
  const std::string installed = ReadFile(tree->File("lib/systemd/system/bitsd.service"));
  WriteFile(unit, Replaced(installed, CONFIGURED_PREFIX "/sbin", tree->File("sbin")));
  const Finished verify =
      tests::Run({"/usr/bin/systemd-analyze", "verify", "--man=no", unit}, tree->folder().path());
  EXPECT_EQ(verify.status, 0) << verify.output;
  EXPECT_THAT(verify.output, testing::Not(HasSubstr("bitsd.service:")));
}

TEST_F(InstallTest, TheUnitTakesNothingAwayThatTransfersNeed) {
  const std::string unit = "\n" + ReadFile(tree->File("lib/systemd/system/bitsd.service"));
  for (const char* needed : {"NotifyAccess=all", "AmbientCapabilities=CAP_SETUID CAP_SETGID",
                             "CapabilityBoundingSet=CAP_SETUID CAP_SETGID", "KillMode=mixed"}) {
    EXPECT_THAT(unit, HasSubstr("\n" + std::string(needed) + "\n"));
  }
  // openat2; the users' folders; their identities.
  for (const char* harmful : {"RestrictSUIDSGID=", "DynamicUser=", "ProtectSystem=strict",
                              "ProtectHome=", "PrivateTmp=", "PrivateUsers="}) {
    EXPECT_EQ(unit.find("\n" + std::string(harmful)), std::string::npos) << harmful;
  }
}

/// The installed bitsd as its unit starts it: as its own user, with two ambient capabilities.
std::vector<std::string> AsTheUnit(bool capabilities) {
  const std::string user = std::to_string(kBitsdUser);
  const std::string kept = capabilities ? "-all,+setuid,+setgid" : "-all";
  return {"/usr/bin/setpriv",
          "--reuid",
          user,
          "--regid",
          user,
          "--clear-groups",
          "--inh-caps=" + kept,
          "--ambient-caps=" + kept,
          "--bounding-set=" + kept,
          "--no-new-privs",
          tree->File("sbin/bitsd")};
}

TEST_F(InstallTest, TheSampleConfigurationIsReadAndLetsNobodyInWithoutCertificates) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root: bitsd is started as its own user";
  const std::string own = tree->folder().MakeFolder("own", kBitsdUser, kBitsdUser, 0700);
  std::string config = ReadFile(tree->File("etc/bitsd/bitsd.yaml"));
  config = Replaced(config, CONFIGURED_PREFIX "/etc", tree->File("etc"));
  for (const char* folder : {"/var/lib", "/run", "/var/log"}) {
    config = Replaced(config, std::string(" ") + folder + "/bitsd", " " + own + folder + "-bitsd");
  }
  fs::create_directories(own + "/var");
  GiveTo(own + "/var", kBitsdUser, kBitsdUser);
  WriteFile(tree->File("etc/bitsd/sample.yaml"), config);
  std::vector<std::string> argv = AsTheUnit(/*capabilities=*/false);
  argv.insert(argv.end(), {"--config", tree->File("etc/bitsd/sample.yaml")});
  const Finished run = tests::Run(argv, tree->folder().path());
  fs::remove(tree->File("etc/bitsd/sample.yaml"));
  EXPECT_EQ(run.status, 1);
  EXPECT_THAT(run.output, HasSubstr("/bitsd/tls")) << "the first thing it misses is a certificate";
}

/// Programs of somebody else, against the installed bitsd.
class OutsideProgramTest : public BitsdTest {
 protected:
  static void SetUpTestSuite() { tree = std::make_unique<InstalledTree>(); }
  static void TearDownTestSuite() { tree.reset(); }

  BitsdOptions Options() override {
    BitsdOptions options;
    options.program = AsTheUnit(/*capabilities=*/true);
    return options;
  }

  void SetUp() override {
    ASSERT_EQ(tree->finished().status, 0) << tree->finished().output;
    BitsdTest::SetUp();
    if (IsSkipped()) return;
    fs::copy(tree->File("share/doc/bitsd/examples"), Own("source"));
    content_ = web().PutRandom("file", 300'000);
    path_ = FolderOf("alice") + "/file";
  }

  /// A file or folder of this test's own.
  std::string Own(std::string_view name) { return bitsd().folder().File(name); }

  void MustRun(const std::vector<std::string>& argv) {
    const Finished finished = tests::Run(argv, bitsd().folder().path());
    ASSERT_EQ(finished.status, 0) << argv[0] << ": " << finished.output;
  }

  /// Runs `argv` with the example's arguments and looks at what it has fetched.
  void MustTransfer(std::vector<std::string> argv, std::vector<std::string> helper) {
    const std::string pki = Replaced(bitsd().pki().Of("alice").key, "alice.key", "");
    argv.insert(argv.end(), {bitsd().endpoint(), bitsd().pki().roots(), pki + "fetcher"});
    argv.push_back(pki + "alice");
    argv.insert(argv.end(), helper.begin(), helper.end());
    argv.insert(argv.end(), {web().Url("file"), path_});
    MustRun(argv);
    EXPECT_TRUE(ReadFile(path_) == content_) << path_;
    EXPECT_EQ(OwnerOf(path_), Demo("alice").uid);
  }

  std::string content_;
  std::string path_;
};

/// As deploy/lib/common.sh builds.
bool UsesCcache() {
  return std::getenv("CCACHE_DIR") != nullptr && access("/usr/bin/ccache", X_OK) == 0;
}

TEST_F(OutsideProgramTest, OneThatUsesFindPackageIsBuiltAndTransfersAsTwoIdentities) {
  const std::string build = Own("build");
  std::vector<std::string> configure = {
      CMAKE_PROGRAM, "-S", Own("source"), "-B", build, "-DCMAKE_PREFIX_PATH=" + tree->prefix()};
  if (UsesCcache()) {
    configure.push_back("-DCMAKE_CXX_COMPILER_LAUNCHER=ccache");
  }
  MustRun(configure);
  MustRun({CMAKE_PROGRAM, "--build", build});
  MustTransfer({build + "/two_identities"}, {});
  MustRun({build + "/without_bitsd"});
}

TEST_F(OutsideProgramTest, OneThatUsesPkgConfigIsBuiltByThePlainCompilerAndTransfers) {
  const std::string program = Own("program");
  const std::string compile = "PKG_CONFIG_PATH=" + tree->File("lib/pkgconfig") +
                              " && export PKG_CONFIG_PATH && pkg-config --print-errors bits_client"
                              " && " +
                              std::string(UsesCcache() ? "ccache " : "") +
                              "g++ $(pkg-config --cflags bits_client) -c " +
                              Own("source/two_identities.cc") + " -o " + program + ".o && g++ " +
                              program + ".o $(pkg-config --libs bits_client) -o " + program;
  MustRun({"/bin/sh", "-c", compile});
  MustTransfer({"/usr/bin/env", "LD_LIBRARY_PATH=" + tree->File("lib"), program}, {});
}

TEST_F(OutsideProgramTest, OneInPythonUsesStubsMadeFromTheInstalledProtoFiles) {
  if (tests::Run({"/usr/bin/python3", "-c", "import grpc"}, bitsd().folder().path()).status != 0) {
    GTEST_SKIP() << "needs python3-grpcio";
  }
  const std::string protos = tree->File("share/bitsd/proto");
  const std::string stubs = Own("stubs");
  fs::create_directory(stubs);
  std::vector<std::string> protoc = {"/usr/bin/protoc",
                                     "-I",
                                     protos,
                                     "--python_out=" + stubs,
                                     "--grpc_out=" + stubs,
                                     "--plugin=protoc-gen-grpc=/usr/bin/grpc_python_plugin"};
  for (const std::string& name : FilesIn(protos)) protoc.push_back(protos + "/" + name);
  MustRun(protoc);
  MustTransfer({"/usr/bin/env", "PYTHONPATH=" + stubs, "PYTHONDONTWRITEBYTECODE=1",
                "/usr/bin/python3", Own("source/two_identities.py")},
               {Demo("alice").sid});
}

}  // namespace
}  // namespace bitsd::tests
