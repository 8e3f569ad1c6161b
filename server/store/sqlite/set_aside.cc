#include "server/store/sqlite/set_aside.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "server/base/absl_view.h"
#include "server/error/errors.h"
#include "server/store/sqlite/schema.h"

namespace bitsd {
namespace {

/// Of the store: since then it has the table.
constexpr int kSetAsideVersion = 4;
constexpr int kMaxEntries = 10'000;
constexpr size_t kMaxPartBytes = size_t{64} << 20;
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

/// What of one record is kept, part by part.
class Keeper {
 public:
  Keeper(sqlite::Connection& connection, SetAside what, absl::Time now)
      : connection_(connection), what_(std::move(what)), now_(now) {}

  absl::Status Add(const std::string& insert) {
    absl::Status status;
    if (!sql_.empty() && sql_.size() + insert.size() > kMaxPartBytes) status = Put();
    sql_ += insert;
    return status;
  }
  /// The last part; the only one of a record of which nothing is there.
  absl::Status End() { return sql_.empty() && parts_ > 0 ? absl::OkStatus() : Put(); }

  SetAside& what() { return what_; }

 private:
  absl::Status Put();

  sqlite::Connection& connection_;
  SetAside what_;
  const absl::Time now_;
  std::string sql_;
  int parts_ = 0;
};

absl::Status Keeper::Put() {
  auto put = connection_.Prepare(
      "INSERT INTO set_aside (found, source, job, owner, reason, bytes, content, elevated, part)"
      " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)");
  if (!put.ok()) return put.status();
  put->Bind(1, absl::ToUnixNanos(now_));
  put->BindText(2, what_.table);
  const UuidBytes job = what_.job ? what_.job->bytes() : UuidBytes();
  if (what_.job) put->BindBlob(3, {reinterpret_cast<const char*>(job.data()), job.size()});
  if (what_.owner) put->BindCopy(4, what_.owner->ToString());
  put->BindText(5, what_.why);
  put->Bind(6, static_cast<int64_t>(sql_.size()));
  put->BindText(7, sql_);
  if (what_.elevated) put->Bind(8, *what_.elevated ? 1 : 0);
  put->Bind(9, ++parts_);
  const int code = put->Run();
  sql_.clear();
  return code == SQLITE_DONE ? absl::OkStatus() : connection_.ErrorOf(code);
}

/// The rows of `table` that `bind` and `where` choose: as SQL, and then erased.
template <typename Bind>
absl::Status Move(sqlite::Connection& connection, const char* table, const std::string& where,
                  Bind bind, Keeper& keeper) {
  auto rows = connection.Prepare(absl::StrCat("SELECT * FROM ", table, where));
  if (!rows.ok()) return rows.status();
  bind(*rows);
  int code = rows->Step();
  for (; code == SQLITE_ROW; code = rows->Step()) {
    if (absl::Status status = keeper.Add(Insert(table, *rows)); !status.ok()) return status;
  }
  if (code != SQLITE_DONE) return connection.ErrorOf(code);
  auto erase = connection.Prepare(absl::StrCat("DELETE FROM ", table, where));
  if (!erase.ok()) return erase.status();
  bind(*erase);
  code = erase->Run();
  return code == SQLITE_DONE ? absl::OkStatus() : connection.ErrorOf(code);
}

/// Whether the job with `key` is elevated, as far as it says so.
std::optional<bool> ElevatedOf(sqlite::Connection& connection, const std::string& key) {
  auto row = connection.Prepare("SELECT elevated FROM jobs WHERE id = ?");
  if (!row.ok()) return std::nullopt;
  row->BindBlob(1, key);
  if (row->Step() != SQLITE_ROW || row->Type(0) != SQLITE_INTEGER) return std::nullopt;
  const int64_t value = row->Int(0);
  return value == 0 || value == 1 ? std::optional(value == 1) : std::nullopt;
}

absl::Status MoveRows(sqlite::Connection& connection, const Unreadable& one, Keeper& keeper) {
  const auto by_blob = [&](sqlite::Statement& statement) { statement.BindBlob(1, one.key); };
  if (one.what.table == "sessions") {
    return Move(connection, "sessions", " WHERE id = ?", by_blob, keeper);
  }
  if (one.what.table == "requests") {
    return Move(
        connection, "requests", " WHERE caller = ? AND request_id = ?",
        [&](sqlite::Statement& statement) {
          statement.BindText(1, one.key);
          statement.BindText(2, one.request_id);
        },
        keeper);
  }
  keeper.what().elevated = ElevatedOf(connection, one.key);
  for (const Table& table : kJobTables) {
    absl::Status status =
        Move(connection, table.name, absl::StrCat(" WHERE ", table.key, " = ?"), by_blob, keeper);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
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

/// As Read, with the column `elevated` behind those.
SetAside ReadWithAccess(const sqlite::Statement& row) {
  SetAside what = Read(row);
  if (row.Type(5) == SQLITE_INTEGER) what.elevated = row.Int(5) != 0;
  return what;
}

/// Gives each entry that `where` chooses, with `columns` beside those of Read, to `take`.
template <typename Take>
absl::Status Visit(sqlite::Connection& connection, const char* columns, const std::string& where,
                   Take take) {
  auto rows = connection.Prepare(absl::StrCat("SELECT found, source, job, owner, reason", columns,
                                              " FROM set_aside", where, " ORDER BY number"));
  if (!rows.ok()) return rows.status();
  int code = rows->Step();
  for (; code == SQLITE_ROW; code = rows->Step()) take(*rows);
  return code == SQLITE_DONE ? absl::OkStatus() : connection.ErrorOf(code);
}

/// Of those up to `last` the oldest go when there are too many parts, or too many bytes; a record
/// goes whole.
absl::StatusOr<std::vector<SetAside>> DropOldest(sqlite::Connection& connection, int64_t last) {
  const std::string oldest = absl::StrCat(
      " WHERE number - part IN (SELECT number - part FROM (SELECT number, part,"
      " row_number() OVER newest AS place, sum(bytes) OVER newest AS room FROM set_aside"
      " WINDOW newest AS (ORDER BY number DESC ROWS UNBOUNDED PRECEDING))"
      " WHERE (place > ",
      kMaxEntries, " OR room > ", kMaxBytes, ") AND number <= ", last, ")");
  std::vector<SetAside> dropped;
  absl::Status status =
      Visit(connection, ", elevated", oldest + " AND part = 1", [&](const sqlite::Statement& row) {
        dropped.push_back(ReadWithAccess(row));
        dropped.back().dropped = true;
      });
  if (status.ok() && !dropped.empty()) {
    status = connection.Execute(absl::StrCat("DELETE FROM set_aside", oldest).c_str());
  }
  if (!status.ok()) return status;
  return dropped;
}

absl::StatusOr<Moved> MoveAll(sqlite::Connection& connection, const std::vector<Unreadable>& found,
                              absl::Time now) {
  const auto last = connection.Number("SELECT coalesce(max(number), 0) FROM set_aside");
  if (!last.ok()) return last.status();
  for (const Unreadable& one : found) {
    Keeper keeper(connection, one.what, now);
    absl::Status status = MoveRows(connection, one, keeper);
    if (status.ok()) status = keeper.End();
    if (!status.ok()) return status;
  }
  auto dropped = DropOldest(connection, *last);
  if (!dropped.ok()) return dropped.status();
  return Moved{*last, *std::move(dropped)};
}

}  // namespace

absl::StatusOr<Moved> MoveAside(sqlite::Connection& connection,
                                const std::vector<Unreadable>& found, absl::Time now) {
  if (absl::Status begun = connection.Execute("BEGIN IMMEDIATE"); !begun.ok()) return begun;
  auto moved = MoveAll(connection, found, now);
  absl::Status status = moved.ok() ? connection.Execute("COMMIT") : moved.status();
  if (status.ok()) return moved;
  if (connection.in_transaction()) connection.Execute("ROLLBACK").IgnoreError();
  return status;
}

absl::StatusOr<std::vector<SetAside>> ListAside(sqlite::Connection& connection,
                                                int64_t last_before) {
  std::vector<SetAside> all;
  absl::Status status =
      Visit(connection, ", elevated, number", " WHERE part = 1", [&](const sqlite::Statement& row) {
        all.push_back(ReadWithAccess(row));
        all.back().is_new = row.Int(6) > last_before;
      });
  if (!status.ok()) return status;
  return all;
}

absl::StatusOr<std::vector<KeptAside>> ReadAside(const std::string& state_dir) {
  const std::string file = absl::StrCat(state_dir, "/bitsd.db");
  auto connection = sqlite::Connection::OpenToRead(file);
  if (!connection.ok()) {
    return error::InvalidArgument(absl::StrCat(file, ": cannot be read: run this as bitsd's user"));
  }
  const auto version = KnownVersion(*connection);
  if (!version.ok()) {
    return error::InvalidArgument(
        absl::StrCat(file, ": ", std::string(version.status().message())));
  }
  std::vector<KeptAside> all;
  // Older stores had nothing of the kind.
  if (*version < kSetAsideVersion) return all;
  absl::Status status = Visit(*connection, ", content", "", [&](const sqlite::Statement& row) {
    all.push_back({Read(row), std::string(row.Bytes(5))});
  });
  if (!status.ok()) {
    return error::InvalidArgument(absl::StrCat(file, ": ", std::string(status.message())));
  }
  return all;
}

}  // namespace bitsd
