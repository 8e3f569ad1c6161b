#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "server/broker/file_operations.h"
#include "server/broker/file_place.h"
#include "server/broker/pem_file.h"
#include "tests/testing/file_facts.h"
#include "tests/testing/temp_folder.h"

namespace bitsd {
namespace {

namespace fs = std::filesystem;
using wire::Operation;

constexpr char kTemporary[] = ".BIT0123456789abcdef.tmp";

std::string TextOf(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

class FileOperationsTest : public testing::Test {
 protected:
  FileOperationsTest() {
    ::umask(0);
    jobs_ = folder_.MakeFolder("jobs");
    SafePathOptions options;
    options.protected_paths = {folder_.MakeFile("jobs/key.pem", "secret"),
                               folder_.File("jobs/later")};
    paths_.emplace(*SafePaths::Make(options));
  }

  FileResult Do(Operation operation, const std::string& path, FileId id = {}) {
    wire::FileRequest request;
    request.operation = operation;
    request.path = path;
    request.id = id;
    return FileOperations(*paths_).Perform(request);
  }
  absl::Status Publish(FileId id, const std::string& destination, mode_t umask = 022,
                       absl::Time mtime = absl::InfinitePast()) {
    wire::FileRequest request;
    request.operation = Operation::kPublish;
    request.path = temporary();
    request.id = id;
    request.destination = destination;
    request.umask = umask;
    request.mtime = mtime;
    return FileOperations(*paths_).Perform(request).status;
  }
  FileId Create() {
    FileResult result = Do(Operation::kCreateTemporary, temporary());
    EXPECT_TRUE(result.status.ok()) << result.status;
    EXPECT_EQ(result.fds.size(), 1u);
    EXPECT_EQ(::write(result.fds.front().get(), "data", 4), 4);
    return result.ids.front();
  }
  std::string temporary() const { return jobs_ + "/" + kTemporary; }
  std::string destination() const { return jobs_ + "/file"; }

  tests::TempFolder folder_;
  std::string jobs_;
  std::optional<SafePaths> paths_;
};

TEST_F(FileOperationsTest, ATemporaryFileIsPrivateUntilItIsPublished) {
  const FileId id = Create();
  EXPECT_EQ(Stat(temporary()).st_mode, S_IFREG | 0600u);
  EXPECT_TRUE(IsSameFile(IdOf(temporary()), id));
  const absl::Time time = absl::FromUnixSeconds(1'500'000'000);
  EXPECT_EQ(Refusal(Publish(id, destination(), 027, time)), "ok");
  EXPECT_EQ(Stat(destination()).st_mode, S_IFREG | 0640u);
  EXPECT_EQ(Stat(destination()).st_mtim.tv_sec, 1'500'000'000);
  EXPECT_TRUE(IsSameFile(IdOf(destination()), id));
  EXPECT_FALSE(Exists(temporary()));
}

TEST_F(FileOperationsTest, WithoutATimeOfTheServerTheFileKeepsItsOwn) {
  const FileId id = Create();
  const timespec before = Stat(temporary()).st_mtim;
  EXPECT_EQ(Refusal(Publish(id, destination())), "ok");
  EXPECT_EQ(Stat(destination()).st_mtim.tv_nsec, before.tv_nsec);
}

TEST_F(FileOperationsTest, AModeLikeTheTemporaryOneDoesNotKeepTheTimeFromBeingSet) {
  const FileId id = Create();
  EXPECT_EQ(Refusal(Publish(id, destination(), 066, absl::FromUnixSeconds(1'500'000'000))), "ok");
  EXPECT_EQ(Stat(destination()).st_mtim.tv_sec, 1'500'000'000);
}

TEST_F(FileOperationsTest, ATimeThatTheFileSystemCannotKeepIsLeftOut) {
  for (const int64_t seconds : {int64_t{-62'135'596'800}, int64_t{10'413'792'000},
                                int64_t{253'402'300'799}}) {  // The years 1, 2300 and 9999.
    const FileId id = Create();
    EXPECT_EQ(Refusal(Publish(id, destination(), 022, absl::FromUnixSeconds(seconds))), "ok");
    const int64_t kept = Stat(destination()).st_mtim.tv_sec;
    const bool is_now =
        kept > absl::ToUnixSeconds(absl::Now()) - 3600 && kept <= absl::ToUnixSeconds(absl::Now());
    EXPECT_TRUE(kept == seconds || is_now) << kept;
  }
}

TEST_F(FileOperationsTest, PublishingTwiceIsPublishingOnce) {
  const FileId id = Create();
  EXPECT_EQ(Refusal(Publish(id, destination())), "ok");
  EXPECT_EQ(Refusal(Publish(id, destination())), "ok");
  EXPECT_EQ(Refusal(Publish({id.device, id.inode + 1}, destination())), "file_replaced");
}

TEST_F(FileOperationsTest, PublishReplacesARegularFileAndNothingElse) {
  folder_.MakeFile("jobs/file", "old");
  const FileId id = Create();
  fs::create_directory(jobs_ + "/folder");
  fs::create_symlink(jobs_ + "/file", jobs_ + "/link");
  ASSERT_EQ(::mkfifo((jobs_ + "/fifo").c_str(), 0600), 0);
  EXPECT_EQ(Refusal(Publish(id, jobs_ + "/folder")), "path_not_regular");
  EXPECT_EQ(Refusal(Publish(id, jobs_ + "/link")), "path_is_link");
  EXPECT_EQ(Refusal(Publish(id, jobs_ + "/fifo")), "path_not_regular");
  EXPECT_EQ(TextOf(destination()), "old");
  EXPECT_EQ(Refusal(Publish(id, destination())), "ok");
  EXPECT_EQ(TextOf(destination()), "data");
}

TEST_F(FileOperationsTest, PublishNeverLeavesItsFolderNorReplacesAProtectedFile) {
  const FileId id = Create();
  EXPECT_EQ(Refusal(Publish(id, folder_.File("elsewhere"))), "E_INVALIDARG");
  EXPECT_EQ(Refusal(Publish(id, jobs_ + "/../file")), "E_INVALIDARG");
  EXPECT_EQ(Refusal(Publish(id, "relative")), "E_INVALIDARG");
  EXPECT_EQ(Refusal(Publish(id, jobs_ + "/key.pem")), "path_protected");
  EXPECT_EQ(Refusal(Publish(id, jobs_ + "/later")), "path_protected");
  fs::create_hard_link(jobs_ + "/key.pem", jobs_ + "/innocent");
  EXPECT_EQ(Refusal(Publish(id, jobs_ + "/innocent")), "path_protected");
  EXPECT_EQ(TextOf(jobs_ + "/key.pem"), "secret");
  EXPECT_TRUE(Exists(temporary()));
}

TEST_F(FileOperationsTest, AnotherFileUnderTheTemporaryNameIsLeftAlone) {
  const FileId id = Create();
  fs::rename(temporary(), jobs_ + "/moved");  // Keeps the inode from being given to the next file.
  folder_.MakeFile(std::string("jobs/") + kTemporary, "foreign");
  EXPECT_EQ(Refusal(Do(Operation::kReopenTemporary, temporary(), id).status), "file_replaced");
  EXPECT_EQ(Refusal(Publish(id, destination())), "file_replaced");
  EXPECT_EQ(Refusal(Do(Operation::kRemoveTemporary, temporary(), id).status), "file_replaced");
  EXPECT_EQ(TextOf(temporary()), "foreign");
  EXPECT_FALSE(Exists(destination()));
}

TEST_F(FileOperationsTest, ALinkUnderTheTemporaryNameIsNotFollowed) {
  const FileId id = Create();
  fs::rename(temporary(), jobs_ + "/moved");
  fs::create_symlink(jobs_ + "/moved", temporary());
  EXPECT_EQ(Refusal(Do(Operation::kReopenTemporary, temporary(), id).status), "path_is_link");
  EXPECT_EQ(Refusal(Publish(id, destination())), "path_is_link");
  EXPECT_EQ(Refusal(Do(Operation::kRemoveTemporary, temporary(), id).status), "path_is_link");
  EXPECT_EQ(Refusal(Do(Operation::kCreateTemporary, temporary()).status), "E_INVALIDARG");
  EXPECT_TRUE(Exists(jobs_ + "/moved"));
}

TEST_F(FileOperationsTest, AProtectedFileIsNotReopenedThroughAHardLink) {
  fs::create_hard_link(jobs_ + "/key.pem", temporary());
  const FileId id = IdOf(temporary());
  EXPECT_EQ(Refusal(Do(Operation::kReopenTemporary, temporary(), id).status), "path_protected");
  EXPECT_EQ(Refusal(Publish(id, destination())), "path_protected");
}

TEST_F(FileOperationsTest, AReopenedFileIsTheSameFile) {
  const FileId id = Create();
  const FileResult reopened = Do(Operation::kReopenTemporary, temporary(), id);
  ASSERT_TRUE(reopened.status.ok()) << reopened.status;
  char text[5] = {};
  EXPECT_EQ(::read(reopened.fds.front().get(), text, 4), 4);
  EXPECT_STREQ(text, "data");
}

TEST_F(FileOperationsTest, RemovingWhatIsGoneSucceeds) {
  const FileId id = Create();
  EXPECT_EQ(Refusal(Do(Operation::kRemoveTemporary, temporary(), id).status), "ok");
  EXPECT_FALSE(Exists(temporary()));
  EXPECT_EQ(Refusal(Do(Operation::kRemoveTemporary, temporary(), id).status), "ok");
  const std::string nowhere = jobs_ + "/none/" + kTemporary;
  EXPECT_EQ(Refusal(Do(Operation::kRemoveTemporary, nowhere, id).status), "ok");
}

TEST_F(FileOperationsTest, OnlyTemporaryNamesAreMadeOrRemoved) {
  const FileId id = IdOf(folder_.MakeFile("jobs/precious"));
  for (const std::string name :
       {"precious", ".BIT0123456789abcde.tmp", ".BIT0123456789abcdeff.tmp",
        ".BIT0123456789ABCDEF.tmp", ".BIT0123456789abcdeg.tmp", ".bit0123456789abcdef.tmp",
        ".BIT0123456789abcdef.tmq", "x.BIT0123456789abcdef.tmp"}) {
    EXPECT_FALSE(IsTemporaryName(name));
    const std::string path = jobs_ + "/" + name;
    EXPECT_EQ(Refusal(Do(Operation::kCreateTemporary, path).status), "E_INVALIDARG") << name;
    EXPECT_EQ(Refusal(Do(Operation::kReopenTemporary, path, id).status), "E_INVALIDARG") << name;
    EXPECT_EQ(Refusal(Do(Operation::kRemoveTemporary, path, id).status), "E_INVALIDARG") << name;
  }
  EXPECT_TRUE(Exists(jobs_ + "/precious"));
}

TEST_F(FileOperationsTest, ACreationThatNobodyHeardOfIsTakenBack) {
  wire::FileRequest request;
  request.operation = Operation::kCreateTemporary;
  request.path = temporary();
  const FileOperations operations(*paths_);
  const FileResult result = operations.Perform(request);
  ASSERT_TRUE(Exists(temporary()));
  operations.Undo(request, result);
  EXPECT_FALSE(Exists(temporary()));
}

/// Names of temporary files, in a request for all of them.
wire::FileRequest Many(Operation operation, const std::string& folder, size_t count,
                       size_t first = 0) {
  wire::FileRequest request;
  request.operation = operation;
  for (size_t i = 0; i < count; ++i) {
    char name[32];
    std::snprintf(name, sizeof(name), ".BIT%016zx.tmp", first + i);
    if (i == 0) request.path = folder + "/" + name;
    if (i > 0) request.next.push_back({name, {}, {}, absl::InfinitePast()});
  }
  return request;
}

TEST_F(FileOperationsTest, ManyFilesAreCreatedAndPublishedByOneRequestEach) {
  const FileOperations operations(*paths_);
  wire::FileRequest request = Many(Operation::kCreateTemporary, jobs_, 3);
  const FileResult created = operations.Perform(request);
  ASSERT_TRUE(created.status.ok()) << created.status;
  ASSERT_EQ(created.ids.size(), 3u);
  for (size_t i = 0; i < 3; ++i) EXPECT_EQ(::write(created.fds[i].get(), &"abc"[i], 1), 1);
  request.operation = Operation::kPublish;
  request.umask = 027;
  request.id = created.ids[0];
  request.destination = jobs_ + "/a";
  request.next[0].id = created.ids[1];
  request.next[0].destination = "b";
  request.next[0].mtime = absl::FromUnixSeconds(1'500'000'000);
  request.next[1].id = created.ids[2];
  request.next[1].destination = "c";
  const FileResult published = operations.Perform(request);
  EXPECT_EQ(Refusal(published.status), "ok");
  EXPECT_EQ(published.ids, created.ids);
  EXPECT_EQ(TextOf(jobs_ + "/a") + TextOf(jobs_ + "/b") + TextOf(jobs_ + "/c"), "abc");
  EXPECT_EQ(Stat(jobs_ + "/b").st_mtim.tv_sec, 1'500'000'000);
  EXPECT_EQ(Stat(jobs_ + "/c").st_mode, S_IFREG | 0640u);
}

TEST_F(FileOperationsTest, TheFirstFileThatFailsEndsTheRequest) {
  const FileOperations operations(*paths_);
  wire::FileRequest request = Many(Operation::kCreateTemporary, jobs_, 3);
  fs::create_directory(jobs_ + "/" + request.next[0].temporary);
  const FileResult created = operations.Perform(request);
  EXPECT_EQ(Refusal(created.status), "E_INVALIDARG");
  EXPECT_EQ(created.ids.size(), 1u);
  EXPECT_EQ(created.fds.size(), 1u);
  EXPECT_FALSE(Exists(jobs_ + "/" + request.next[1].temporary));
  operations.Undo(request, created);
  EXPECT_FALSE(Exists(request.path));
}

TEST_F(FileOperationsTest, EveryNameOfARequestIsChecked) {
  const FileOperations operations(*paths_);
  fs::create_directory(jobs_ + "/below");
  const std::string temporary(kTemporary);
  for (const std::string& name :
       {std::string("file"), "../" + temporary, std::string(), "below/" + temporary}) {
    wire::FileRequest request = Many(Operation::kCreateTemporary, jobs_, 2);
    request.next[0].temporary = name;
    const FileResult result = operations.Perform(request);
    EXPECT_EQ(Refusal(result.status), "E_INVALIDARG") << name;
    operations.Undo(request, result);
  }
  wire::FileRequest request = Many(Operation::kCreateTemporary, jobs_, 2);
  const FileResult created = operations.Perform(request);
  ASSERT_TRUE(created.status.ok()) << created.status;
  request.operation = Operation::kPublish;
  request.id = created.ids[0];
  request.destination = destination();
  request.next[0].id = created.ids[1];
  for (const auto& [name, refusal] :
       std::map<std::string, std::string>{{"key.pem", "path_protected"},
                                          {"later", "path_protected"},
                                          {"below/file", "E_INVALIDARG"},
                                          {"../file", "E_INVALIDARG"},
                                          {"..", "E_INVALIDARG"},
                                          {"", "E_INVALIDARG"}}) {
    request.next[0].destination = name;
    const FileResult result = operations.Perform(request);
    EXPECT_EQ(Refusal(result.status), refusal) << name;
    EXPECT_EQ(result.ids.size(), 1u) << "the first one is in place";
  }
  EXPECT_EQ(TextOf(jobs_ + "/key.pem"), "secret");
  EXPECT_FALSE(Exists(jobs_ + "/below/file") || Exists(folder_.File("file")));
}

TEST_F(FileOperationsTest, WhatACreationLeftIsRemovedByItsName) {
  Create();
  EXPECT_EQ(Refusal(Do(Operation::kCreateTemporary, temporary()).status), "E_INVALIDARG");
  EXPECT_EQ(TextOf(temporary()), "data");
  EXPECT_EQ(Refusal(Do(Operation::kRemoveTemporary, temporary()).status), "ok");
  EXPECT_FALSE(Exists(temporary()));
  EXPECT_EQ(Refusal(Do(Operation::kRemoveTemporary, temporary()).status), "ok");
}

TEST_F(FileOperationsTest, WhatIsNoLeftoverStays) {
  const auto stays = [&](const std::string& why) {
    EXPECT_NE(Refusal(Do(Operation::kRemoveTemporary, temporary()).status), "ok") << why;
    EXPECT_TRUE(Exists(temporary())) << why;
  };
  Create();
  ASSERT_EQ(::chmod(temporary().c_str(), 0644), 0);
  stays("it has another mode");
  ASSERT_EQ(::chmod(temporary().c_str(), 0600), 0);
  fs::create_hard_link(temporary(), jobs_ + "/precious");
  stays("it has another name");
  fs::remove(jobs_ + "/precious");
  if (::getuid() == 0) {
    ASSERT_EQ(::chown(temporary().c_str(), 61002, 61002), 0);
    stays("it is another's");
  }
  fs::remove(temporary());
  ASSERT_EQ(::mkfifo(temporary().c_str(), 0600), 0);
  stays("it is no file");
}

TEST_F(FileOperationsTest, AFolderThatIsSwappedForALinkLeadsNowhereElse) {
  const std::string elsewhere = folder_.MakeFolder("elsewhere");
  const std::string aside = folder_.File("aside");
  const FileOperations operations(*paths_);
  std::atomic<bool> done = false;
  std::thread swapper([&] {
    while (!done) {
      fs::rename(jobs_, aside);
      fs::create_directory_symlink(elsewhere, jobs_);
      fs::remove(jobs_);
      fs::rename(aside, jobs_);
    }
  });
  constexpr size_t kFiles = wire::kMaxFiles;
  size_t made = 0;
  size_t refused = 0;
  for (size_t i = 0; i < 200 || ((made == 0 || refused == 0) && i < 10'000); ++i) {
    const FileResult result =
        operations.Perform(Many(Operation::kCreateTemporary, jobs_, kFiles, i * kFiles));
    // All of them are in the folder that was judged, or none is.
    EXPECT_EQ(result.ids.size(), result.status.ok() ? kFiles : 0u) << result.status;
    ++(result.status.ok() ? made : refused);
  }
  done = true;
  swapper.join();
  EXPECT_TRUE(fs::is_empty(elsewhere));
  EXPECT_GT(made, 0u);
  EXPECT_GT(refused, 0u);
}

constexpr char kPem[] = "a name\n-----BEGIN CERTIFICATE-----\n";

TEST_F(FileOperationsTest, ARegularFileIsOpenedForReadingOnly) {
  const std::string path = folder_.MakeFile("jobs/client.pem", kPem);
  const FileResult result = Do(Operation::kOpenPem, path);
  ASSERT_TRUE(result.status.ok()) << result.status;
  ASSERT_EQ(result.fds.size(), 1u);
  ASSERT_EQ(result.ids.size(), 1u);
  EXPECT_EQ(::fcntl(result.fds[0].get(), F_GETFL) & O_ACCMODE, O_RDONLY);
  const absl::StatusOr<Secret> content = ReadPemFile(result.fds[0], path);
  ASSERT_TRUE(content.ok()) << content.status();
  EXPECT_EQ(content->view(), kPem);
}

TEST_F(FileOperationsTest, NothingButAnUnprotectedRegularFileIsOpenedForReading) {
  const std::string path = folder_.MakeFile("jobs/client.pem", kPem);
  ASSERT_EQ(::symlink(path.c_str(), (jobs_ + "/link").c_str()), 0);
  ASSERT_EQ(::link((jobs_ + "/key.pem").c_str(), (jobs_ + "/hard").c_str()), 0);
  ASSERT_EQ(::mkfifo((jobs_ + "/pipe").c_str(), 0600), 0);
  EXPECT_EQ(Refusal(Do(Operation::kOpenPem, jobs_ + "/link").status), "path_is_link");
  EXPECT_EQ(Refusal(Do(Operation::kOpenPem, jobs_ + "/pipe").status), "path_not_regular");
  EXPECT_EQ(Refusal(Do(Operation::kOpenPem, jobs_).status), "path_not_regular");
  EXPECT_EQ(Refusal(Do(Operation::kOpenPem, jobs_ + "/key.pem").status), "path_protected");
  EXPECT_EQ(Refusal(Do(Operation::kOpenPem, jobs_ + "/hard").status), "path_protected");
  EXPECT_EQ(Refusal(Do(Operation::kOpenPem, "/proc/self/environ").status), "pseudo_file_system");
  EXPECT_FALSE(Do(Operation::kOpenPem, jobs_ + "/none").status.ok());
  EXPECT_FALSE(Do(Operation::kOpenPem, jobs_ + "/none/below").status.ok());
  EXPECT_FALSE(Do(Operation::kOpenPem, "relative").status.ok());
}

TEST_F(FileOperationsTest, NothingButACertificateOrAKeyIsOpenedForReading) {
  const auto opened = [this](const std::string& content) {
    return Refusal(Do(Operation::kOpenPem, folder_.MakeFile("jobs/text", content)).status);
  };
  for (const char* label : {"CERTIFICATE", "PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY",
                            "ENCRYPTED PRIVATE KEY"}) {
    EXPECT_EQ(opened(absl::StrCat("-----BEGIN ", label, "-----\n")), "ok") << label;
  }
  for (const char* text : {"", "\n", "a diary\n", "-----BEGIN OPENSSH PRIVATE KEY-----\n",
                           "-----BEGIN ", "-----BEGIN CERTIFICATE", "-----BEGIN CERTIFICATE----\n",
                           "-----BEGIN CERTIFICATE LIST-----\n",
                           "see -----BEGIN CERTIFICATE-----\n", "-----END CERTIFICATE-----\n"}) {
    EXPECT_EQ(opened(text), "E_INVALIDARG") << text;
  }
  const std::string rest((1 << 20) - sizeof(kPem) + 1, 'x');
  EXPECT_EQ(opened(kPem + rest), "ok");
  EXPECT_EQ(opened(kPem + rest + "x"), "E_INVALIDARG");
}

TEST_F(FileOperationsTest, FoldersAreCheckedAndSynced) {
  EXPECT_EQ(Refusal(Do(Operation::kCheckDirectory, jobs_).status), "ok");
  EXPECT_EQ(Refusal(Do(Operation::kSyncDirectory, jobs_).status), "ok");
  EXPECT_EQ(Refusal(Do(Operation::kCheckDirectory, jobs_ + "/none").status), "E_INVALIDARG");
  EXPECT_EQ(Refusal(Do(Operation::kSyncDirectory, "/proc").status), "pseudo_file_system");
  EXPECT_EQ(Refusal(Do(Operation::kCheckDirectory, "relative").status), "E_INVALIDARG");
}

TEST_F(FileOperationsTest, ATemporaryFileIsKnownUnderAnotherDeviceNumber) {
  FileId id = Create();
  id.device += 1;
  EXPECT_EQ(Refusal(Do(Operation::kReopenTemporary, temporary(), id).status), "ok");
  EXPECT_EQ(Refusal(Publish(id, destination())), "ok");
  EXPECT_EQ(TextOf(destination()), "data");
  EXPECT_EQ(Refusal(Publish(id, destination())), "ok") << "it is in place";
  id = Create();
  id.device += 1;
  EXPECT_EQ(Refusal(Do(Operation::kRemoveTemporary, temporary(), id).status), "ok");
  EXPECT_FALSE(Exists(temporary()));
}

TEST_F(FileOperationsTest, WhatAnOlderBitsdRecordedIsKnown) {
  const FileId id = Create();
  FileId old;
  old.device = id.device + 1;
  old.inode = id.inode;
  EXPECT_EQ(Refusal(Do(Operation::kReopenTemporary, temporary(), old).status), "ok");
  EXPECT_EQ(Refusal(Publish(old, destination())), "ok");
}

TEST_F(FileOperationsTest, AFileThatHasTheInodeAloneIsNotTheRecordedOne) {
  const FileId id = Create();
  const auto stays = [&](const FileId& recorded, const std::string& why) {
    EXPECT_EQ(Refusal(Do(Operation::kReopenTemporary, temporary(), recorded).status),
              "file_replaced")
        << why;
    EXPECT_EQ(Refusal(Publish(recorded, destination())), "file_replaced") << why;
    EXPECT_EQ(Refusal(Do(Operation::kRemoveTemporary, temporary(), recorded).status),
              "file_replaced")
        << why;
    EXPECT_EQ(TextOf(temporary()), "data") << why;
    EXPECT_FALSE(Exists(destination())) << why;
  };
  FileId other = id;
  other.birth += 1;
  if (id.birth != 0) stays(other, "born at another time");
  other = id;
  other.owner += 1;
  stays(other, "another's");
  other = id;
  other.mark += 1;
  if (id.mark != 0) stays(other, "another mark");
  fs::create_hard_link(temporary(), jobs_ + "/also");
  stays(id, "it has another name");
  fs::remove(jobs_ + "/also");
  ASSERT_EQ(::chmod(temporary().c_str(), 04600), 0);
  stays(id, "it is set-id");
  ASSERT_EQ(::chmod(temporary().c_str(), 0666), 0);
  other = id;
  other.mark = 0;
  stays(other, "it has another mode, and no mark");
}

TEST_F(FileOperationsTest, AMarkedFileWhoseOwnerChangedItsModeIsStillTheJobs) {
  const FileId id = Create();
  if (id.mark == 0) GTEST_SKIP() << "no extended attributes here";
  ASSERT_EQ(::chmod(temporary().c_str(), 0640), 0);
  EXPECT_EQ(Refusal(Do(Operation::kReopenTemporary, temporary(), id).status), "ok");
  EXPECT_EQ(Refusal(Publish(id, destination())), "ok");
  EXPECT_EQ(Stat(destination()).st_mode, S_IFREG | 0644u);
  EXPECT_LT(::getxattr(destination().c_str(), "user.bitsd.mark", nullptr, 0), 0)
      << "a mark is left";
}

/// An ACL as the kernel has it: entries {tag, rights, id}.
std::string Acl(const std::vector<std::array<uint32_t, 3>>& entries) {
  const uint32_t version = 2;
  std::string acl(reinterpret_cast<const char*>(&version), sizeof(version));
  for (const auto& [tag, rights, id] : entries) {
    const uint16_t head[2] = {static_cast<uint16_t>(tag), static_cast<uint16_t>(rights)};
    acl.append(reinterpret_cast<const char*>(head), sizeof(head));
    acl.append(reinterpret_cast<const char*>(&id), sizeof(id));
  }
  return acl;
}

constexpr uint32_t kNobody = ~uint32_t{0};

std::string AclOf(const std::string& path) {
  char acl[256];
  const ssize_t size = ::getxattr(path.c_str(), "system.posix_acl_access", acl, sizeof(acl));
  return size < 0 ? "" : std::string(acl, static_cast<size_t>(size));
}

bool SetAcl(const std::string& path, const char* which, const std::string& acl) {
  return ::setxattr(path.c_str(), which, acl.data(), acl.size(), 0) == 0;
}

TEST_F(FileOperationsTest, AFileHasTheRightsThatTheDefaultAclOfItsFolderGives) {
  const std::string acl =
      Acl({{1, 7, kNobody}, {2, 7, 61002}, {4, 5, kNobody}, {16, 7, kNobody}, {32, 0, kNobody}});
  if (!SetAcl(jobs_, "system.posix_acl_default", acl)) GTEST_SKIP() << "no ACLs here";
  const FileId id = Create();
  EXPECT_EQ(Stat(temporary()).st_mode, S_IFREG | 0600u) << "the mask included";
  EXPECT_EQ(Refusal(Publish(id, destination(), 022)), "ok");
  EXPECT_EQ(Stat(destination()).st_mode, S_IFREG | 0660u);
  UniqueFd made(::open((jobs_ + "/made").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0666));
  EXPECT_EQ(AclOf(destination()), AclOf(jobs_ + "/made")) << "as any program's";
  EXPECT_EQ(Stat(jobs_ + "/made").st_mode, Stat(destination()).st_mode);
}

TEST_F(FileOperationsTest, AFolderThatLostItsDefaultAclGivesNobodyWhatThatGave) {
  const std::string acl =
      Acl({{1, 7, kNobody}, {2, 7, 61002}, {4, 5, kNobody}, {16, 7, kNobody}, {32, 0, kNobody}});
  if (!SetAcl(jobs_, "system.posix_acl_default", acl)) GTEST_SKIP() << "no ACLs here";
  const FileId id = Create();
  ASSERT_EQ(::removexattr(jobs_.c_str(), "system.posix_acl_default"), 0);
  EXPECT_EQ(Refusal(Publish(id, destination(), 027)), "ok");
  EXPECT_EQ(Stat(destination()).st_mode, S_IFREG | 0640u);
  EXPECT_EQ(AclOf(destination()), "");
}

TEST_F(FileOperationsTest, TheFileOfTheSameOwnerThatIsReplacedGivesItsRights) {
  folder_.MakeFile("jobs/file", "old");
  ASSERT_EQ(::chmod(destination().c_str(), 04751), 0);
  EXPECT_EQ(Refusal(Publish(Create(), destination(), 022)), "ok");
  EXPECT_EQ(Stat(destination()).st_mode, S_IFREG | 0751u) << "but never set-id bits";
  EXPECT_EQ(TextOf(destination()), "data");
  const std::string acl =
      Acl({{1, 6, kNobody}, {2, 4, 61002}, {4, 0, kNobody}, {16, 4, kNobody}, {32, 0, kNobody}});
  if (!SetAcl(destination(), "system.posix_acl_access", acl)) GTEST_SKIP() << "no ACLs here";
  EXPECT_EQ(Refusal(Publish(Create(), destination(), 022)), "ok");
  EXPECT_EQ(AclOf(destination()), acl);
}

TEST_F(FileOperationsTest, AnotherOwnersFileGivesNoRights) {
  if (::getuid() != 0) GTEST_SKIP() << "needs root";
  folder_.MakeFile("jobs/file", "old");
  ASSERT_EQ(::chown(destination().c_str(), 61002, 61002), 0);
  ASSERT_EQ(::chmod(destination().c_str(), 0666), 0);
  EXPECT_EQ(Refusal(Publish(Create(), destination(), 077)), "ok");
  EXPECT_EQ(Stat(destination()).st_mode, S_IFREG | 0600u);
  EXPECT_EQ(Stat(destination()).st_uid, ::getuid());
}

TEST_F(FileOperationsTest, DestinationsThatAreNoFilesAreFoundBeforehand) {
  folder_.MakeFile("jobs/file", "old");
  fs::create_directory(jobs_ + "/folder");
  fs::create_symlink("/nowhere", jobs_ + "/link");
  ASSERT_EQ(::mkfifo((jobs_ + "/fifo").c_str(), 0600), 0);
  const auto check = [&](const std::string& name) {
    wire::FileRequest request;
    request.operation = Operation::kCheckDirectory;
    request.path = jobs_;
    request.next = {{{}, "none", {}, absl::InfinitePast()}, {{}, name, {}, absl::InfinitePast()}};
    return Refusal(FileOperations(*paths_).Perform(request).status);
  };
  EXPECT_EQ(check("file"), "ok");
  EXPECT_EQ(check("other"), "ok");
  EXPECT_EQ(check("folder"), "path_not_regular");
  EXPECT_EQ(check("fifo"), "path_not_regular");
  EXPECT_EQ(check("link"), "path_is_link");
  EXPECT_EQ(check("key.pem"), "path_protected");
  EXPECT_EQ(check("later"), "path_protected");
  EXPECT_EQ(check("folder/file"), "E_INVALIDARG");
  EXPECT_EQ(check(".."), "E_INVALIDARG");
}

TEST_F(FileOperationsTest, AFileThatIsSwappedInIsNeverReportedAsPublished) {
  const std::string foreign = folder_.MakeFile("jobs/foreign", "foreign");
  std::atomic<bool> done = false;
  std::thread swapper([&] {
    while (!done) {
      ::renameat2(AT_FDCWD, foreign.c_str(), AT_FDCWD, temporary().c_str(), RENAME_EXCHANGE);
    }
  });
  for (int i = 0; i < 300; ++i) {
    if (!Exists(foreign)) folder_.MakeFile("jobs/foreign", "foreign");
    FileResult created = Do(Operation::kCreateTemporary, temporary());
    if (!created.status.ok()) {
      fs::remove(temporary());
      continue;
    }
    const FileId id = created.ids.front();
    if (Publish(id, destination()).ok()) {
      EXPECT_TRUE(IsSameFile(IdOf(destination()), id));
    }
  }
  done = true;
  swapper.join();
}

}  // namespace
}  // namespace bitsd
