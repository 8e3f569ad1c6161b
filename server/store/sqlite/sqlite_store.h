// The durable store: an SQLite database in a folder of its own.
//
// Commits that wait share one transaction and one sync of the disk (commit_queue.h). One thread
// writes; another answers, so that answering and the next sync overlap. When a transaction fails,
// each of its commits is tried alone: one that cannot be written does not fail the others. A commit
// that failed may be there all the same after a crash, as if it had come a moment later.
//
// The journal (WAL) is written back between transactions, by the writing thread. Thread safety: as
// JobStore. Ownership: owns the database, its lock and its threads; Stop, or the destructor, ends
// them.

#ifndef BITSD_SERVER_STORE_SQLITE_SQLITE_STORE_H_
#define BITSD_SERVER_STORE_SQLITE_SQLITE_STORE_H_

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "server/model/job_store.h"
#include "server/store/commit_queue.h"
#include "server/store/secret_box.h"
#include "server/store/sqlite/row_writer.h"
#include "server/store/sqlite/set_aside.h"
#include "server/store/sqlite/sqlite.h"
#include "server/store/store_folder.h"

namespace bitsd {

class SqliteStore : public JobStore {
 public:
  /// Opens the store in `folder`, makes it when it is empty, and brings an older one up to date. An
  /// error names the file and says what to do; then nothing was changed.
  /// Without `secrets` passwords are not stored.
  static absl::StatusOr<std::unique_ptr<SqliteStore>> Open(
      const std::string& folder, std::shared_ptr<const SecretBox> secrets = nullptr);
  ~SqliteStore() override;

  absl::Status Load(const StoreVisitor& visitor) override;
  void Commit(std::vector<StoreChange> changes, std::function<void(absl::Status)> done) override;
  bool keeps_secrets() const override { return secrets_ != nullptr; }
  void Stop() override;

 private:
  using Answer = std::pair<std::function<void(absl::Status)>, absl::Status>;

  SqliteStore(StoreFolder folder, sqlite::Connection connection,
              std::shared_ptr<const SecretBox> secrets)
      : folder_(std::move(folder)),
        secrets_(std::move(secrets)),
        connection_(std::move(connection)) {}
  void Start(RowWriter writer);

  int64_t NextStart();
  /// The next one has another number than `start`.
  void CountStart(int64_t start);
  /// Takes `unreadable` out of the tables, and tells `visitor` of all that is set aside.
  void ShowSetAside(const std::vector<Unreadable>& unreadable, const StoreVisitor& visitor);
  void WriteAll();
  /// Commits all in one transaction, or else each in its own.
  std::vector<absl::Status> Write(const std::vector<CommitQueue::Entry>& entries);
  absl::Status Transaction(absl::Span<const CommitQueue::Entry> entries);
  /// Tells the log when commits begin to fail, and when they work again.
  void Note(const absl::Status& status);
  void WriteBackJournal();
  void AnswerAll();

  const StoreFolder folder_;
  const std::shared_ptr<const SecretBox> secrets_;
  sqlite::Connection connection_;
  std::optional<RowWriter> writer_;
  int journal_pages_ = 0;
  bool failing_ = false;

  CommitQueue queue_;
  /// Whoever uses the connection has it: it is one thread's at a time. The writing thread waits
  /// only while Load runs.
  std::mutex connection_mutex_;
  std::mutex answers_mutex_;
  std::condition_variable answers_changed_;
  std::deque<std::vector<Answer>> answers_;
  size_t unanswered_ = 0;  ///< Commits.
  bool no_more_answers_ = false;

  std::thread writing_;
  std::thread answering_;
  std::once_flag stopped_;
};

}  // namespace bitsd

#endif  // BITSD_SERVER_STORE_SQLITE_SQLITE_STORE_H_
