// Writes changes into the tables of the store, in the transaction of its user.
//
// A password leaves here encrypted, or not at all. Thread safety: one thread. Ownership: the
// connection is its user's, and outlives it.

#ifndef BITSD_SERVER_STORE_SQLITE_ROW_WRITER_H_
#define BITSD_SERVER_STORE_SQLITE_ROW_WRITER_H_

#include <memory>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/model/job_store.h"
#include "server/store/secret_box.h"
#include "server/store/sqlite/column_io.h"
#include "server/store/sqlite/sqlite.h"

namespace bitsd {

class RowWriter {
 public:
  /// `secrets` encrypts passwords; null: they are not written.
  static absl::StatusOr<RowWriter> Create(sqlite::Connection& connection,
                                          std::shared_ptr<const SecretBox> secrets);

  absl::Status Write(const std::vector<StoreChange>& changes);

 private:
  RowWriter(sqlite::Connection& connection, std::shared_ptr<const SecretBox> secrets)
      : connection_(&connection), secrets_(std::move(secrets)) {}

  absl::Status Write(const StoreChange& change);
  bool HasJob(const JobId& id);
  absl::Status WriteJob(const JobRecord* before, const JobRecord& job);
  absl::Status WriteFiles(const FileRecords* before, const JobRecord& job);
  absl::Status WriteAbandoned(const JobRecord* before, const JobRecord& job);
  absl::Status WriteNetwork(const JobRecord& job);
  absl::Status WriteCredentials(const JobId& job, const NetworkSettings& network);
  absl::Status WriteRequest(const RequestRecord& request);
  absl::Status EraseRequest(const Sid& caller, const std::string& request_id);
  absl::Status ForgetRequests(absl::Time expired);
  absl::Status WriteSession(const SessionRecord& session);
  absl::Status EraseJob(const JobId& id);
  absl::Status Run(sqlite::Statement& statement);
  /// Run, unless a column is not as it must be: what is written can be read.
  absl::Status Put(sqlite::Statement& statement, const ColumnWriter& columns);
  /// Runs one that has the UUID as its only parameter.
  absl::Status RunFor(sqlite::Statement& statement, const UuidBytes& id);

  sqlite::Connection* connection_;
  std::shared_ptr<const SecretBox> secrets_;
  sqlite::Statement put_job_;
  sqlite::Statement put_file_;
  sqlite::Statement put_abandoned_;
  sqlite::Statement put_network_;
  sqlite::Statement put_credential_;
  sqlite::Statement put_request_;
  sqlite::Statement put_session_;
  sqlite::Statement erase_job_;
  sqlite::Statement erase_files_;
  sqlite::Statement erase_abandoned_;
  sqlite::Statement erase_abandoned_from_;
  sqlite::Statement erase_network_;
  sqlite::Statement erase_credentials_;
  sqlite::Statement erase_requests_;
  sqlite::Statement erase_request_;
  sqlite::Statement has_job_;
  sqlite::Statement erase_session_;
};

}  // namespace bitsd

#endif  // BITSD_SERVER_STORE_SQLITE_ROW_WRITER_H_
