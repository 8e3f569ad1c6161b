#include "server/network/secret_files.h"

#include <sys/stat.h>
#include <unistd.h>

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/temp_folder.h"

namespace bitsd::network {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class SecretFilesTest : public ::testing::Test {
 protected:
  SecretFilesTest() {
    for (const std::string& path : {keytab_, cache_, password_}) {
      tests::WriteFile(path, "secret", 0600);
    }
  }

  /// alice has a keytab and a password, and as `filtered:` a credential cache.
  std::shared_ptr<const FileAccountDirectory> Directory() const {
    Account account;
    account.sid = Sid(5, {21, 1, 2, 3, 1001});
    account.name = "alice";
    account.network.kerberos = {"alice@TEST.LOCAL", keytab_, ""};
    account.network.ntlm = {"TEST", "alice", password_};
    account.filtered_network.kerberos = {"low@TEST.LOCAL", "", cache_};
    FileAccountDirectory::Accounts accounts;
    accounts[account.sid] = std::make_shared<const Account>(account);
    return std::make_shared<const FileAccountDirectory>(std::move(accounts));
  }

  std::string Reason() const {
    return std::string(CheckSecretFiles(*Directory(), geteuid()).message());
  }

  const tests::TempFolder folder_;
  const std::string keytab_ = folder_.File("alice.keytab");
  const std::string cache_ = folder_.File("low.cc");
  const std::string password_ = folder_.File("alice.password");
};

TEST_F(SecretFilesTest, FilesThatAreBitsdsAloneAreTaken) { EXPECT_EQ(Reason(), ""); }

TEST_F(SecretFilesTest, AnyOfThemThatOthersMayReadIsRefusedByNameAndAccount) {
  for (const std::string& path : {keytab_, cache_, password_}) {
    ASSERT_EQ(chmod(path.c_str(), 0604), 0);
    EXPECT_THAT(Reason(), HasSubstr(path + ": is a secret that others may read"));
    EXPECT_THAT(Reason(), HasSubstr("of the account 'alice'"));
    ASSERT_EQ(chmod(path.c_str(), 0600), 0);
  }
}

TEST_F(SecretFilesTest, OnlyACacheMayBeMissing) {
  ASSERT_EQ(unlink(cache_.c_str()), 0);
  EXPECT_EQ(Reason(), "");
  ASSERT_EQ(unlink(password_.c_str()), 0);
  EXPECT_THAT(Reason(), HasSubstr(password_ + ": cannot be opened"));
  tests::WriteFile(password_, "secret", 0600);
  ASSERT_EQ(unlink(keytab_.c_str()), 0);
  EXPECT_THAT(Reason(), HasSubstr(keytab_ + ": cannot be opened"));
}

TEST_F(SecretFilesTest, WhatIsNoRegularFileIsRefused) {
  ASSERT_EQ(unlink(cache_.c_str()), 0);
  ASSERT_EQ(mkfifo(cache_.c_str(), 0600), 0);
  EXPECT_THAT(Reason(), HasSubstr("is no regular file"));
}

TEST_F(SecretFilesTest, TheirFolderIsOutOfReachAndASharedOneIsNot) {
  EXPECT_THAT(SecretPaths(*Directory()), ElementsAre(folder_.path()));
  ASSERT_EQ(chmod(folder_.path().c_str(), 01777), 0);
  EXPECT_THAT(SecretPaths(*Directory()), ElementsAre(keytab_, password_, cache_));
}

TEST_F(SecretFilesTest, SecretsInTooManyFoldersAreRefused) {
  FileAccountDirectory::Accounts accounts;
  for (uint32_t i = 0; i <= kMaxSecretFolders; ++i) {
    Account account;
    account.sid = Sid(5, {21, 1, 2, 3, i});
    account.filtered_network.kerberos = {"a@B", "", "/nowhere/" + std::to_string(i) + "/cc"};
    accounts[account.sid] = std::make_shared<const Account>(account);
  }
  const absl::Status status =
      CheckSecretFiles(FileAccountDirectory(std::move(accounts)), geteuid());
  EXPECT_THAT(std::string(status.message()), HasSubstr("more than 64 folders"));
}

TEST_F(SecretFilesTest, APasswordIsTheFirstLine) {
  for (const char* text : {"pass word", "pass word\n", "pass word\r\n", "pass word\nmore\n"}) {
    tests::WriteFile(password_, text, 0600);
    const auto password = ReadPassword(password_, geteuid());
    ASSERT_TRUE(password.ok()) << password.status();
    EXPECT_EQ(*password, Secret("pass word"));
  }
  for (const std::string& text : {std::string(), std::string("\n"), std::string("\r\nx"),
                                  std::string("a\0b", 3), std::string(5000, 'a')}) {
    tests::WriteFile(password_, text, 0600);
    EXPECT_FALSE(ReadPassword(password_, geteuid()).ok()) << text.size();
  }
}

TEST_F(SecretFilesTest, APasswordThatOthersMayReadIsNotRead) {
  ASSERT_EQ(chmod(password_.c_str(), 0644), 0);
  EXPECT_FALSE(ReadPassword(password_, geteuid()).ok());
}

}  // namespace
}  // namespace bitsd::network
