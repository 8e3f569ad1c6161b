// Credentials of jobs at rest: encrypted with a key that is not in the store, or not there at all.

#include <filesystem>
#include <fstream>
#include <iterator>

#include "server/store/secret_box.h"
#include "server/store/sqlite/schema.h"
#include "tests/unit/store/store_fixture.h"

namespace bitsd {
namespace {

constexpr char kUser[] = "marker-user-4711";
constexpr char kPassword[] = "marker-password-4711";
const std::string kKey(32, 'k');
const std::string kOtherKey(32, 'o');

std::shared_ptr<const SecretBox> Box(const std::string& key) {
  return *SecretBox::Create(Secret(key));
}

TEST(SecretBoxTest, WhatWasSealedOpensInItsContextAlone) {
  const auto box = Box(kKey);
  const std::string sealed = *box->Seal(Secret(kPassword), "job 1");
  EXPECT_EQ(box->Open(sealed, "job 1")->view(), kPassword);
  EXPECT_FALSE(box->Open(sealed, "job 2").has_value());
  EXPECT_FALSE(box->Open(sealed, "").has_value());
  EXPECT_FALSE(Box(kOtherKey)->Open(sealed, "job 1").has_value());
  EXPECT_EQ(sealed.find(kPassword), std::string::npos);
}

TEST(SecretBoxTest, ATextThatWasChangedOrCutDoesNotOpen) {
  const auto box = Box(kKey);
  const std::string sealed = *box->Seal(Secret(kPassword), "job");
  for (size_t i = 0; i < sealed.size(); ++i) {
    std::string changed = sealed;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    EXPECT_FALSE(box->Open(changed, "job").has_value()) << i;
    EXPECT_FALSE(box->Open(std::string_view(sealed).substr(0, i), "job").has_value()) << i;
  }
  EXPECT_FALSE(box->Open(sealed + "x", "job").has_value());
}

TEST(SecretBoxTest, TheSameTextIsSealedAnotherWayEachTime) {
  const auto box = Box(kKey);
  EXPECT_NE(*box->Seal(Secret(kPassword), "job"), *box->Seal(Secret(kPassword), "job"));
  EXPECT_EQ(box->Open(*box->Seal(Secret(), "job"), "job")->view(), "");
}

TEST(SecretBoxTest, AKeyHas32Bytes) {
  for (const size_t size : {0u, 16u, 31u, 33u}) {
    EXPECT_FALSE(SecretBox::Create(Secret(std::string(size, 'k'))).ok());
  }
}

class StoreSecretTest : public testing::Test {
 protected:
  static std::shared_ptr<JobRecord> JobWithPassword() {
    auto job = NewJobRecord(1);
    NetworkSettings network;
    network.credentials = {{AuthTarget::kServer, AuthScheme::kDigest, kUser, Secret(kPassword)},
                           {AuthTarget::kServer, AuthScheme::kNtlm, "", Secret()}};
    job->network = std::make_shared<const NetworkSettings>(network);
    return job;
  }

  JobRecordPtr AfterRestart(const JobId& id) {
    EXPECT_TRUE(durable_.Open().ok());
    Contents contents;
    const absl::Status loaded = durable_->Load(contents.Visitor());
    EXPECT_TRUE(loaded.ok()) << loaded;
    return contents.jobs.contains(id) ? contents.jobs.at(id) : nullptr;
  }

  /// In any file of the store, its journal included.
  bool OnDisk(const std::string& text) const {
    for (const auto& entry : std::filesystem::directory_iterator(durable_.folder())) {
      std::ifstream file(entry.path(), std::ios::binary);
      const std::string content{std::istreambuf_iterator<char>(file), {}};
      if (content.find(text) != std::string::npos) return true;
    }
    return false;
  }

  /// The key of a job's rows, in SQL.
  static std::string Literal(const JobId& id) {
    std::string hex = id.ToString();
    std::erase(hex, '-');
    return "x'" + hex + "'";
  }

  /// Runs SQL on the closed database.
  void Edit(const std::string& sql) {
    durable_.Close();
    auto connection = sqlite::Connection::Open(durable_.file());
    ASSERT_TRUE(connection.ok());
    ASSERT_TRUE(connection->Execute(sql.c_str()).ok());
  }

