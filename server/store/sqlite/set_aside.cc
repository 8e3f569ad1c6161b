#include "server/store/sqlite/set_aside.h"

#include <algorithm>
#include <array>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "server/base/absl_view.h"
#include "server/error/errors.h"

namespace bitsd {
namespace {

constexpr int kMaxEntries = 10'000;
constexpr size_t kMaxEntryBytes = size_t{64} << 20;
constexpr int64_t kMaxBytes = int64_t{256} << 20;

struct Table {
  const char* name;
  const char* key;
};
/// Where the parts of a job are.
constexpr std::array<Table, 5> kJobTables = {{{"jobs", "id"},
                                              {"files", "job"},
                                              {"abandoned", "job"},
                                              {"networks", "job"},
                                              {"credentials", "job"}}};

std::string Hex(std::string_view bytes) {
  return absl::StrCat("x'", absl::BytesToHexString(ToAbsl(bytes)), "'");
}

/// A text as SQL: as itself when it is visible ASCII, else as its bytes.
std::string TextLiteral(std::string_view text) {
  const bool plain =
      std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c < 0x7f; });
  if (!plain) return absl::StrCat("CAST(", Hex(text), " AS TEXT)");
  return absl::StrCat("'", absl::StrReplaceAll(ToAbsl(text), {{"'", "''"}}), "'");
}

std::string Literal(const sqlite::Statement& row, int column) {
  switch (row.Type(column)) {
    case SQLITE_INTEGER: return absl::StrCat(row.Int(column));
    case SQLITE_TEXT: return TextLiteral(row.Bytes(column));
    case SQLITE_BLOB: return Hex(row.Bytes(column));
    case SQLITE_FLOAT: return absl::StrCat("CAST(", Hex(row.Bytes(column)), " AS REAL)");
    default: return "NULL";
  }
}

std::string Insert(const char* table, const sqlite::Statement& row) {
  std::string names;
  std::string values;
  for (int i = 0; i < row.Columns(); ++i) {
    absl::StrAppend(&names, i == 0 ? "" : ", ", row.Name(i));
    absl::StrAppend(&values, i == 0 ? "" : ", ", Literal(row, i));
  }
  return absl::StrCat("INSERT INTO ", table, " (", names, ") VALUES (", values, ");\n");
}

/// The rows of one table that `bind` and `where` choose: as SQL, and then erased.
class Mover {
 public:
  Mover(sqlite::Connection& connection, std::string& sql) : connection_(connection), sql_(sql) {}

  template <typename Bind>
  absl::Status Move(const char* table, const std::string& where, Bind bind) {
    auto rows = connection_.Prepare(absl::StrCat("SELECT * FROM ", table, where));
    if (!rows.ok()) return rows.status();
    bind(*rows);
    int code = rows->Step();
    for (; code == SQLITE_ROW; code = rows->Step()) Add(Insert(table, *rows));
    if (code != SQLITE_DONE) return connection_.ErrorOf(code);
    auto erase = connection_.Prepare(absl::StrCat("DELETE FROM ", table, where));
    if (!erase.ok()) return erase.status();
    bind(*erase);
    code = erase->Run();
    return code == SQLITE_DONE ? absl::OkStatus() : connection_.ErrorOf(code);
  }

 private:
  void Add(const std::string& insert) {
    if (sql_.size() + insert.size() <= kMaxEntryBytes) sql_ += insert;
  }

  sqlite::Connection& connection_;
  std::string& sql_;
};

