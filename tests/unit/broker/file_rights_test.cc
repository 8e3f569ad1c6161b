// Which file is the recorded one, and which rights a published file gets.

#include "server/broker/file_rights.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "server/broker/file_look.h"
#include "tests/unit/broker/file_operations_fixture.h"

namespace bitsd {
namespace {

TEST(FileRightsTest, ADefaultAclGivesAFileItsEntriesWithoutExecution) {
  const auto rights = RightsFromDefaultAcl(
      Acl({{1, 7, kNobody}, {2, 7, 61002}, {4, 5, kNobody}, {16, 7, kNobody}, {32, 1, kNobody}}));
  ASSERT_TRUE(rights);
  EXPECT_EQ(rights->mode, 0660u);
  EXPECT_EQ(
      rights->acl,
      Acl({{1, 6, kNobody}, {2, 7, 61002}, {4, 5, kNobody}, {16, 6, kNobody}, {32, 0, kNobody}}));
}

TEST(FileRightsTest, ADefaultAclOfThreeEntriesIsAMode) {
  const auto rights =
      RightsFromDefaultAcl(Acl({{1, 7, kNobody}, {4, 5, kNobody}, {32, 5, kNobody}}));
  ASSERT_TRUE(rights);
  EXPECT_EQ(rights->mode, 0644u);
  EXPECT_EQ(rights->acl, "");
}

TEST(FileRightsTest, WhatIsNoAclGivesNothing) {
  const std::string acl = Acl({{1, 7, kNobody}, {4, 5, kNobody}, {32, 5, kNobody}});
  EXPECT_FALSE(RightsFromDefaultAcl(""));
  EXPECT_FALSE(RightsFromDefaultAcl(acl.substr(0, acl.size() - 1)));
  EXPECT_FALSE(RightsFromDefaultAcl("\3" + acl.substr(1)));
  EXPECT_FALSE(RightsFromDefaultAcl(Acl({{1, 7, kNobody}, {4, 5, kNobody}})));
}

TEST(FileRightsTest, AGroupThatIsNotTheFilesGetsWhatEverybodyGets) {
  EXPECT_EQ(WithoutGroup({0664, "", 5}).mode, 0644u);
  EXPECT_EQ(WithoutGroup({0660, "", 5}).mode, 0600u);
  const std::string acl =
      Acl({{1, 6, kNobody}, {2, 6, 61002}, {4, 6, kNobody}, {16, 6, kNobody}, {32, 4, kNobody}});
  EXPECT_EQ(
      WithoutGroup({0664, acl, 5}).acl,
      Acl({{1, 6, kNobody}, {2, 6, 61002}, {4, 4, kNobody}, {16, 6, kNobody}, {32, 4, kNobody}}));
}

TEST(FileRightsTest, MoreDataForOthersIsRefusedAndExecutionIsNoMatter) {
  SeenFile file;
  file.id.mode = 0755;
  EXPECT_TRUE(CheckNoMore(file, {0644, "", {}}, "/f").ok());
  EXPECT_FALSE(CheckNoMore(file, {0640, "", {}}, "/f").ok());
  file.id.mode = 0777;
  EXPECT_FALSE(CheckNoMore(file, {0644, "", {}}, "/f").ok());
  EXPECT_TRUE(CheckNoMore(file, {0666, "", {}}, "/f").ok());
  file.id.mode = 0600;
  EXPECT_TRUE(CheckNoMore(file, {0644, "", {}}, "/f").ok());
}

class RecordedFileTest : public testing::Test {
 protected:
  RecordedFileTest() {
    seen_.id = {7, 8, 9, 0, 61001, 0600};
    seen_.type = S_IFREG;
    seen_.links = 1;
  }
  bool Is(const FileId& recorded, MarkVerdict mark = MarkVerdict::kUnknown) const {
    return IsRecordedTemporary(recorded, seen_, mark);
  }

  SeenFile seen_;
  const FileId recorded_{1, 8, 9, 3, 61001, 0600};  ///< Under another device number.
};

TEST_F(RecordedFileTest, ItIsKnownByWhatSurvivesAReboot) {
  EXPECT_TRUE(Is(recorded_));
  EXPECT_TRUE(Is(recorded_, MarkVerdict::kSame));
  EXPECT_FALSE(Is(recorded_, MarkVerdict::kOther));
  for (FileId other : {FileId{1, 9, 9, 3, 61001, 0600}, FileId{1, 8, 8, 3, 61001, 0600},
                       FileId{1, 8, 9, 3, 61002, 0600}}) {
    EXPECT_FALSE(Is(other));
    EXPECT_FALSE(Is(other, MarkVerdict::kSame)) << "a mark alone is not enough";
  }
}

TEST_F(RecordedFileTest, WhereItsBirthIsNotSaidTheMarkSpeaksForIt) {
  seen_.id.birth = 0;
  EXPECT_FALSE(Is(recorded_));
  EXPECT_TRUE(Is(recorded_, MarkVerdict::kSame));
}

TEST_F(RecordedFileTest, AnOlderRecordHasButTheInodeAndTheModeOfATemporaryFile) {
  EXPECT_TRUE(Is({1, 8}));
  seen_.id.mode = 0644;
  EXPECT_FALSE(Is({1, 8}));
  EXPECT_TRUE(IsRecordedTemporary({1, 8}, seen_, MarkVerdict::kUnknown, 0644)) << "when published";
}

TEST_F(RecordedFileTest, ItsModeMattersWhereItHasNeitherAMarkNorABirth) {
  seen_.id.mode = 0660;
  EXPECT_TRUE(Is(recorded_));
  EXPECT_TRUE(Is(recorded_, MarkVerdict::kSame));
  FileId unborn = recorded_;
  unborn.birth = 0;
  EXPECT_FALSE(Is(unborn));
  EXPECT_TRUE(Is(unborn, MarkVerdict::kSame));
  EXPECT_TRUE(IsRecordedTemporary(unborn, seen_, MarkVerdict::kUnknown, 0660));
}

TEST_F(RecordedFileTest, AFileThatIsSetIdIsNone) {
  seen_.id.mode = 04600;
  EXPECT_FALSE(Is(recorded_));
  EXPECT_FALSE(Is(recorded_, MarkVerdict::kSame));
}

TEST_F(RecordedFileTest, ALinkOrSomethingThatIsNoFileIsNone) {
  seen_.links = 2;
  EXPECT_FALSE(Is(recorded_, MarkVerdict::kSame));
  EXPECT_TRUE(IsRecordedFile(recorded_, seen_, MarkVerdict::kSame)) << "in place it may be linked";
  seen_.links = 1;
  seen_.type = S_IFIFO;
  EXPECT_FALSE(Is(recorded_, MarkVerdict::kSame));
}

}  // namespace
}  // namespace bitsd
