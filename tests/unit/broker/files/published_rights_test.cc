// Which rights a file has once it is in place.

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <string>

#include "gtest/gtest.h"
#include "server/broker/files/file_operations.h"
#include "tests/unit/broker/files/file_operations_fixture.h"

namespace bitsd {
namespace {

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
  EXPECT_EQ(tests::ReadFile(destination()), "data");
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

}  // namespace
}  // namespace bitsd
