#include "server/identity/file_account_directory.h"

#include <unistd.h>

#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/error/errors.h"
#include "tests/testing/temp_folder.h"
#include "tests/unit/identity/file_account_directory_fixture.h"

namespace bitsd {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr char kAdministrators[] = "sid_groups: [{sid: S-1-5-32-544, attributes: [ENABLED]}]";
constexpr char kDenyOnly[] = "sid_groups: [{sid: S-1-5-32-544, attributes: [USE_FOR_DENY_ONLY]}]";

TEST(FileAccountDirectoryTest, EveryKeyOfAnAccountIsRead) {
  const Loaded directory = Parse(R"(accounts:
  - sid: S-1-5-21-1-2-3-1001
    name: alice
    uid: 61001
    gid: 61001
    groups: [61003, 61002, 61003, 61001]
    sid_groups:
      - {sid: S-1-5-32-544, attributes: [USE_FOR_DENY_ONLY]}
      - {sid: S-1-5-21-1-2-3-513, attributes: [ENABLED]}
    service: true
    disabled: false
    max_impersonation_level: identify
    umask: "027"
    filtered: {uid: 61011, gid: 61011, groups: [61012]}
)");
  ASSERT_TRUE(directory.ok()) << directory.status();
  const auto alice = (*directory)->Find(*Sid::Parse("S-1-5-21-1-2-3-1001"));
  ASSERT_NE(alice, nullptr);
  EXPECT_EQ(alice->name, "alice");
  EXPECT_EQ(alice->posix, (PosixIdentity{61001, 61001, {61002, 61003}}));
  EXPECT_EQ(alice->groups,
            (std::vector<SidGroup>{{kAdministratorsSid, kGroupUseForDenyOnly},
                                   {*Sid::Parse("S-1-5-21-1-2-3-513"), kGroupEnabled}}));
  EXPECT_FALSE(alice->IsAdministrator());
  EXPECT_TRUE(alice->service);
  EXPECT_FALSE(alice->disabled);
  EXPECT_EQ(alice->max_level, ImpersonationLevel::kIdentify);
  EXPECT_EQ(alice->umask, 027u);
  EXPECT_EQ(alice->filtered, (PosixIdentity{61011, 61011, {61012}}));
}

TEST(FileAccountDirectoryTest, WhatIsLeftOutHasItsDefault) {
  const Loaded directory = Parse("accounts:\n- sid: S-1-5-21-1-2-3-1001\n  name: caller\n");
  ASSERT_TRUE(directory.ok()) << directory.status();
  const auto caller = (*directory)->Find(*Sid::Parse("S-1-5-21-1-2-3-1001"));
  EXPECT_EQ(caller->posix, std::nullopt);
  EXPECT_EQ(caller->filtered, std::nullopt);
  EXPECT_EQ(caller->umask, 022u);
  EXPECT_EQ(caller->max_level, ImpersonationLevel::kDelegate);
  EXPECT_FALSE(caller->service);
  EXPECT_FALSE(caller->disabled);
}

TEST(FileAccountDirectoryTest, AnUnknownSidHasNoAccount) {
  const Loaded directory = Parse("accounts: []\n");
  ASSERT_TRUE(directory.ok());
  EXPECT_EQ((*directory)->Find(kLocalSystemSid), nullptr);
  EXPECT_EQ((*directory)->size(), 0u);
}

TEST(FileAccountDirectoryTest, UsersAndGroupsMayBeNames) {
  const Loaded directory =
      Parse(One("uid: daemon, gid: daemon, groups: [root], " + std::string(kAdministrators)));
  ASSERT_TRUE(directory.ok()) << directory.status();
  const auto alice = (*directory)->Find(*Sid::Parse("S-1-5-21-1-2-3-1001"));
  EXPECT_EQ(alice->posix, (PosixIdentity{1, 1, {0}}));
  ExpectRefused(One("uid: no-such-user, gid: 5"), "no user 'no-such-user'");
  ExpectRefused(One("uid: 5, gid: no-such-group"), "no group 'no-such-group'");
}

TEST(FileAccountDirectoryTest, ItHoldsExactlyTheIdentitiesOfEnabledAccounts) {
  const std::string entry =
      "uid: 61001, gid: 61001, groups: [61002], filtered: {uid: 61011, gid: 7}";
  const Sid alice = *Sid::Parse("S-1-5-21-1-2-3-1001");
  const auto directory = *Parse(One(entry));
  EXPECT_TRUE(directory->Holds(alice, {61001, 61001, {61002}}));
  EXPECT_TRUE(directory->Holds(alice, {61011, 7, {}}));
  EXPECT_FALSE(directory->Holds(alice, {61001, 61001, {}}));
  EXPECT_FALSE(directory->Holds(alice, {61001, 61001, {61002, 61003}}));
  EXPECT_FALSE(directory->Holds(alice, {61001, 7, {61002}}));
  EXPECT_FALSE(directory->Holds(alice, {61011, 61001, {61002}}));
  EXPECT_FALSE(directory->Holds(alice, PosixIdentity()));
  EXPECT_FALSE(directory->Holds(kLocalSystemSid, {61001, 61001, {61002}}));
  const auto disabled = *Parse(One(entry + ", disabled: true"));
  EXPECT_FALSE(disabled->Holds(alice, {61001, 61001, {61002}}));
  const auto bare = *Parse(One("service: true"));
  EXPECT_FALSE(bare->Holds(alice, PosixIdentity()));
}

TEST(FileAccountDirectoryTest, WhatIsMalformedIsRefusedWithItsLine) {
  const std::vector<std::pair<std::string, std::string>> wrong = {
      {"", "'accounts' is missing"},
      {"# nothing\n", "'accounts' is missing"},
      {"accounts:\n", "write a list"},
      {"accounts: {}\n", "write a list"},
      {"accounts: x\n", "write a list"},
      {"- accounts\n", "write a map"},
      {"accounts: []\naccounts: []\n", "'accounts' is given twice"},
      {"accounts: []\nmore: 1\n", "unknown key 'more'"},
      {"accounts: []\n---\naccounts: []\n", "second document"},
      {"accounts: [x]\n", "write a map"},
      {"accounts: [[]]\n", "write a map"},
      {"accounts: [~]\n", "write a map"},
      {"accounts: [{name: a}]\n", "'sid' is missing"},
      {"accounts: [{sid: S-1-5-21-1}]\n", "'name' is missing"},
      {"accounts: [{sid: S-1-5-021, name: a}]\n", "malformed SID"},
      {"accounts: [{sid: [S-1-5-21-1], name: a}]\n", "write a text"},
      {"accounts: [{sid: , name: a}]\n", "write a text"},
      {"accounts: [{sid: S-1-5-21-1, name: ''}]\n", "write a text"},
      {"accounts: [{sid: S-1-5-21-1, name: \"a\\nb\"}]\n", "control characters"},
      {"accounts: [{sid: S-1-5-21-1, name: \"a\\0b\"}]\n", "control characters"},
      {"accounts: [{sid: S-1-5-21-1, name: " + std::string(257, 'a') + "}]\n", "256 bytes"},
      {"accounts: [{? [sid] : 1}]\n", "a key that is no text"},
      {"accounts: &a []\n", "anchor"},
      {"accounts: *a\n", ""},
      {"x: &a [1]\naccounts: *a\n", "anchor"},
      {"accounts: !!seq []\n", "tag"},
      {"accounts: [\n", ""},
      {"\taccounts: []\n", ""},
      {"accounts: []\n\xFF\xFE\n", ""},
      {std::string("\0\0\0", 3), ""},
      {std::string(100'000, '['), ""},
      {"accounts: " + std::string(20, '[') + std::string(20, ']'), "nested too deeply"},
  };
  for (const auto& [content, reason] : wrong) ExpectRefused(content, reason);
}

TEST(FileAccountDirectoryTest, AWrongFieldIsRefused) {
  const std::vector<std::pair<std::string, std::string>> wrong = {
      {"name: bob", "'name' is given twice"},
      {"credentials: []", "unknown key 'credentials'"},
      {"Service: true", "unknown key 'Service'"},
      {"uid: 5", "'gid' is missing"},
      {"gid: 5", "'uid' is missing"},
      {"groups: [5]", "'uid' is missing"},
      {"uid: -1, gid: 5", "number from 0"},
      {"uid: 4294967295, gid: 5", "number from 0"},
      {"uid: 5, gid: -1", "number from 0"},
      {"uid: 5, gid: 4294967295", "number from 0"},
      {"uid: 99999999999999999999999, gid: 5", "number from 0"},
      {"uid: 5, gid: 5, groups: [4294967295]", "number from 0"},
      {"uid: 5, gid: 5, groups: 5", "write a list"},
      {"uid: 5, gid: 5, groups: [[5]]", "write a text"},
      {"uid: 05, gid: 5", "leading zeros"},
      {"uid: 0x5, gid: 5", "number from 0"},
      {"uid: +5, gid: 5", "number from 0"},
      {"uid: 5.0, gid: 5", "number from 0"},
      {"uid: \"5\", gid: 5", "without quotes"},
      {"uid: , gid: 5", "write a text"},
      {"service: yes", "true or false"},
      {"service: 1", "true or false"},
      {"service: \"true\"", "true or false"},
      {"disabled: ~", "true or false"},
      {"umask: 22", "octal"},
      {"umask: 888", "octal"},
      {"umask: \"1022\"", "octal"},
      {"umask: [022]", "octal"},
      {"max_impersonation_level: Delegate", "anonymous, identify, impersonate or delegate"},
      {"max_impersonation_level: ''", "write a text"},
      {"sid_groups: S-1-5-32-544", "write a list"},
      {"sid_groups: [S-1-5-32-544]", "write a map"},
      {"sid_groups: [{sid: S-1-5-32-544}]", "'attributes' is missing"},
      {"sid_groups: [{attributes: [ENABLED]}]", "'sid' is missing"},
      {"sid_groups: [{sid: S-1-5-32-544, attributes: []}]", "write [ENABLED]"},
      {"sid_groups: [{sid: S-1-5-32-544, attributes: [enabled]}]", "write [ENABLED]"},
      {"sid_groups: [{sid: S-1-5-32-544, attributes: ENABLED}]", "write a list"},
      {"sid_groups: [{sid: S-1-5-32-544, attributes: [ENABLED, USE_FOR_DENY_ONLY]}]",
       "at most 1 values"},
      {"sid_groups: [{sid: S-1-1-0, attributes: [ENABLED]}, {sid: S-1-1-0, attributes: "
       "[USE_FOR_DENY_ONLY]}]",
       "S-1-1-0 is given twice"},
      {"sid_groups: [{sid: S-1-5-32-544, attributes: [ENABLED]}, {sid: S-1-1-0, attributes: "
       "[ENABLED]}, {sid: S-1-5-32-544, attributes: [USE_FOR_DENY_ONLY]}]",
       "S-1-5-32-544 is given twice"},
      {"filtered: {uid: 5}", "'gid' is missing"},
      {"filtered: {}", "'uid' is missing"},
      {"filtered: 5", "write a map"},
      {"filtered: {uid: 5, gid: 5, umask: '022'}", "unknown key 'umask'"},
      {"filtered: {uid: 5, gid: 5, network: 5}", "write a map"},
      {"filtered: {network: {}}", "'uid' is missing"},
      {"certificates: [" + std::string(64, 'a') + "]", "only S-1-5-18"},
  };
  for (const auto& [fields, reason] : wrong) ExpectRefused(One(fields), reason);
}

TEST(FileAccountDirectoryTest, AnErrorNamesItsLine) {
  const Loaded directory = Parse("accounts:\n  - sid: S-1-5-21-1\n    name: a\n    nmae: b\n");
  EXPECT_THAT(std::string(directory.status().message()),
              StartsWith("accounts.yaml:4:5: unknown key"));
}

TEST(FileAccountDirectoryTest, ListsAreBounded) {
  std::string groups = "1";
  for (int i = 2; i <= 1025; ++i) groups += "," + std::to_string(i);
  ExpectRefused(One("uid: 5, gid: 5, groups: [" + groups + "]"), "at most 1024");
}

TEST(FileAccountDirectoryTest, ASidOrANameGivenTwiceIsRefused) {
  ExpectRefused(
      "accounts:\n- {sid: S-1-5-21-1, name: a}\n- {sid: S-1-5-21-1, name: b, disabled: true}\n",
      ":3:3: S-1-5-21-1 is given twice");
  ExpectRefused("accounts:\n- {sid: S-1-5-21-1, name: a}\n- {sid: S-1-5-21-2, name: a}\n",
                ":3:3: the name 'a' is given twice");
}

TEST(FileAccountDirectoryTest, PrivilegedAccountsMustBeAdministrators) {
  // gid 1 is the group daemon, which Parse is told is privileged.
  for (const std::string& posix :
       {std::string("uid: 0, gid: 5"), std::string("uid: 5, gid: 0"),
        std::string("uid: 5, gid: 5, groups: [0]"), std::string("uid: 5, gid: 1"),
        std::string("uid: 5, gid: 5, groups: [7, 1]"), std::string("uid: root, gid: 5"),
        std::string("uid: 5, gid: daemon")}) {
    ExpectRefused(One(posix), "add S-1-5-32-544 ENABLED");
    ExpectRefused(One(posix + ", disabled: true"), "add S-1-5-32-544 ENABLED");
    ExpectRefused(One(posix + ", " + kDenyOnly), "add S-1-5-32-544 ENABLED");
    EXPECT_TRUE(Parse(One(posix + ", " + kAdministrators)).ok()) << posix;
  }
}

TEST(FileAccountDirectoryTest, NoFilteredIdentityIsPrivileged) {
  for (const std::string& posix :
       {std::string("uid: 0, gid: 5"), std::string("uid: 5, gid: 0"), std::string("uid: 5, gid: 1"),
        std::string("uid: 5, gid: 5, groups: [0]"), std::string("uid: 5, gid: 5, groups: [1]")}) {
    ExpectRefused(One("filtered: {" + posix + "}"), "filtered identity of 'alice'");
    ExpectRefused(One("filtered: {" + posix + "}, " + kAdministrators), "filtered identity");
  }
}

TEST(FileAccountDirectoryTest, LocalSystemIsAlwaysAnAdministrator) {
  const std::string system = "accounts: [{sid: S-1-5-18, name: SYSTEM";
  ExpectRefused(system + "}]", "S-1-5-18 always carries");
  ExpectRefused(system + ", " + kDenyOnly + "}]", "S-1-5-18 always carries");
  EXPECT_TRUE(Parse(system + ", " + kAdministrators + "}]").ok());
  EXPECT_TRUE(Parse("accounts: [{sid: S-1-5-19, name: LOCAL SERVICE}]").ok());
}

TEST(FileAccountDirectoryTest, PinnedCertificatesAreKeptInLowerCase) {
  const auto network = [](const std::string& certificates) {
    return "accounts: [{sid: S-1-5-20, name: n, certificates: " + certificates + "}]";
  };
  const Loaded directory = Parse(network("[" + std::string(64, 'A') + "]"));
  ASSERT_TRUE(directory.ok()) << directory.status();
  EXPECT_EQ((*directory)->Find(kNetworkServiceSid)->certificates,
            std::vector<std::string>{std::string(64, 'a')});
  const auto many = [](size_t count) {
    std::string list;
    for (size_t i = 0; i < count; ++i) {
      list += (i == 0 ? "[" : ", ") + std::string(62, 'a') + std::to_string(10 + i);
    }
    return list + "]";
  };
  EXPECT_TRUE(Parse(network(many(16))).ok());
  ExpectRefused(network(many(17)), "at most 16 values");
  ExpectRefused(network("[" + std::string(63, 'a') + "]"), "64 hexadecimal digits");
  ExpectRefused(network("[" + std::string(64, 'g') + "]"), "64 hexadecimal digits");
  ExpectRefused(network(std::string(64, 'a')), "write a list");
}

TEST(FileAccountDirectoryTest, AFileIsReadFromDisk) {
  const tests::TempFolder folder;
  const std::string path = folder.File("accounts.yaml");
  tests::WriteFile(path, "accounts:\n- {sid: S-1-5-21-1, name: a}\n");
  const Loaded directory = LoadAccountDirectory(path, {});
  ASSERT_TRUE(directory.ok()) << directory.status();
  EXPECT_EQ((*directory)->size(), 1u);

  tests::WriteFile(path, "accounts:\n- {sid: S-1-5-21-1, name: a, x: 1}\n");
  EXPECT_THAT(std::string(LoadAccountDirectory(path, {}).status().message()),
              StartsWith(path + ":2:"));
}

TEST(FileAccountDirectoryTest, WhatIsNoFileOrTooLargeIsRefused) {
  const tests::TempFolder folder;
  EXPECT_FALSE(LoadAccountDirectory(folder.File("missing"), {}).ok());
  EXPECT_FALSE(LoadAccountDirectory(folder.path(), {}).ok());
  EXPECT_FALSE(LoadAccountDirectory("/dev/zero", {}).ok());
  const std::string path = folder.File("huge");
  tests::WriteFile(path, "accounts: []\n#");
  ASSERT_EQ(truncate(path.c_str(), (16 << 20) + 1), 0);
  EXPECT_THAT(std::string(LoadAccountDirectory(path, {}).status().message()),
              HasSubstr("larger than 16777216 bytes"));
}

TEST(FileAccountDirectoryTest, AFileOfManyTinyValuesIsRefused) {
  std::string content = "accounts: [";
  for (int i = 0; i < 1'000'001; ++i) content += "a,";
  ExpectRefused(content + "]", "too many values");
}

}  // namespace
}  // namespace bitsd
