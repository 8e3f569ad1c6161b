#include "server/identity/account_changes.h"

#include <functional>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/identity/live_account_directory.h"

namespace bitsd {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const Sid kAlice(5, {21, 1, 2, 3, 1001});
const Sid kBob(5, {21, 1, 2, 3, 1002});
const Sid kCarol(5, {21, 1, 2, 3, 1003});

/// An account with something in every field.
Account Full(const Sid& sid) {
  Account account;
  account.sid = sid;
  account.name = "alice";
  account.posix = PosixIdentity{61001, 61001, {61002}};
  account.groups = {{kAdministratorsSid, kGroupEnabled}};
  account.filtered = PosixIdentity{61011, 61011, {}};
  account.network.kerberos = {"alice@TEST.LOCAL", "/etc/alice.keytab", ""};
  account.filtered_network.ntlm = {"TEST", "alice", "/etc/alice.password"};
  account.certificates = {"aa"};
  account.max_level = ImpersonationLevel::kImpersonate;
  return account;
}

std::shared_ptr<const FileAccountDirectory> DirectoryOf(const std::vector<Account>& accounts) {
  FileAccountDirectory::Accounts map;
  for (const Account& account : accounts) {
    map[account.sid] = std::make_shared<const Account>(account);
  }
  return std::make_shared<const FileAccountDirectory>(std::move(map));
}

struct Row {
  const char* name;
  std::function<void(Account&)> change;
  std::optional<AccountChange> expected;
};

TEST(AccountChangesTest, EveryFieldThatATokenSaysCountsAndNoOther) {
  const Row rows[] = {
      {"nothing", [](Account&) {}, std::nullopt},
      {"name", [](Account& a) { a.name = "alicia"; }, std::nullopt},
      {"disabled", [](Account& a) { a.disabled = true; }, AccountChange::kDisabled},
      {"a group less", [](Account& a) { a.groups.clear(); }, AccountChange::kGroups},
      {"a group more", [](Account& a) { a.groups.push_back({kBob}); }, AccountChange::kGroups},
      {"an attribute", [](Account& a) { a.groups[0].attributes = kGroupUseForDenyOnly; },
       AccountChange::kGroups},
      {"uid", [](Account& a) { a.posix->uid = 1; }, AccountChange::kPosix},
      {"gid", [](Account& a) { a.posix->gid = 1; }, AccountChange::kPosix},
      {"POSIX groups", [](Account& a) { a.posix->groups.clear(); }, AccountChange::kPosix},
      {"no POSIX identity", [](Account& a) { a.posix.reset(); }, AccountChange::kPosix},
      {"filtered uid", [](Account& a) { a.filtered->uid = 1; }, AccountChange::kPosix},
      {"filtered groups", [](Account& a) { a.filtered->groups = {7}; }, AccountChange::kPosix},
      {"no filtered", [](Account& a) { a.filtered.reset(); }, AccountChange::kPosix},
      {"umask", [](Account& a) { a.umask = 077; }, AccountChange::kPosix},
      {"keytab", [](Account& a) { a.network.kerberos->keytab = "/other"; },
       AccountChange::kNetwork},
      {"no Kerberos", [](Account& a) { a.network.kerberos.reset(); }, AccountChange::kNetwork},
      {"a principal to delegate", [](Account& a) { a.network.delegated = {{"alice@TEST.LOCAL"}}; },
       AccountChange::kNetwork},
      {"filtered password", [](Account& a) { a.filtered_network.ntlm->password_file = "/other"; },
       AccountChange::kNetwork},
      {"pins", [](Account& a) { a.certificates = {"bb"}; }, AccountChange::kCertificates},
      {"level", [](Account& a) { a.max_level = ImpersonationLevel::kIdentify; },
       AccountChange::kLevel},
      {"service", [](Account& a) { a.service = true; }, AccountChange::kService},
  };
  for (const Row& row : rows) {
    const Account before = Full(kAlice);
    Account after = before;
    row.change(after);
    EXPECT_EQ(WhatChanged(before, &after), row.expected) << row.name;
    // The other way round it is a change as well, but for an account that is enabled again.
    const bool enabled = row.expected == AccountChange::kDisabled;
    EXPECT_EQ(WhatChanged(after, &before), enabled ? std::nullopt : row.expected) << row.name;
  }
  EXPECT_EQ(WhatChanged(Full(kAlice), nullptr), AccountChange::kRemoved);
}

TEST(AccountChangesTest, TheFirstReasonIsReported) {
  Account after = Full(kAlice);
  after.disabled = true;
  after.posix.reset();
  after.groups.clear();
  EXPECT_EQ(WhatChanged(Full(kAlice), &after), AccountChange::kDisabled);
  after.disabled = false;
  EXPECT_EQ(WhatChanged(Full(kAlice), &after), AccountChange::kGroups);
}

TEST(AccountChangesTest, OnlyAccountsThatWereThereAreReportedInTheirOrder) {
  Account changed = Full(kBob);
  changed.posix->uid = 1;
  const auto before = DirectoryOf({Full(kAlice), Full(kBob)});
  EXPECT_THAT(ChangedAccounts(*before, *before), IsEmpty());
  EXPECT_THAT(ChangedAccounts(*before, *DirectoryOf({changed, Full(kCarol)})),
              ElementsAre(ChangedAccount{kAlice, AccountChange::kRemoved},
                          ChangedAccount{kBob, AccountChange::kPosix}));
}

TEST(AccountChangesTest, EveryChangeHasAName) {
  for (int i = 0; i <= static_cast<int>(AccountChange::kService); ++i) {
    EXPECT_NE(NameOf(static_cast<AccountChange>(i)), "") << i;
  }
}

TEST(LiveAccountDirectoryTest, WhoAsksAfterAReplacementGetsTheNewAccountAndKeepsTheOld) {
  LiveAccountDirectory current(DirectoryOf({Full(kAlice)}));
  const auto old_account = current.Find(kAlice);
  current.Replace(DirectoryOf({Full(kBob)}));
  EXPECT_EQ(current.Find(kAlice), nullptr);
  EXPECT_NE(current.Find(kBob), nullptr);
  EXPECT_EQ(old_account->name, "alice");
}

}  // namespace
}  // namespace bitsd
