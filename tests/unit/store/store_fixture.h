// Stores to test, records to put into them, and what comes back.
//
// Thread safety: one test thread drives it. Ownership: a store and its folder.

#ifndef BITSD_TESTS_UNIT_STORE_STORE_FIXTURE_H_
#define BITSD_TESTS_UNIT_STORE_STORE_FIXTURE_H_

#include <future>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "server/store/memory_store.h"
#include "server/store/sqlite/sqlite_store.h"
#include "tests/testing/temp_folder.h"

namespace bitsd {

/// All that a store has.
struct Contents {
  std::map<JobId, JobRecordPtr> jobs;
  std::map<std::string, RequestRecord> requests;
  std::map<SessionId, SessionRecord> sessions;
  std::vector<SetAside> set_aside;
  uint64_t start = 0;

  StoreVisitor Visitor() {
    StoreVisitor visitor;
    visitor.job = [this](JobRecordPtr job) { jobs[job->id] = std::move(job); };
    visitor.request = [this](RequestRecord request) {
      const std::string id = request.request_id;
      requests[id] = std::move(request);
    };
    visitor.start = [this](uint64_t number) { start = number; };
    visitor.session = [this](const SessionRecord& session) {
      sessions.insert_or_assign(session.id, session);
    };
    visitor.set_aside = [this](SetAside one) { set_aside.push_back(std::move(one)); };
    return visitor;
  }
};

/// Commits, and waits for the answer.
inline absl::Status CommitNow(JobStore& store, std::vector<StoreChange> changes) {
  std::promise<absl::Status> answer;
  store.Commit(std::move(changes),
               [&](absl::Status status) { answer.set_value(std::move(status)); });
  return answer.get_future().get();
}

inline StoreChange Put(JobRecordPtr job, JobRecordPtr before = nullptr) {
  StoreChange change;
  change.put = std::move(job);
  change.before = std::move(before);
  return change;
}

/// A durable store in a folder of its own, which can be closed and opened again.
class DurableStore {
 public:
  DurableStore() { EXPECT_TRUE(Open().ok()); }

  absl::Status Open() {
    store_.reset();
    auto opened = SqliteStore::Open(folder_.path(), secrets_);
    if (!opened.ok()) return opened.status();
    store_ = *std::move(opened);
    return absl::OkStatus();
  }
  /// From the next Open on.
  void UseKey(const std::string& key) { secrets_ = *SecretBox::Create(Secret(key)); }
  void LoseKey() { secrets_ = nullptr; }
  void Close() { store_.reset(); }
  SqliteStore& operator*() { return *store_; }
  SqliteStore* operator->() { return store_.get(); }
  std::string folder() const { return folder_.path(); }
  std::string file() const { return folder_.File("bitsd.db"); }

