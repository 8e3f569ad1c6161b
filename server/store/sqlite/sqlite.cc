#include "server/store/sqlite/sqlite.h"

#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "server/error/errors.h"

namespace bitsd::sqlite {
namespace {

/// The kind of error, without its details.
int PrimaryOf(int code) { return code & 0xff; }

bool IsDiskFull(int code, int system_error) {
  if (PrimaryOf(code) == SQLITE_FULL) return true;
  return PrimaryOf(code) == SQLITE_IOERR && (system_error == ENOSPC || system_error == EDQUOT);
}

}  // namespace

int Statement::Run() {
  int code = Step();
  while (code == SQLITE_ROW) code = Step();
  Reset();
  return code;
}

std::string_view Statement::Bytes(int column) const {
  const auto* bytes = static_cast<const char*>(sqlite3_column_blob(get(), column));
  return {bytes, static_cast<size_t>(sqlite3_column_bytes(get(), column))};
}

absl::StatusOr<Connection> Connection::Open(const std::string& path) {
  return OpenAs(path, SQLITE_OPEN_READWRITE);
}

absl::StatusOr<Connection> Connection::OpenToRead(const std::string& path) {
  return OpenAs(path, SQLITE_OPEN_READONLY);
}

absl::StatusOr<Connection> Connection::OpenAs(const std::string& path, int access) {
  sqlite3* db = nullptr;
  const int flags = access | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  const int code = sqlite3_open_v2(path.c_str(), &db, flags, nullptr);
  Connection connection(db);
  if (code != SQLITE_OK) return error::StoreUnavailable(connection.Words(code));
  sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  // Who makes a backup may hold the file for a moment.
  sqlite3_busy_timeout(db, 5000);
  return connection;
}

absl::Status Connection::Execute(const char* sql) {
  const int code = sqlite3_exec(get(), sql, nullptr, nullptr, nullptr);
  return code == SQLITE_OK ? absl::OkStatus() : ErrorOf(code);
}

absl::StatusOr<Statement> Connection::Prepare(const std::string& sql) {
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v3(get(), sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  if (code != SQLITE_OK) return ErrorOf(code);
  return Statement(statement);
}

absl::StatusOr<int64_t> Connection::Number(const std::string& sql) {
  auto statement = Prepare(sql);
  if (!statement.ok()) return statement.status();
  const int code = statement->Step();
  if (code != SQLITE_ROW) return ErrorOf(code);
  return statement->Int(0);
}

std::string Connection::Words(int code) const {
  std::string words = get() == nullptr ? sqlite3_errstr(code) : sqlite3_errmsg(get());
  const int system_error = get() == nullptr ? 0 : sqlite3_system_errno(get());
  if (PrimaryOf(code) == SQLITE_IOERR && system_error != 0) {
    absl::StrAppend(&words, " (", std::strerror(system_error), ")");
  }
  return words;
}

absl::Status Connection::ErrorOf(int code) const {
  if (IsDiskFull(code, sqlite3_system_errno(get()))) {
    return error::DiskFull(
        "the disk of the service's store is full: nothing was changed; free space there, and try "
        "again");
  }
  return error::StoreUnavailable(
      absl::StrCat("the service's store does not take changes (", Words(code),
                   "): nothing was changed; the operator finds more in the log"));
}

}  // namespace bitsd::sqlite
