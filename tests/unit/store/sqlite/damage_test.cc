// Stores that cannot be used: the start is refused, says what to do, and destroys nothing. Rows
// that cannot be read: they are set aside, and everything else starts.

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

#include "server/store/sqlite/schema.h"
#include "server/store/sqlite/set_aside.h"
#include "server/store/sqlite/sqlite.h"
#include "tests/unit/store/store_fixture.h"

namespace bitsd {
namespace {

#define EXPECT_SAYS(text, words) EXPECT_NE((text).find(words), std::string::npos) << (text)

class StoreDamageTest : public testing::Test {
 protected:
  StoreDamageTest() {
    EXPECT_TRUE(CommitNow(*store_, {Put(job_), Put(FullRecord())}).ok());
    store_.Close();
  }

  /// Changes the closed store behind its back.
  void Run(const std::string& sql) {
    auto connection = sqlite::Connection::Open(store_.file());
    ASSERT_TRUE(connection.ok());
    const absl::Status status = connection->Execute(sql.c_str());
    ASSERT_TRUE(status.ok()) << status;
    ASSERT_TRUE(connection->Execute("PRAGMA wal_checkpoint(TRUNCATE)").ok());
  }

  /// Why the store does not start; then every byte of it is as before.
  std::string Refusal() {
    const std::string before = tests::ReadFile(store_.file());
    absl::Status status = store_.Open();
    Contents contents;
    if (status.ok()) status = store_->Load(contents.Visitor());
    EXPECT_FALSE(status.ok());
    store_.Close();
    EXPECT_EQ(tests::ReadFile(store_.file()), before);
    EXPECT_SAYS(std::string(status.message()), store_.file());
    return std::string(status.message());
  }

