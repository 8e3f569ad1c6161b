#include "server/store/sqlite/sqlite_store.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <iterator>
#include <limits>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "server/error/errors.h"
#include "server/store/sqlite/row_reader.h"
#include "server/store/sqlite/schema.h"
#include "server/store/sqlite/set_aside.h"

namespace bitsd {
namespace {

/// The journal is written back from this size on: 16 MiB.
constexpr int kJournalPages = 4096;

/// How long Stop waits for the last commits, each of which may lead to another.
constexpr std::chrono::seconds kFarewell{5};

// FULL: a commit is on the disk when it is answered. cell_size_check: damage is found when it is
// read. The journal is written back by the writing thread, never inside a commit.
constexpr char kSettings[] =
    "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0;"
    "PRAGMA journal_size_limit = 67108864; PRAGMA temp_store = MEMORY;"
    "PRAGMA mmap_size = 0; PRAGMA cell_size_check = ON; PRAGMA foreign_keys = OFF;";

/// 64 MiB of pages that were used last.
constexpr char kWorkingCache[] = "PRAGMA cache_size = -65536";
/// Load reads every page once: pages that it kept would lie between the jobs that it makes, and
/// leave holes when they go.
constexpr char kLoadingCache[] = "PRAGMA cache_size = -1024";

/// Revisions of a start are its number times 2^32, and more: they must fit in 64 bits.
constexpr int64_t kMaxStarts = int64_t{1} << 30;

/// No number of what is set aside is above it.
constexpr int64_t kNone = std::numeric_limits<int64_t>::max();

/// So many records that cannot be read get a line in the log.
constexpr size_t kLogged = 100;

constexpr char kWhatToDo[] =
    ". bitsd does not start with a store that it cannot read, and has taken nothing out of it. "
    "Restore a backup, or move the folder's files away to start without jobs (docs/store.md)";

absl::Status Unusable(const std::string& file, const absl::Status& why) {
  const bool ours = absl::IsInvalidArgument(why);  // It says what to do by itself.
  return error::InvalidArgument(
      absl::StrCat(file, ": ", std::string(why.message()), ours ? "" : kWhatToDo));
}

/// SQLite keeps another kind of journal, and says nothing, where the file system has no shared
/// memory.
absl::Status CheckJournal(sqlite::Connection& connection) {
  auto statement = connection.Prepare("PRAGMA journal_mode");
  if (!statement.ok()) return statement.status();
  if (statement->Step() == SQLITE_ROW && statement->Bytes(0) == "wal") return absl::OkStatus();
  return error::InvalidArgument(
      "the file system cannot hold the store's journal: put state_dir on a local disk");
}

absl::StatusOr<sqlite::Connection> Connect(const std::string& file) {
  auto connection = sqlite::Connection::Open(file);
  if (!connection.ok()) return connection.status();
  if (sqlite3_db_readonly(connection->get(), "main") != 0) {
    return error::InvalidArgument("cannot be written: bitsd does not run without writing");
  }
  // The version is judged before anything is written, the kind of journal included.
  absl::Status status = PrepareSchema(*connection);
  if (status.ok()) status = connection->Execute(kSettings);
  if (status.ok()) status = connection->Execute(kWorkingCache);
  if (status.ok()) status = CheckJournal(*connection);
  if (!status.ok()) return status;
  return connection;
}

}  // namespace

absl::StatusOr<std::unique_ptr<SqliteStore>> SqliteStore::Open(
    const std::string& folder, std::shared_ptr<const SecretBox> secrets) {
  auto taken = StoreFolder::Take(folder);
  if (!taken.ok()) return taken.status();
  const std::string file = taken->database();
  auto connection = Connect(file);
  if (!connection.ok()) return Unusable(file, connection.status());
  std::unique_ptr<SqliteStore> store(
      new SqliteStore(*std::move(taken), *std::move(connection), std::move(secrets)));
  auto writer = RowWriter::Create(store->connection_, store->secrets_);
  if (!writer.ok()) return Unusable(file, writer.status());
  store->Start(*std::move(writer));
  return store;
}

SqliteStore::~SqliteStore() { Stop(); }

void SqliteStore::Start(RowWriter writer) {
  writer_ = std::move(writer);
  const auto note_pages = [](void* pages, sqlite3*, const char*, int count) {
    *static_cast<int*>(pages) = count;
    return SQLITE_OK;
  };
  sqlite3_wal_hook(connection_.get(), note_pages, &journal_pages_);
  writing_ = std::thread([this] { WriteAll(); });
  answering_ = std::thread([this] { AnswerAll(); });
}

absl::Status SqliteStore::Load(const StoreVisitor& visitor) {
  const std::lock_guard connection(connection_mutex_);
  size_t lost = 0;
  StoreVisitor counting = visitor;
  counting.job = [&](JobRecordPtr job) {
    if (job->network != nullptr) lost += job->network->lost.size();
    visitor.job(std::move(job));
  };
  const int64_t start = NextStart();
  if (visitor.start != nullptr) visitor.start(static_cast<uint64_t>(start));
  absl::Status status = connection_.Execute(kLoadingCache);
  std::vector<Unreadable> unreadable;
  if (status.ok()) status = ReadRows(connection_, secrets_.get(), counting, unreadable);
  if (lost > 0) {
    spdlog::warn(
        "{}: {} credentials of jobs were not kept, or do not open with store_key_file: "
        "bitsctl info says of which jobs",
        folder_.database(), lost);
  }
  // What was read once is not read again.
  sqlite3_db_release_memory(connection_.get());
  status.Update(connection_.Execute(kWorkingCache));
  if (!status.ok()) return Unusable(folder_.database(), status);
  CountStart(start);
  ShowSetAside(unreadable, visitor);
  return absl::OkStatus();
}

// A number that nobody can have counted to is not gone on from.
int64_t SqliteStore::NextStart() {
  const int64_t last = connection_.Number("SELECT max(count) FROM starts").value_or(0);
  return last >= 0 && last < kMaxStarts ? last + 1 : 1;
}

void SqliteStore::CountStart(int64_t start) {
  const absl::Status counted = connection_.Execute(
      absl::StrCat("BEGIN IMMEDIATE; DELETE FROM starts; INSERT INTO starts VALUES (", start,
                   "); COMMIT")
          .c_str());
  if (counted.ok()) return;
  if (connection_.in_transaction()) connection_.Execute("ROLLBACK").IgnoreError();
  // Revisions may be shown again that were shown before: better than no service.
  spdlog::error("{}: this start is not counted: {}", folder_.database(),
                std::string(counted.message()));
}

void SqliteStore::ShowSetAside(const std::vector<Unreadable>& unreadable,
                               const StoreVisitor& visitor) {
  const absl::Time now = absl::Now();
  if (!unreadable.empty()) {
    spdlog::error("{}: {} records cannot be read and are set aside: bitsd --set-aside shows them",
                  folder_.database(), unreadable.size());
    for (size_t i = 0; i < std::min(unreadable.size(), kLogged); ++i) {
      spdlog::error("{}: set aside: {}", folder_.database(), unreadable[i].what.why);
    }
  }
  absl::StatusOr<Moved> moved =
      unreadable.empty() ? Moved() : MoveAside(connection_, unreadable, now);
  const int64_t known = !unreadable.empty() && moved.ok() ? moved->last_before : kNone;
  auto all = ListAside(connection_, known);
  if (!moved.ok() || !all.ok()) {
    // They stay where they are, unused, and the next start finds them there.
    spdlog::error("{}: what cannot be read stays in its tables: {}", folder_.database(),
                  std::string((moved.ok() ? all.status() : moved.status()).message()));
    if (!all.ok()) all.emplace();
    for (const Unreadable& one : unreadable) {
      if (moved.ok()) break;
      all->push_back(one.what);
      all->back().found = now;
    }
  }
  if (moved.ok() && !moved->dropped.empty()) {
    spdlog::error("{}: {} records that were set aside at earlier starts had to make room",
                  folder_.database(), moved->dropped.size());
    std::move(moved->dropped.begin(), moved->dropped.end(), std::back_inserter(*all));
  }
  if (visitor.set_aside == nullptr) return;
  for (SetAside& one : *all) visitor.set_aside(std::move(one));
}

void SqliteStore::Commit(std::vector<StoreChange> changes, std::function<void(absl::Status)> done) {
  CommitQueue::Entry entry{std::move(changes), std::move(done)};
  {
    std::lock_guard lock(answers_mutex_);
    ++unanswered_;
  }
  if (queue_.Push(entry)) return;
  {
    std::lock_guard lock(answers_mutex_);
    --unanswered_;
  }
  entry.done(error::StoreUnavailable("the service is stopping: try again when it is back"));
}

void SqliteStore::Stop() {
  std::call_once(stopped_, [this] {
    {
      // An answer may lead to a commit: what a job still has to say is written, too.
      std::unique_lock lock(answers_mutex_);
      answers_changed_.wait_for(lock, kFarewell, [this] { return unanswered_ == 0; });
    }
    queue_.Close();
    if (!writing_.joinable()) return;
    writing_.join();
    {
      std::lock_guard lock(answers_mutex_);
      no_more_answers_ = true;
    }
    answers_changed_.notify_all();
    answering_.join();
    sqlite3_wal_checkpoint_v2(connection_.get(), nullptr, SQLITE_CHECKPOINT_TRUNCATE, nullptr,
                              nullptr);
  });
}

void SqliteStore::WriteAll() {
  while (true) {
    std::vector<CommitQueue::Entry> entries = queue_.Take();
    if (entries.empty()) return;
    const std::vector<absl::Status> results = Write(entries);
    std::vector<Answer> answers;
    answers.reserve(entries.size());
    for (size_t i = 0; i < entries.size(); ++i) {
      answers.emplace_back(std::move(entries[i].done), results[i]);
    }
    {
      std::lock_guard lock(answers_mutex_);
      answers_.push_back(std::move(answers));
    }
    answers_changed_.notify_all();
    if (journal_pages_ >= kJournalPages) WriteBackJournal();
  }
}

std::vector<absl::Status> SqliteStore::Write(const std::vector<CommitQueue::Entry>& entries) {
  const std::lock_guard connection(connection_mutex_);
  std::vector<absl::Status> results(entries.size(), Transaction(entries));
  if (!results.front().ok()) {
    // A journal that is written back is begun anew: a full disk then has room in it again.
    WriteBackJournal();
    for (size_t i = 0; i < entries.size(); ++i) results[i] = Transaction({&entries[i], 1});
  }
  Note(results.back());
  return results;
}

absl::Status SqliteStore::Transaction(absl::Span<const CommitQueue::Entry> entries) {
  absl::Status status = connection_.Execute("BEGIN IMMEDIATE");
  for (size_t i = 0; i < entries.size() && status.ok(); ++i) {
    status = writer_->Write(entries[i].changes);
  }
  if (status.ok()) status = connection_.Execute("COMMIT");
  // Some errors have rolled back by themselves.
  if (!status.ok() && connection_.in_transaction()) {
    connection_.Execute("ROLLBACK").IgnoreError();
  }
  return status;
}

void SqliteStore::Note(const absl::Status& status) {
  if (status.ok() == !failing_) return;
  failing_ = !status.ok();
  if (failing_) {
    spdlog::error("{}: {}", folder_.database(), std::string(status.message()));
  } else {
    spdlog::info("{}: the store takes changes again", folder_.database());
  }
}

void SqliteStore::WriteBackJournal() {
  // What cannot be written back now stays in the journal, and is as safe there.
  sqlite3_wal_checkpoint_v2(connection_.get(), nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr,
                            nullptr);
}

void SqliteStore::AnswerAll() {
  while (true) {
    std::vector<Answer> answers;
    {
      std::unique_lock lock(answers_mutex_);
      answers_changed_.wait(lock, [this] { return !answers_.empty() || no_more_answers_; });
      if (answers_.empty()) return;
      answers = std::move(answers_.front());
      answers_.pop_front();
    }
    for (auto& [done, status] : answers) done(std::move(status));
    std::lock_guard lock(answers_mutex_);
    unanswered_ -= answers.size();
    if (unanswered_ == 0) answers_changed_.notify_all();
  }
}

}  // namespace bitsd
