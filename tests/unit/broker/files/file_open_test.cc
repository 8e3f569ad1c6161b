// What is opened: a temporary file to be written on, others to be read.

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "server/broker/files/file_operations.h"
#include "server/broker/files/pem_file.h"
#include "tests/unit/broker/files/file_operations_fixture.h"

namespace bitsd {
namespace {

namespace fs = std::filesystem;
using wire::Operation;

constexpr char kPem[] = "a name\n-----BEGIN CERTIFICATE-----\n";

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

TEST_F(FileOperationsTest, ASourceIsOpenedForReadingOnlyWhateverIsInIt) {
  const std::string path = folder_.MakeFile("jobs/report", "figures");
  const FileResult result = Do(Operation::kOpenSource, path);
  ASSERT_TRUE(result.status.ok()) << result.status;
  ASSERT_EQ(result.fds.size(), 1u);
  ASSERT_EQ(result.ids.size(), 1u);
  EXPECT_TRUE(IsSameFile(result.ids.front(), IdOf(path)));
  const int fd = result.fds.front().get();
  EXPECT_EQ(::fcntl(fd, F_GETFL) & O_ACCMODE, O_RDONLY);
  EXPECT_EQ(::fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
  char text[8] = {};
  EXPECT_EQ(::read(fd, text, sizeof(text)), 7);
  EXPECT_STREQ(text, "figures");
  EXPECT_EQ(::write(fd, "x", 1), -1);
}

TEST_F(FileOperationsTest, NothingButAnUnprotectedRegularFileIsASource) {
  const std::string path = folder_.MakeFile("jobs/report", "figures");
  ASSERT_EQ(::symlink(path.c_str(), (jobs_ + "/link").c_str()), 0);
  ASSERT_EQ(::symlink(jobs_.c_str(), (folder_.File("way")).c_str()), 0);
  ASSERT_EQ(::link((jobs_ + "/key.pem").c_str(), (jobs_ + "/hard").c_str()), 0);
  ASSERT_EQ(::mkfifo((jobs_ + "/pipe").c_str(), 0600), 0);
  const auto opened = [this](const std::string& name) {
    const FileResult result = Do(Operation::kOpenSource, name);
    EXPECT_TRUE(result.status.ok() || result.fds.empty());
    return Refusal(result.status);
  };
  EXPECT_EQ(opened(jobs_ + "/link"), "path_is_link");
  EXPECT_EQ(opened(folder_.File("way/report")), "path_is_link");
  EXPECT_EQ(opened(jobs_ + "/pipe"), "path_not_regular");
  EXPECT_EQ(opened(jobs_), "path_not_regular");
  EXPECT_EQ(opened(jobs_ + "/key.pem"), "path_protected");
  EXPECT_EQ(opened(jobs_ + "/hard"), "path_protected");
  EXPECT_EQ(opened(jobs_ + "/later"), "path_protected");
  EXPECT_EQ(opened("/dev/null"), "pseudo_file_system");
  EXPECT_EQ(opened("/proc/self/environ"), "pseudo_file_system");
  for (const std::string& none : {jobs_ + "/none", jobs_ + "/none/below", path + "/below",
                                  jobs_ + "/../jobs/report", std::string("report")}) {
    EXPECT_EQ(opened(none), "E_INVALIDARG") << none;
  }
}

TEST_F(FileOperationsTest, ADeviceIsNoSourceWhereverItIs) {
  const std::string device = jobs_ + "/device";
  if (::mknod(device.c_str(), S_IFCHR | 0666, ::makedev(1, 3)) != 0) GTEST_SKIP() << "needs root";
  EXPECT_EQ(Refusal(Do(Operation::kOpenSource, device).status), "path_not_regular");
}

TEST_F(FileOperationsTest, ASourceIsBelowAnAllowedRoot) {
  SafePathOptions options;
  options.allowed_roots = {folder_.MakeFolder("jobs/allowed")};
  paths_.emplace(*SafePaths::Make(options));
  const auto opened = [this](const std::string& name) {
    return Refusal(Do(Operation::kOpenSource, folder_.MakeFile(name)).status);
  };
  EXPECT_EQ(opened("jobs/allowed/report"), "ok");
  EXPECT_EQ(opened("jobs/report"), "path_outside_roots");
}

TEST_F(FileOperationsTest, AFileThatSomebodyHoldsALeaseOfIsNotWaitedFor) {
  const std::string path = folder_.MakeFile("jobs/report", "figures");
  const UniqueFd holder(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (::fcntl(holder.get(), F_SETLEASE, F_WRLCK) != 0) GTEST_SKIP() << "no leases here";
  ::signal(SIGIO, SIG_IGN);
  EXPECT_EQ(Refusal(Do(Operation::kOpenSource, path).status), "unavailable");
}

TEST_F(FileOperationsTest, ASourceThatIsSwappedIsTheFileThatWasJudgedOrRefused) {
  const std::string path = folder_.MakeFile("jobs/report", "figures");
  const FileId real = IdOf(path);
  const std::string other = jobs_ + "/other";
  const std::string key = jobs_ + "/key.pem";
  std::atomic<bool> done = false;
  std::thread swapper([&] {
    for (int i = 0; !done; ++i) {
      if (i % 3 == 0) ::mkfifo(other.c_str(), 0600);
      if (i % 3 == 1) static_cast<void>(!::symlink(key.c_str(), other.c_str()));
      if (i % 3 == 2) static_cast<void>(!::link(key.c_str(), other.c_str()));
      ::renameat2(AT_FDCWD, other.c_str(), AT_FDCWD, path.c_str(), RENAME_EXCHANGE);
      ::renameat2(AT_FDCWD, other.c_str(), AT_FDCWD, path.c_str(), RENAME_EXCHANGE);
      ::unlink(other.c_str());
    }
  });
  int opened = 0;
  int refused = 0;
  for (int i = 0; i < 2000 || ((opened == 0 || refused == 0) && i < 200'000); ++i) {
    const FileResult result = Do(Operation::kOpenSource, path);
    ++(result.status.ok() ? opened : refused);
    if (result.status.ok()) {
      ASSERT_TRUE(IsSameFile(result.ids.front(), real));
    }
  }
  done = true;
  swapper.join();
  EXPECT_GT(opened, 0);
  EXPECT_GT(refused, 0);
}

}  // namespace
}  // namespace bitsd