  const JobRecordPtr job_ = FullRecord();
  DurableStore store_;
};

TEST_F(StoreDamageTest, ANewerSchemaIsRefused) {
  Run("PRAGMA user_version = " + std::to_string(kSchemaVersion + 1));
  EXPECT_SAYS(Refusal(), "newer bitsd");
}

TEST_F(StoreDamageTest, AnotherProgramsDatabaseIsRefused) {
  Run("PRAGMA application_id = 1");
  EXPECT_SAYS(Refusal(), "another program");
}

TEST_F(StoreDamageTest, AFileThatIsNoDatabaseIsRefused) {
  tests::WriteFile(store_.file(), std::string(8192, 'x'), 0600);
  EXPECT_SAYS(Refusal(), "Restore a backup");
}

TEST_F(StoreDamageTest, AFileThatWasCutShortIsRefused) {
  for (int i = 0; i < 40; ++i) {
    ASSERT_TRUE(store_.Open().ok());
    ASSERT_TRUE(CommitNow(*store_, {Put(NewJobRecord(5))}).ok());
  }
  store_.Close();
  ASSERT_EQ(truncate(store_.file().c_str(), 3 * 4096), 0);
  EXPECT_SAYS(Refusal(), "Restore a backup");
}

TEST_F(StoreDamageTest, APageOfGarbageIsFoundAtTheStart) {
  const int file = open(store_.file().c_str(), O_WRONLY);
  ASSERT_GE(file, 0);
  const std::string garbage(4096, '\xa5');
  const off_t size = lseek(file, 0, SEEK_END);
  for (off_t page = 4096; page < size; page += 4096) {
    ASSERT_EQ(pwrite(file, garbage.data(), garbage.size(), page), 4096);
  }
  close(file);
  EXPECT_SAYS(Refusal(), "Restore a backup");
}

TEST_F(StoreDamageTest, AMissingTableIsRefused) {
  Run("DROP TABLE files");
  EXPECT_SAYS(Refusal(), "files");
}

struct BadRow {
  const char* sql;
  const char* words;
};

class BadRowTest : public StoreDamageTest, public testing::WithParamInterface<BadRow> {
 protected:
  Contents Load() {
    Contents contents;
    EXPECT_TRUE(store_.Open().ok());
    const absl::Status status = store_->Load(contents.Visitor());
    EXPECT_TRUE(status.ok()) << status;
    return contents;
  }
};

TEST_P(BadRowTest, IsSetAsideAndEverythingElseStarts) {
  Run(GetParam().sql);
  ASSERT_TRUE(store_.Open().ok());
  const auto healthy = FullRecord();
  ASSERT_TRUE(CommitNow(*store_, {Put(healthy)}).ok());

  const Contents contents = Load();
  ASSERT_FALSE(contents.set_aside.empty());
  ASSERT_EQ(contents.jobs.count(healthy->id), 1u);
  ExpectSame(*contents.jobs.at(healthy->id), *healthy);
  for (const SetAside& one : contents.set_aside) {
    EXPECT_SAYS(one.why, GetParam().words);
    EXPECT_TRUE(one.is_new);
    EXPECT_TRUE(!one.job || contents.jobs.count(*one.job) == 0);
  }
  const auto kept = ReadAside(store_.folder());
  ASSERT_TRUE(kept.ok()) << kept.status();
  ASSERT_EQ(kept->size(), contents.set_aside.size());
  for (const KeptAside& one : *kept) EXPECT_SAYS(one.sql, "INSERT INTO ");

  const Contents again = Load();
  EXPECT_EQ(again.jobs.size(), contents.jobs.size());
  ASSERT_EQ(again.set_aside.size(), contents.set_aside.size()) << "nothing more, and nothing lost";
  for (const SetAside& one : again.set_aside) EXPECT_FALSE(one.is_new);
}

INSTANTIATE_TEST_SUITE_P(
    Store, BadRowTest,
    testing::Values(
        BadRow{"UPDATE jobs SET state = 9", "column state is out of its bounds"},
        BadRow{"UPDATE jobs SET state = -1", "column state is out of its bounds"},
        BadRow{"UPDATE jobs SET state = 2", "never stored"},
        BadRow{"UPDATE jobs SET type = 3", "column type"},
        BadRow{"UPDATE jobs SET priority = 4", "column priority"},
        BadRow{"UPDATE jobs SET token_flags = 4", "column token_flags"},
        BadRow{"UPDATE jobs SET elevated = 2", "column elevated"},
        BadRow{"UPDATE jobs SET owner = 'alice'", "column owner is no SID"},
        BadRow{"UPDATE jobs SET owner = 'S-1-5-021'", "column owner is no SID"},
        BadRow{"UPDATE jobs SET display_name = CAST(x'ff' AS TEXT)", "column display_name"},
        BadRow{"UPDATE jobs SET description = CAST(x'610062' AS TEXT)", "column description"},
        BadRow{"UPDATE jobs SET minimum_retry_delay = -1", "column minimum_retry_delay"},
        BadRow{"UPDATE jobs SET files = 3", "has 3 files, and 2 are there"},
        BadRow{"UPDATE jobs SET files = 1 << 40", "column files"},
        BadRow{"UPDATE jobs SET error_context = 9", "column error_context"},
        BadRow{"UPDATE jobs SET error_context = NULL", "has no error"},
        BadRow{"UPDATE jobs SET error_next_retry = NULL", "no next retry"},
        BadRow{"UPDATE jobs SET error_file_index = 2", "file that it does not have"},
        BadRow{"UPDATE jobs SET error_message = CAST(zeroblob(70000) AS TEXT)", "too long"},
        BadRow{"UPDATE files SET local_name = '/a/../b'", "column local_name"},
        BadRow{"UPDATE files SET local_name = 'a'", "column local_name"},
        BadRow{"UPDATE files SET remote_name = 'http://a b'", "column remote_name"},
        BadRow{"UPDATE files SET transferred = 2", "column transferred"},
        BadRow{"UPDATE files SET temporary_path = 'x'", "column temporary_path"},
        BadRow{"UPDATE files SET temporary_creator = 'x' WHERE temporary_path IS NOT NULL",
               "column temporary_creator"},
        BadRow{"UPDATE files SET temporary_inode = NULL WHERE temporary_path IS NOT NULL",
               "column temporary_inode"},
        BadRow{"UPDATE files SET number = 7 WHERE number = 1", "does not follow"},
        BadRow{"UPDATE files SET number = -1 WHERE number = 0", "column number"},
        BadRow{"UPDATE jobs SET id = x'01' WHERE id = (SELECT min(id) FROM jobs)", "table"},
        BadRow{"UPDATE files SET job = x'02' WHERE job = (SELECT min(id) FROM jobs)", "table"},
        BadRow{"UPDATE credentials SET target = 9", "column target"},
        BadRow{"UPDATE credentials SET number = 0, scheme = scheme + 100 WHERE number = 0",
               "column scheme"},
        BadRow{"UPDATE networks SET proxy_usage = 4", "column proxy_usage"},
        BadRow{"UPDATE networks SET proxy_list = ''", "proxy settings"},
        BadRow{"DELETE FROM networks", "has credentials"},
        BadRow{"INSERT INTO requests SELECT 'x', 'r', x'00', 1, * FROM jobs LIMIT 1",
               "column caller"},
        BadRow{"INSERT INTO requests SELECT 'S-1-5-18', 'r', zeroblob(32), 1, * FROM jobs LIMIT 1;"
               "UPDATE requests SET files = 1 << 23",
               "column files"},
        BadRow{"DELETE FROM files WHERE number = 1", "has 2 files, and 1 are there"},
        BadRow{"DELETE FROM jobs WHERE id = (SELECT min(id) FROM jobs)", "there is no job"},
        BadRow{"DELETE FROM jobs WHERE id = (SELECT max(id) FROM jobs)", "there is no job"},
        BadRow{"DELETE FROM abandoned WHERE number = 0", "does not follow"},
        BadRow{"UPDATE abandoned SET temporary_creator = ''", "column temporary_creator"},
        BadRow{"INSERT INTO sessions VALUES (x'00', 'S-1-5-18', 0, 1, 1, 1)", "column id"},
        BadRow{"INSERT INTO sessions VALUES (zeroblob(16), 'S-1-5-18', 0, -1, 1, 1)",
               "column ttl"}));

TEST_F(StoreDamageTest, AnotherOwnersJobIsKeptWithItsOwnerAndTheSqlThatPutsItBack) {
  Run("UPDATE jobs SET state = 9 WHERE id = (SELECT min(id) FROM jobs)");
  ASSERT_TRUE(store_.Open().ok());
  Contents contents;
  ASSERT_TRUE(store_->Load(contents.Visitor()).ok());
  EXPECT_EQ(contents.jobs.size(), 1u) << "the other one";
  ASSERT_EQ(contents.set_aside.size(), 1u);
  EXPECT_EQ(contents.set_aside[0].owner, kAnn);
  ASSERT_TRUE(contents.set_aside[0].job);
  const JobId id = *contents.set_aside[0].job;
  const auto kept = ReadAside(store_.folder());
  ASSERT_TRUE(kept.ok());
  store_.Close();
  Run((*kept)[0].sql + "UPDATE jobs SET state = 5 WHERE state = 9; DELETE FROM set_aside");
  ASSERT_TRUE(store_.Open().ok());
  Contents mended;
  ASSERT_TRUE(store_->Load(mended.Visitor()).ok());
  EXPECT_EQ(mended.jobs.count(id), 1u);
  EXPECT_TRUE(mended.set_aside.empty());
}

TEST_F(StoreDamageTest, AJobOfManyMebibytesIsSetAsideWhole) {
  // Each file is a row of about 1 MiB of SQL: a text that is no UTF-8 is kept in hexadecimal.
  Run("DELETE FROM files; DELETE FROM jobs WHERE id = (SELECT max(id) FROM jobs);"
      "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 149)"
      " INSERT INTO files (job, number, remote_name, local_name, size, synced, etag, last_modified,"
      " final_url, transferred, not_resumable, restarts, completed)"
      " SELECT id, i, CAST(zeroblob(500000) AS TEXT), '/x', 0, 0, '', '', '', 0, 0, 0, 0"
      " FROM jobs, n");
  ASSERT_TRUE(store_.Open().ok());
  Contents contents;
  ASSERT_TRUE(store_->Load(contents.Visitor()).ok());
  EXPECT_EQ(std::count_if(contents.set_aside.begin(), contents.set_aside.end(),
                          [](const SetAside& one) { return one.table == "jobs"; }),
            1)
      << "one record, however many parts";
  const auto kept = ReadAside(store_.folder());
  ASSERT_TRUE(kept.ok());
  size_t rows = 0;
  size_t parts = 0;
  for (const KeptAside& one : *kept) {
    if (one.what.table != "jobs") continue;
    ++parts;
    for (size_t at = 0; (at = one.sql.find("INSERT INTO files", at)) != std::string::npos; ++at) {
      ++rows;
    }
  }
  EXPECT_EQ(rows, 150u);
  EXPECT_GT(parts, 1u);
}

TEST_F(StoreDamageTest, WhatIsNewIsKeptAndWhatMakesRoomForItIsTold) {
  Run("INSERT INTO set_aside (found, source, reason, bytes, content, owner, elevated)"
      " VALUES (1, 'jobs', 'old', 300 << 20, '', 'S-1-5-18', 0);"
      "UPDATE jobs SET state = 9");
  ASSERT_TRUE(store_.Open().ok());
  Contents contents;
  ASSERT_TRUE(store_->Load(contents.Visitor()).ok());
  ASSERT_EQ(contents.set_aside.size(), 3u);
  EXPECT_TRUE(contents.set_aside[0].is_new && contents.set_aside[1].is_new);
  EXPECT_EQ(contents.set_aside[0].elevated, job_->elevated);
  EXPECT_TRUE(contents.set_aside[2].dropped);
  EXPECT_EQ(contents.set_aside[2].why, "old");
  Contents again;
  ASSERT_TRUE(store_.Open().ok() && store_->Load(again.Visitor()).ok());
  EXPECT_EQ(again.set_aside.size(), 2u) << "it is gone, and told once";
}

TEST_F(StoreDamageTest, AStoreFromBeforeThatTableHasNothingSetAside) {
  Run(kBackToVersion5);
  Run(kBackToVersion3);
  const auto kept = ReadAside(store_.folder());
  ASSERT_TRUE(kept.ok()) << kept.status();
  EXPECT_TRUE(kept->empty());
  Run("PRAGMA application_id = 1");
  EXPECT_SAYS(std::string(ReadAside(store_.folder()).status().message()), "another program");
}

/// `job` as a store before version 6 kept it.
JobRecord AsOfVersion5(JobRecord job) {
  const auto forget = [](TemporaryFile& file) { file.id = {file.id.device, file.id.inode}; };
  for (TemporaryFile& file : job.abandoned) forget(file);
  auto files = std::make_shared<FileRecords>(*job.files);
  for (size_t i = 0; i < files->size(); ++i) {
    FileRecord& file = files->Edit(i);
    file.not_set = 0;
    if (!file.progress.temporary) continue;
    TemporaryFile temporary = *file.progress.temporary;
    forget(temporary);
    file.progress.temporary = temporary;
  }
  job.files = std::move(files);
  return job;
}

/// `job` as a store before version 5 kept it.
JobRecord AsOfVersion4(const JobRecord& record) {
  JobRecord job = AsOfVersion5(record);
  const FileProgress none;
  auto files = std::make_shared<FileRecords>(*job.files);
  for (size_t i = 0; i < files->size(); ++i) {
    FileProgress& progress = files->Edit(i).progress;
    progress.version.content_type = none.version.content_type;
    progress.version.content_encoding = none.version.content_encoding;
    progress.version.strong_date = none.version.strong_date;
    progress.doubts = none.doubts;
    progress.replaced_size = none.replaced_size;
  }
  job.files = std::move(files);
  return job;
}

TEST(StoreMigrationTest, AStoreOfVersion5KeepsItsTemporaryFiles) {
  DurableStore store;
  const auto job = FullRecord();
  ASSERT_TRUE(CommitNow(*store, {Put(job)}).ok());
  store.Close();
  ASSERT_TRUE(sqlite::Connection::Open(store.file())->Execute(kBackToVersion5).ok());
  ASSERT_TRUE(store.Open().ok());
  Contents contents;
  ASSERT_TRUE(store->Load(contents.Visitor()).ok());
  ExpectSame(*contents.jobs.at(job->id), AsOfVersion5(*job));
}

TEST(StoreStartTest, EachStartHasAHigherNumberAlsoAfterAnUpgrade) {
  DurableStore store;
  auto job = std::make_shared<JobRecord>(*NewJobRecord(1));
  job->revision = uint64_t{5} << 32;
  ASSERT_TRUE(CommitNow(*store, {Put(job)}).ok());
  const auto start = [&store] {
    Contents contents;
    EXPECT_TRUE(store.Open().ok() && store->Load(contents.Visitor()).ok());
    return contents.start;
  };
  const uint64_t first = start();
  EXPECT_EQ(start(), first + 1);
  store.Close();
  ASSERT_TRUE(sqlite::Connection::Open(store.file())->Execute(kBackToVersion5).ok());
  EXPECT_GT(start(), 6u) << "above every revision that there is";
}

TEST(StoreStartTest, ANumberThatNobodyCountedToIsNotBelieved) {
  for (const char* damage :
       {"UPDATE starts SET count = -1", "UPDATE starts SET count = 9223372036854775807",
        "UPDATE starts SET count = 1 << 32", "DELETE FROM starts"}) {
    DurableStore store;
    ASSERT_TRUE(CommitNow(*store, {Put(NewJobRecord(1))}).ok());
    store.Close();
    ASSERT_TRUE(sqlite::Connection::Open(store.file())->Execute(damage).ok()) << damage;
    for (const uint64_t expected : {1u, 2u}) {
      Contents contents;
      ASSERT_TRUE(store.Open().ok() && store->Load(contents.Visitor()).ok()) << damage;
      EXPECT_EQ(contents.start, expected) << damage;
    }
  }
}

TEST(StoreMigrationTest, AStoreOfVersion1BecomesOneOfTheCurrentVersionWithItsJobs) {
  DurableStore store;
  const auto job = FullRecord();
  ASSERT_TRUE(CommitNow(*store, {Put(job)}).ok());
  store.Close();
  {
    // What version 1 had: everything but sessions.
    auto connection = sqlite::Connection::Open(store.file());
    ASSERT_TRUE(connection->Execute(kBackToVersion5).ok());
    ASSERT_TRUE(connection->Execute(kBackToVersion3).ok());
    ASSERT_TRUE(connection
                    ->Execute("DROP TABLE sessions; DROP TABLE networks; DROP TABLE credentials;"
                              "PRAGMA user_version = 1")
                    .ok());
  }
  ASSERT_TRUE(store.Open().ok());
  StoreChange put;
  put.put_session = SessionRecord{SessionId::Random(), kAnn, false, absl::Hours(1), {}, {}};
  EXPECT_TRUE(CommitNow(*store, {put}).ok());
  ASSERT_TRUE(store.Open().ok());
  Contents contents;
  ASSERT_TRUE(store->Load(contents.Visitor()).ok());
  JobRecord old = AsOfVersion4(*job);
  old.network = nullptr;
  ExpectSame(*contents.jobs.at(job->id), old);
  EXPECT_EQ(contents.sessions.size(), 1u);
}

TEST(StoreMigrationTest, AMigrationThatFailsChangesNothing) {
  DurableStore store;
  store.Close();
  {
    // Version 1, but something is where version 2 puts its table.
    auto connection = sqlite::Connection::Open(store.file());
    ASSERT_TRUE(connection->Execute("PRAGMA user_version = 1").ok());
  }
  EXPECT_FALSE(store.Open().ok());
  auto connection = sqlite::Connection::Open(store.file());
  EXPECT_EQ(*connection->Number("PRAGMA user_version"), 1);
}

}  // namespace
}  // namespace bitsd
