// Which temporary files are removed, and what stays.

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "gtest/gtest.h"
#include "server/broker/files/file_operations.h"
#include "tests/unit/broker/files/file_operations_fixture.h"

namespace bitsd {
namespace {

namespace fs = std::filesystem;
using wire::Operation;

TEST_F(FileOperationsTest, RemovingWhatIsGoneSucceeds) {
  const FileId id = Create();
  EXPECT_EQ(Refusal(Do(Operation::kRemoveTemporary, temporary(), id).status), "ok");
  EXPECT_FALSE(Exists(temporary()));
  EXPECT_EQ(Refusal(Do(Operation::kRemoveTemporary, temporary(), id).status), "ok");
  const std::string nowhere = jobs_ + "/none/" + kTemporary;
  EXPECT_EQ(Refusal(Do(Operation::kRemoveTemporary, nowhere, id).status), "ok");
}

TEST_F(FileOperationsTest, WhatACreationLeftIsRemovedByItsName) {
  Create();
  EXPECT_EQ(Refusal(Do(Operation::kCreateTemporary, temporary()).status), "E_INVALIDARG");
  EXPECT_EQ(tests::ReadFile(temporary()), "data");
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

}  // namespace
}  // namespace bitsd