 private:
  struct OwnFolder : tests::TempFolder {
    OwnFolder() : path_(MakeFolder("state", geteuid(), getegid(), 0700)) {}
    const std::string& path() const { return path_; }
    std::string File(std::string_view name) const { return path_ + "/" + std::string(name); }
    std::string path_;
  };
  OwnFolder folder_;
  std::shared_ptr<const SecretBox> secrets_;
  std::unique_ptr<SqliteStore> store_;
};

inline const Sid kAnn{5, {21, 1, 2, 3, 1001}};
inline const Sid kBob{5, {21, 1, 2, 3, 1002}};

inline std::shared_ptr<JobRecord> NewJobRecord(size_t files = 0) {
  auto job = std::make_shared<JobRecord>();
  job->id = JobId::Random();
  job->display_name = "job";
  job->owner = kAnn;
  job->creation = job->modification = absl::FromUnixSeconds(1'800'000'000);
  auto list = std::make_shared<FileRecords>();
  for (size_t i = 0; i < files; ++i) {
    FileRecord file;
    file.remote_name = "http://192.0.2.1/" + std::to_string(i);
    file.local_name = "/d/" + std::to_string(i);
    list->push_back(std::move(file));
  }
  job->files = std::move(list);
  return job;
}

/// One with something in every member.
inline std::shared_ptr<JobRecord> FullRecord() {
  auto job = NewJobRecord(2);
  job->type = JobType::kDownload;
  job->state = JobState::kTransientError;
  job->display_name = "n\u00e4me";
  job->description = "what it is for";
  job->priority = JobPriority::kForeground;
  job->elevated = true;
  job->token_flags = 3;
  job->minimum_retry_delay = absl::Milliseconds(5001);
  job->no_progress_timeout = absl::ZeroDuration();
  job->creation = absl::FromUnixNanos(1'800'000'000'123'456'789);
  job->transfer_completion = absl::FromUnixSeconds(7);
  JobError error;
  error.context = ErrorContext::kRemoteFile;
  error.hresult = HttpHresult(503);
  error.http_status = 503;
  error.message = std::string("bytes of a server: \xff\x00", 21);
  error.rule = "address_denied";
  error.file_index = 1;
  error.next_retry = absl::FromUnixSeconds(1'800'000'600);
  job->error = error;
  job->error_count = 4;
  job->no_progress_since = absl::FromUnixSeconds(9);
  job->completing = true;
  job->revision = 77;
  job->abandoned = {
      {"/d/.BIT0000000000000002.tmp", kBob, FileId{~uint64_t{0}, 5, ~uint64_t{0}, 1, 61001, 0600}},
      {"/d/.BIT0000000000000003.tmp", kAnn, FileId{1, 6}}};
  auto files = std::make_shared<FileRecords>(*job->files);
  FileRecord& file = files->Edit(1);
  file.completed = true;
  file.progress.temporary =
      TemporaryFile{"/d/.BIT0000000000000001.tmp", kBob, FileId{8, 9, 10, 11, 12, 0600}};
  file.not_set = kModeNotSet | kTimeNotSet;
  file.progress.size = uint64_t{1} << 40;
  file.progress.synced = 1234;
  file.progress.version.tag = "\"e\"";
  file.progress.version.date = "Tue, 15 Nov 1994 12:45:26 GMT";
  file.progress.final_url = "http://192.0.2.2/x";
  file.progress.transferred = true;
  file.progress.version.content_type = "application/gzip";
  file.progress.version.content_encoding = "x-gzip";
  file.progress.version.strong_date = true;
  file.progress.doubts = 2;
  file.progress.replaced_size = 4321;
  file.progress.not_resumable = true;
  file.progress.restarts = 3;
  job->files = std::move(files);
  NetworkSettings network;
  network.proxy_usage = ProxyUsage::kOverride;
  network.proxy_list = "proxy.example:3128";
  network.proxy_bypass = "<local>";
  network.credentials = {{AuthTarget::kProxy, AuthScheme::kNegotiate, "", Secret()}};
  network.lost = {{AuthTarget::kServer, AuthScheme::kBasic}};
  network.client_certificate = ClientCertificate{"/home/c.pem", "/home/c.key"};
  network.security_flags = kRedirectDisallow | kSslCrlCheck;
  job->network = std::make_shared<const NetworkSettings>(network);
  return job;
}

/// What versions 6 and 7 brought is taken away.
inline constexpr char kBackToVersion5[] =
    "DROP TABLE starts; ALTER TABLE set_aside DROP COLUMN elevated;"
    "ALTER TABLE set_aside DROP COLUMN part;"
    "ALTER TABLE files DROP COLUMN temporary_birth; ALTER TABLE files DROP COLUMN temporary_mark;"
    "ALTER TABLE files DROP COLUMN temporary_owner; ALTER TABLE files DROP COLUMN temporary_mode;"
    "ALTER TABLE files DROP COLUMN not_set;"
    "ALTER TABLE abandoned DROP COLUMN temporary_birth;"
    "ALTER TABLE abandoned DROP COLUMN temporary_mark;"
    "ALTER TABLE abandoned DROP COLUMN temporary_owner;"
    "ALTER TABLE abandoned DROP COLUMN temporary_mode; PRAGMA user_version = 5;";

/// What versions 4 and 5 brought is taken away, from version 5.
inline constexpr char kBackToVersion3[] =
    "ALTER TABLE files DROP COLUMN content_type; ALTER TABLE files DROP COLUMN content_encoding;"
    "ALTER TABLE files DROP COLUMN strong_date; ALTER TABLE files DROP COLUMN doubts;"
    "ALTER TABLE files DROP COLUMN replaced_size; DROP TABLE set_aside;"
    "PRAGMA user_version = 3;";

/// Everything of two records is the same, files included.
inline void ExpectSame(const JobRecord& a, const JobRecord& b) {
  EXPECT_EQ(a.id, b.id);
  EXPECT_EQ(a.type, b.type);
  EXPECT_EQ(a.state, b.state);
  EXPECT_EQ(a.display_name, b.display_name);
  EXPECT_EQ(a.description, b.description);
  EXPECT_EQ(a.priority, b.priority);
  EXPECT_EQ(a.owner, b.owner);
  EXPECT_EQ(a.elevated, b.elevated);
  EXPECT_EQ(a.token_flags, b.token_flags);
  EXPECT_EQ(a.minimum_retry_delay, b.minimum_retry_delay);
  EXPECT_EQ(a.no_progress_timeout, b.no_progress_timeout);
  EXPECT_EQ(a.creation, b.creation);
  EXPECT_EQ(a.modification, b.modification);
  EXPECT_EQ(a.transfer_completion, b.transfer_completion);
  EXPECT_EQ(a.error, b.error);
  EXPECT_EQ(a.error_count, b.error_count);
  EXPECT_EQ(a.no_progress_since, b.no_progress_since);
  EXPECT_EQ(a.completing, b.completing);
  EXPECT_EQ(a.revision, b.revision);
  EXPECT_EQ(a.abandoned, b.abandoned);
  EXPECT_EQ(*a.files, *b.files);
  ASSERT_EQ(a.network == nullptr, b.network == nullptr);
  if (a.network != nullptr) {
    EXPECT_EQ(*a.network, *b.network);
  }
}

}  // namespace bitsd

#endif  // BITSD_TESTS_UNIT_STORE_STORE_FIXTURE_H_