  void UseKey(const std::string& key) {
    durable_.UseKey(key);
    ASSERT_TRUE(durable_.Open().ok());
  }

  DurableStore durable_;
};

TEST_F(StoreSecretTest, WithAKeyACredentialOutlivesARestartAndIsNowhereInClear) {
  UseKey(kKey);
  EXPECT_TRUE(durable_->keeps_secrets());
  const auto job = JobWithPassword();
  ASSERT_TRUE(CommitNow(*durable_, {Put(job)}).ok());
  EXPECT_TRUE(OnDisk("http://192.0.2.1/0")) << "the search finds what is there";
  EXPECT_FALSE(OnDisk(kUser));
  EXPECT_FALSE(OnDisk(kPassword));
  EXPECT_EQ(*AfterRestart(job->id)->network, *job->network);
  EXPECT_FALSE(OnDisk(kPassword));
}

TEST_F(StoreSecretTest, WithoutAKeyItIsNotStoredAndTheJobKnowsThatItWasThere) {
  EXPECT_FALSE(durable_->keeps_secrets());
  const auto job = JobWithPassword();
  ASSERT_TRUE(CommitNow(*durable_, {Put(job)}).ok());
  EXPECT_FALSE(OnDisk(kUser));
  EXPECT_FALSE(OnDisk(kPassword));
  const JobRecordPtr known = AfterRestart(job->id);
  EXPECT_EQ(known->network->lost,
            (std::vector<LostCredential>{{AuthTarget::kServer, AuthScheme::kDigest}}));
  ASSERT_EQ(known->network->credentials.size(), 1u);
  EXPECT_TRUE(known->network->credentials[0].is_implicit());
  EXPECT_EQ(known->network->credentials[0].scheme, AuthScheme::kNtlm);
}

TEST_F(StoreSecretTest, AWrongOrLostKeyLosesTheCredentialAndNothingElse) {
  UseKey(kKey);
  const auto job = JobWithPassword();
  ASSERT_TRUE(CommitNow(*durable_, {Put(job)}).ok());
  durable_.UseKey(kOtherKey);
  const JobRecordPtr wrong = AfterRestart(job->id);
  EXPECT_EQ(wrong->network->lost.size(), 1u);
  EXPECT_EQ(wrong->network->credentials.size(), 1u);
  EXPECT_EQ(*wrong->files, *job->files);
  durable_.LoseKey();
  EXPECT_EQ(AfterRestart(job->id)->network->lost.size(), 1u);
  durable_.UseKey(kKey);
  EXPECT_EQ(*AfterRestart(job->id)->network, *job->network) << "untouched: the right key opens it";
}

TEST_F(StoreSecretTest, AnotherChangeOfTheJobLeavesWhatCouldNotBeOpened) {
  UseKey(kKey);
  const auto job = JobWithPassword();
  ASSERT_TRUE(CommitNow(*durable_, {Put(job)}).ok());
  durable_.UseKey(kOtherKey);
  const JobRecordPtr wrong = AfterRestart(job->id);
  auto renamed = std::make_shared<JobRecord>(*wrong);
  renamed->display_name = "renamed";
  ASSERT_TRUE(CommitNow(*durable_, {Put(renamed, wrong)}).ok());
  durable_.UseKey(kKey);
  const JobRecordPtr right = AfterRestart(job->id);
  EXPECT_EQ(right->display_name, "renamed");
  EXPECT_EQ(*right->network, *job->network);
}

TEST_F(StoreSecretTest, ARowThatWasMovedToAnotherPlaceDoesNotOpen) {
  UseKey(kKey);
  const auto job = JobWithPassword();
  const auto other = JobWithPassword();
  ASSERT_TRUE(CommitNow(*durable_, {Put(job), Put(other)}).ok());
  Edit(
      "UPDATE credentials SET sealed = (SELECT sealed FROM credentials WHERE sealed IS NOT NULL "
      "AND "
      "job = " +
      Literal(other->id) + ") WHERE sealed IS NOT NULL AND job = " + Literal(job->id));
  EXPECT_EQ(AfterRestart(job->id)->network->lost.size(), 1u);
  Edit("UPDATE credentials SET scheme = 1 WHERE sealed IS NOT NULL");
  EXPECT_EQ(AfterRestart(other->id)->network->lost.front().scheme, AuthScheme::kBasic);
}

TEST_F(StoreSecretTest, ARemovedCredentialIsGoneAfterARestart) {
  UseKey(kKey);
  const auto job = JobWithPassword();
  ASSERT_TRUE(CommitNow(*durable_, {Put(job)}).ok());
  auto without = std::make_shared<JobRecord>(*job);
  without->network = nullptr;
  ASSERT_TRUE(CommitNow(*durable_, {Put(without, job)}).ok());
  EXPECT_EQ(AfterRestart(job->id)->network, nullptr);
  StoreChange erase;
  erase.erase = job->id;
  ASSERT_TRUE(CommitNow(*durable_, {Put(job, without)}).ok());
  ASSERT_TRUE(CommitNow(*durable_, {erase}).ok());
  EXPECT_EQ(AfterRestart(job->id), nullptr);
}

TEST_F(StoreSecretTest, RowsThatCannotBeAreSetAside) {
  const auto job = JobWithPassword();
  ASSERT_TRUE(CommitNow(*durable_, {Put(job)}).ok());
  const auto refused = [&](const std::string& sql) {
    durable_.Close();
    const std::string copy = durable_.file() + ".copy";
    std::filesystem::copy_file(durable_.file(), copy,
                               std::filesystem::copy_options::overwrite_existing);
    Edit(sql);
    EXPECT_TRUE(durable_.Open().ok());
    Contents contents;
    EXPECT_TRUE(durable_->Load(contents.Visitor()).ok());
    const bool bad = !contents.set_aside.empty();
    durable_.Close();
    std::filesystem::rename(copy, durable_.file());
    return bad;
  };
  EXPECT_TRUE(refused("UPDATE networks SET proxy_usage = 3"));
  EXPECT_TRUE(refused("UPDATE networks SET proxy_usage = 4"));
  EXPECT_TRUE(refused("UPDATE networks SET proxy_list = 'p'"));
  EXPECT_TRUE(refused("UPDATE networks SET security_flags = 32"));
  EXPECT_TRUE(refused("UPDATE networks SET certificate = 'c', certificate_key = '/k'"));
  EXPECT_TRUE(refused("UPDATE networks SET job = randomblob(16)"));
  EXPECT_TRUE(refused("DELETE FROM networks"));
  EXPECT_TRUE(refused("UPDATE credentials SET target = 0"));
  EXPECT_TRUE(refused("UPDATE credentials SET scheme = 6"));
  EXPECT_TRUE(refused("UPDATE credentials SET scheme = 3"));
  EXPECT_TRUE(refused("UPDATE credentials SET number = number + 5"));
  EXPECT_TRUE(refused("UPDATE credentials SET sealed = zeroblob(600000)"));
  EXPECT_FALSE(refused("UPDATE credentials SET sealed = zeroblob(100)")) << "it is only lost";
}

TEST(StoreMigrationTest, AStoreWithoutNetworkSettingsIsBroughtUpToDate) {
  DurableStore durable;
  const auto job = NewJobRecord(2);
  ASSERT_TRUE(CommitNow(*durable, {Put(job)}).ok());
  durable.Close();
  {
    auto connection = sqlite::Connection::Open(durable.file());
    ASSERT_TRUE(connection->Execute(kBackToVersion5).ok());
    ASSERT_TRUE(connection->Execute(kBackToVersion3).ok());
    ASSERT_TRUE(connection
                    ->Execute("DROP TABLE networks; DROP TABLE credentials;"
                              "PRAGMA user_version = 2")
                    .ok());
  }
  ASSERT_TRUE(durable.Open().ok());
  Contents contents;
  ASSERT_TRUE(durable->Load(contents.Visitor()).ok());
  ExpectSame(*contents.jobs.at(job->id), *job);
  auto set = std::make_shared<JobRecord>(*job);
  set->network = FullRecord()->network;
  ASSERT_TRUE(CommitNow(*durable, {Put(set, job)}).ok());
  ASSERT_TRUE(durable.Open().ok());
  Contents later;
  ASSERT_TRUE(durable->Load(later.Visitor()).ok());
  ExpectSame(*later.jobs.at(job->id), *set);
}

}  // namespace
}  // namespace bitsd
