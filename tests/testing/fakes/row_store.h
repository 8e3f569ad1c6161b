// A JobStore of real rows in a database in memory, written and read as the durable store does it,
// but on the calling thread.
//
// Thread safety: one thread. Ownership: owns its database.

#ifndef BITSD_TESTS_TESTING_FAKES_ROW_STORE_H_
#define BITSD_TESTS_TESTING_FAKES_ROW_STORE_H_

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "server/store/memory_store.h"
#include "server/store/sqlite/row_reader.h"
#include "server/store/sqlite/row_writer.h"
#include "server/store/sqlite/schema.h"
#include "server/store/sqlite/sqlite.h"

namespace bitsd {

class RowStore : public JobStore {
 public:
  RowStore()
      : connection_(*sqlite::Connection::Open(":memory:")),
        prepared_(PrepareSchema(connection_)),
        writer_(*RowWriter::Create(connection_, nullptr)) {}

  absl::Status Load(const StoreVisitor& visitor) override {
    if (visitor.start != nullptr) visitor.start(++starts_);
    std::vector<Unreadable> unreadable;
    absl::Status status = ReadRows(connection_, nullptr, visitor, unreadable);
    for (const Unreadable& one : unreadable) faults_ += one.what.why + "\n";
    if (!status.ok()) faults_ += std::string(status.message());
    return status;
  }

  void Commit(std::vector<StoreChange> changes, std::function<void(absl::Status)> done) override {
    absl::Status status = connection_.Execute("BEGIN");
    if (status.ok()) status = writer_.Write(changes);
    const absl::Status ended = connection_.Execute(status.ok() ? "COMMIT" : "ROLLBACK");
    if (status.ok()) status = ended;
    if (!status.ok()) {
      faults_ += std::string(status.message()) + "\n";
      return done(status);
    }
    memory_.Commit(std::move(changes), std::move(done));
  }

  bool keeps_secrets() const override { return false; }
  void Stop() override {}

  JobRecordPtr Find(const JobId& id) const { return memory_.Find(id); }

  /// What could not be written, or not be read again. Empty when all is well.
  const std::string& faults() const { return faults_; }

 private:
  sqlite::Connection connection_;
  const absl::Status prepared_;
  RowWriter writer_;
  MemoryStore memory_;  ///< The same, to look at.
  std::string faults_;
  uint64_t starts_ = 0;
};

}  // namespace bitsd

#endif  // BITSD_TESTS_TESTING_FAKES_ROW_STORE_H_
