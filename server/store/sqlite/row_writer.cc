#include "server/store/sqlite/row_writer.h"

#include "absl/strings/str_cat.h"
#include "server/error/errors.h"
#include "server/store/sqlite/table_sql.h"
#include "server/store/stored_credentials.h"

namespace bitsd {

absl::StatusOr<RowWriter> RowWriter::Create(sqlite::Connection& connection,
                                            std::shared_ptr<const SecretBox> secrets) {
  RowWriter writer(connection, std::move(secrets));
  absl::Status status;
  const auto prepare = [&](sqlite::Statement& statement, const std::string& sql) {
    auto prepared = connection.Prepare(sql);
    status.Update(prepared.status());
    if (prepared.ok()) statement = *std::move(prepared);
  };
  prepare(writer.put_job_, table_sql::Put("jobs", table_sql::JobNames()));
  prepare(writer.put_file_, table_sql::Put("files", table_sql::FileNames()));
  prepare(writer.put_abandoned_, table_sql::Put("abandoned", table_sql::AbandonedNames()));
  prepare(writer.put_network_, table_sql::Put("networks", table_sql::NetworkNames()));
  prepare(writer.put_credential_, table_sql::Put("credentials", table_sql::CredentialNames()));
  prepare(writer.put_request_, table_sql::Put("requests", table_sql::RequestNames()));
  prepare(writer.put_session_, table_sql::Put("sessions", table_sql::SessionNames()));
  prepare(writer.erase_job_, "DELETE FROM jobs WHERE id = ?");
  prepare(writer.erase_files_, "DELETE FROM files WHERE job = ?");
  prepare(writer.erase_abandoned_, "DELETE FROM abandoned WHERE job = ?");
  prepare(writer.erase_abandoned_from_, "DELETE FROM abandoned WHERE job = ? AND number >= ?");
  prepare(writer.erase_network_, "DELETE FROM networks WHERE job = ?");
  prepare(writer.erase_credentials_, "DELETE FROM credentials WHERE job = ?");
  prepare(writer.erase_requests_, "DELETE FROM requests WHERE expires <= ?");
  prepare(writer.erase_request_, "DELETE FROM requests WHERE caller = ? AND request_id = ?");
  prepare(writer.has_job_, "SELECT 1 FROM jobs WHERE id = ?");
  prepare(writer.erase_session_, "DELETE FROM sessions WHERE id = ?");
  if (!status.ok()) return status;
  return writer;
}

absl::Status RowWriter::Run(sqlite::Statement& statement) {
  const int code = statement.Run();
  return code == SQLITE_DONE ? absl::OkStatus() : connection_->ErrorOf(code);
}

absl::Status RowWriter::Put(sqlite::Statement& statement, const ColumnWriter& columns) {
  if (columns.problem().empty()) return Run(statement);
  return error::StoreUnavailable(absl::StrCat("the service's store does not take a record whose ",
                                              columns.problem(), ": nothing was changed"));
}

absl::Status RowWriter::RunFor(sqlite::Statement& statement, const UuidBytes& id) {
  statement.BindBlob(1, {reinterpret_cast<const char*>(id.data()), id.size()});
  return Run(statement);
}

absl::Status RowWriter::Write(const std::vector<StoreChange>& changes) {
  for (const StoreChange& change : changes) {
    if (absl::Status status = Write(change); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status RowWriter::Write(const StoreChange& change) {
  absl::Status status;
  if (change.put != nullptr) status = WriteJob(change.before.get(), *change.put);
  if (status.ok() && change.request) status = WriteRequest(*change.request);
  if (status.ok() && change.erase_request) {
    status = EraseRequest(change.erase_request->first, change.erase_request->second);
  }
  if (status.ok() && change.erase) status = EraseJob(*change.erase);
  if (status.ok() && change.put_session) status = WriteSession(*change.put_session);
  if (status.ok() && change.erase_session) {
    status = RunFor(erase_session_, change.erase_session->bytes());
  }
  if (status.ok() && change.forget_requests) status = ForgetRequests(*change.forget_requests);
  return status;
}

bool RowWriter::HasJob(const JobId& id) {
  const UuidBytes& bytes = id.bytes();
  has_job_.BindBlob(1, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  const bool has = has_job_.Step() == SQLITE_ROW;
  has_job_.Reset();
  return has;
}

absl::Status RowWriter::WriteJob(const JobRecord* before, const JobRecord& job) {
  // Of a job that is not there, all is written: never a job without its files.
  if (before != nullptr && !HasJob(job.id)) before = nullptr;
  ColumnWriter columns(put_job_);
  DescribeJob(columns, job, job.files->size());
  absl::Status status = Put(put_job_, columns);
  if (status.ok()) status = WriteFiles(before == nullptr ? nullptr : before->files.get(), job);
  if (status.ok()) status = WriteAbandoned(before, job);
  // What was not touched is not written: an entry that could not be read stays for the right key.
  const bool untouched =
      before == nullptr ? job.network == nullptr : before->network == job.network;
  return status.ok() && !untouched ? WriteNetwork(job) : status;
}

absl::Status RowWriter::WriteNetwork(const JobRecord& job) {
  absl::Status status = RunFor(erase_network_, job.id.bytes());
  if (status.ok()) status = RunFor(erase_credentials_, job.id.bytes());
  if (!status.ok() || job.network == nullptr) return status;
  ColumnWriter columns(put_network_);
  DescribeNetwork(columns, job.id, *job.network);
  status = Put(put_network_, columns);
  return status.ok() ? WriteCredentials(job.id, *job.network) : status;
}

absl::Status RowWriter::WriteCredentials(const JobId& job, const NetworkSettings& network) {
  uint64_t number = 0;
  for (const StoredCredential& credential : Sealed(job, network, secrets_.get())) {
    ColumnWriter columns(put_credential_);
    DescribeCredential(columns, job, number++, credential);
    if (absl::Status status = Put(put_credential_, columns); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status RowWriter::WriteFiles(const FileRecords* before, const JobRecord& job) {
  if (before == job.files.get()) return absl::OkStatus();
  static const FileRecords kNone;
  absl::Status status;
  job.files->VisitChanges(before == nullptr ? kNone : *before, [&](size_t index) {
    if (!status.ok()) return;
    ColumnWriter columns(put_file_);
    DescribeFile(columns, job.id, index, (*job.files)[index]);
    status = Put(put_file_, columns);
  });
  return status;
}

absl::Status RowWriter::WriteAbandoned(const JobRecord* before, const JobRecord& job) {
  static const std::vector<TemporaryFile> kNone;
  const std::vector<TemporaryFile>& known = before == nullptr ? kNone : before->abandoned;
  absl::Status status;
  for (size_t i = 0; i < job.abandoned.size() && status.ok(); ++i) {
    if (i < known.size() && known[i] == job.abandoned[i]) continue;
    ColumnWriter columns(put_abandoned_);
    DescribeAbandoned(columns, job.id, i, job.abandoned[i]);
    status = Put(put_abandoned_, columns);
  }
  if (!status.ok() || known.size() <= job.abandoned.size()) return status;
  erase_abandoned_from_.Bind(2, static_cast<int64_t>(job.abandoned.size()));
  return RunFor(erase_abandoned_from_, job.id.bytes());
}

absl::Status RowWriter::WriteRequest(const RequestRecord& request) {
  ColumnWriter columns(put_request_);
  DescribeRequest(columns, request, *request.answer, request.answer->files->size());
  return Put(put_request_, columns);
}

absl::Status RowWriter::EraseRequest(const Sid& caller, const std::string& request_id) {
  erase_request_.BindCopy(1, caller.ToString());
  erase_request_.BindText(2, request_id);
  return Run(erase_request_);
}

absl::Status RowWriter::ForgetRequests(absl::Time expired) {
  erase_requests_.Bind(1, absl::ToUnixNanos(expired));
  return Run(erase_requests_);
}

absl::Status RowWriter::WriteSession(const SessionRecord& session) {
  ColumnWriter columns(put_session_);
  DescribeSession(columns, session);
  return Put(put_session_, columns);
}

absl::Status RowWriter::EraseJob(const JobId& id) {
  absl::Status status;
  for (sqlite::Statement* erase :
       {&erase_job_, &erase_files_, &erase_abandoned_, &erase_network_, &erase_credentials_}) {
    if (status = RunFor(*erase, id.bytes()); !status.ok()) return status;
  }
  return status;
}

}  // namespace bitsd