absl::Status MoveRows(sqlite::Connection& connection, const Unreadable& one, std::string& sql) {
  Mover mover(connection, sql);
  const auto by_blob = [&](sqlite::Statement& statement) { statement.BindBlob(1, one.key); };
  if (one.what.table == "sessions") return mover.Move("sessions", " WHERE id = ?", by_blob);
  if (one.what.table == "requests") {
    return mover.Move("requests", " WHERE caller = ? AND request_id = ?",
                      [&](sqlite::Statement& statement) {
                        statement.BindText(1, one.key);
                        statement.BindText(2, one.request_id);
                      });
  }
  for (const Table& table : kJobTables) {
    absl::Status status =
        mover.Move(table.name, absl::StrCat(" WHERE ", table.key, " = ?"), by_blob);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status Keep(sqlite::Connection& connection, const SetAside& what, const std::string& sql,
                  absl::Time now) {
  auto put = connection.Prepare(
      "INSERT INTO set_aside (found, source, job, owner, reason, bytes, content)"
      " VALUES (?, ?, ?, ?, ?, ?, ?)");
  if (!put.ok()) return put.status();
  put->Bind(1, absl::ToUnixNanos(now));
  put->BindText(2, what.table);
  const UuidBytes job = what.job ? what.job->bytes() : UuidBytes();
  if (what.job) put->BindBlob(3, {reinterpret_cast<const char*>(job.data()), job.size()});
  if (what.owner) put->BindCopy(4, what.owner->ToString());
  put->BindText(5, what.why);
  put->Bind(6, static_cast<int64_t>(sql.size()));
  put->BindText(7, sql);
  const int code = put->Run();
  return code == SQLITE_DONE ? absl::OkStatus() : connection.ErrorOf(code);
}

/// The oldest go when there are too many, or too many bytes.
absl::Status DropOldest(sqlite::Connection& connection) {
  const std::string drop = absl::StrCat(
      "DELETE FROM set_aside WHERE number IN (SELECT number FROM (SELECT number,"
      " row_number() OVER newest AS place, sum(bytes) OVER newest AS room FROM set_aside"
      " WINDOW newest AS (ORDER BY number DESC ROWS UNBOUNDED PRECEDING))"
      " WHERE place > ",
      kMaxEntries, " OR room > ", kMaxBytes, ")");
  return connection.Execute(drop.c_str());
}

absl::Status MoveAll(sqlite::Connection& connection, const std::vector<Unreadable>& found,
                     absl::Time now) {
  for (const Unreadable& one : found) {
    std::string sql;
    absl::Status status = MoveRows(connection, one, sql);
    if (status.ok()) status = Keep(connection, one.what, sql, now);
    if (!status.ok()) return status;
  }
  return DropOldest(connection);
}

SetAside Read(const sqlite::Statement& row) {
  SetAside what;
  what.found = absl::FromUnixNanos(row.Int(0));
  what.table = std::string(row.Bytes(1));
  const std::string_view job = row.Bytes(2);
  UuidBytes id{};
  if (job.size() == id.size()) {
    std::copy(job.begin(), job.end(), id.begin());
    what.job = JobId(id);
  }
  if (const auto owner = Sid::Parse(row.Bytes(3)); owner.ok()) what.owner = *owner;
  what.why = std::string(row.Bytes(4));
  return what;
}

/// Gives each entry, with `columns` beside those of Read, to `take`.
template <typename Take>
absl::Status Visit(sqlite::Connection& connection, const char* columns, Take take) {
  auto rows = connection.Prepare(absl::StrCat("SELECT found, source, job, owner, reason", columns,
                                              " FROM set_aside ORDER BY number"));
  if (!rows.ok()) return rows.status();
  int code = rows->Step();
  for (; code == SQLITE_ROW; code = rows->Step()) take(*rows);
  return code == SQLITE_DONE ? absl::OkStatus() : connection.ErrorOf(code);
}

}  // namespace

absl::Status MoveAside(sqlite::Connection& connection, const std::vector<Unreadable>& found,
                       absl::Time now) {
  absl::Status status = connection.Execute("BEGIN IMMEDIATE");
  if (status.ok()) status = MoveAll(connection, found, now);
  if (status.ok()) status = connection.Execute("COMMIT");
  if (!status.ok() && connection.in_transaction()) connection.Execute("ROLLBACK").IgnoreError();
  return status;
}

absl::StatusOr<std::vector<SetAside>> ListAside(sqlite::Connection& connection, size_t added) {
  std::vector<SetAside> all;
  absl::Status status =
      Visit(connection, "", [&](const sqlite::Statement& row) { all.push_back(Read(row)); });
  if (!status.ok()) return status;
  const size_t known = all.size() - std::min(added, all.size());
  for (size_t i = known; i < all.size(); ++i) all[i].is_new = true;
  return all;
}

absl::StatusOr<std::vector<KeptAside>> ReadAside(const std::string& state_dir) {
  const std::string file = absl::StrCat(state_dir, "/bitsd.db");
  auto connection = sqlite::Connection::OpenToRead(file);
  if (!connection.ok()) {
    return error::InvalidArgument(absl::StrCat(file, ": cannot be read: run this as bitsd's user"));
  }
  std::vector<KeptAside> all;
  absl::Status status = Visit(*connection, ", content", [&](const sqlite::Statement& row) {
    all.push_back({Read(row), std::string(row.Bytes(5))});
  });
  if (!status.ok()) {
    return error::InvalidArgument(absl::StrCat(file, ": ", std::string(status.message())));
  }
  return all;
}

}  // namespace bitsd
