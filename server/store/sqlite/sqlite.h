// SQLite as the store uses it: a connection and prepared statements that close themselves.
//
// Thread safety: one thread at a time. Ownership: a connection outlives its statements.

#ifndef BITSD_SERVER_STORE_SQLITE_SQLITE_H_
#define BITSD_SERVER_STORE_SQLITE_SQLITE_H_

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace bitsd::sqlite {

/// A prepared statement. What is bound must live until it is reset.
class Statement {
 public:
  Statement() = default;
  explicit Statement(sqlite3_stmt* statement) : statement_(statement) {}

  void Bind(int at, int64_t value) { sqlite3_bind_int64(get(), at, value); }
  void BindText(int at, std::string_view text) {
    sqlite3_bind_text64(get(), at, text.data(), text.size(), SQLITE_STATIC, SQLITE_UTF8);
  }
  void BindBlob(int at, std::string_view bytes) {
    sqlite3_bind_blob64(get(), at, bytes.data(), bytes.size(), SQLITE_STATIC);
  }
  /// As BindText, for a text that need not live on.
  void BindCopy(int at, std::string_view text) {
    sqlite3_bind_text64(get(), at, text.data(), text.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
  }
  void BindNull(int at) { sqlite3_bind_null(get(), at); }

  /// SQLITE_ROW, SQLITE_DONE, or what went wrong.
  int Step() { return sqlite3_step(get()); }
  void Reset() { sqlite3_reset(get()); }
  /// Runs it to its end, and makes it ready for the next time: SQLITE_DONE, or what went wrong.
  int Run();

  int Columns() const { return sqlite3_column_count(get()); }
  int Type(int column) const { return sqlite3_column_type(get(), column); }
  int64_t Int(int column) const { return sqlite3_column_int64(get(), column); }
  /// Of a text or a blob; holds until the next step.
  std::string_view Bytes(int column) const;
  const char* Name(int column) const { return sqlite3_column_name(get(), column); }

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  sqlite3_stmt* get() const { return statement_.get(); }

  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

class Connection {
 public:
  /// Opens the file `path`, which is there, for reading and writing. Closing it later leaves its
  /// journal as it is.
  static absl::StatusOr<Connection> Open(const std::string& path);
  /// The same, for reading alone.
  static absl::StatusOr<Connection> OpenToRead(const std::string& path);

  /// Runs SQL that gives no rows.
  absl::Status Execute(const char* sql);
  absl::StatusOr<Statement> Prepare(const std::string& sql);
  /// The first column of the only row.
  absl::StatusOr<int64_t> Number(const std::string& sql);

  /// What the result `code` of the latest call means for callers of the service: 0x80070070 when
  /// the disk is full, else that the store does not take changes.
  absl::Status ErrorOf(int code) const;
  /// The words of SQLite for it.
  std::string Words(int code) const;

  bool in_transaction() const { return sqlite3_get_autocommit(get()) == 0; }
  sqlite3* get() const { return db_.get(); }

 private:
  struct Close {
    void operator()(sqlite3* db) const { sqlite3_close_v2(db); }
  };
  explicit Connection(sqlite3* db) : db_(db) {}
  static absl::StatusOr<Connection> OpenAs(const std::string& path, int access);

  std::unique_ptr<sqlite3, Close> db_;
};

}  // namespace bitsd::sqlite

#endif  // BITSD_SERVER_STORE_SQLITE_SQLITE_H_
