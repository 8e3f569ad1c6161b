#include "server/store/sqlite/schema.h"

#include <array>

#include "absl/strings/str_cat.h"
#include "server/error/errors.h"

namespace bitsd {
namespace {

/// "bits", in the header of the file.
constexpr int64_t kApplicationId = 0x62697473;

/// What a job is, but for its files: in its own table, and in that of the answers to requests.
#define BITSD_JOB_COLUMNS_1                                                                      \
  "type INTEGER NOT NULL, state INTEGER NOT NULL, display_name TEXT NOT NULL,"                   \
  "description TEXT NOT NULL, priority INTEGER NOT NULL, owner TEXT NOT NULL,"                   \
  "elevated INTEGER NOT NULL, token_flags INTEGER NOT NULL,"                                     \
  "minimum_retry_delay INTEGER NOT NULL, no_progress_timeout INTEGER NOT NULL,"                  \
  "creation INTEGER NOT NULL, modification INTEGER NOT NULL, transfer_completion INTEGER,"       \
  "error_count INTEGER NOT NULL, no_progress_since INTEGER, completing INTEGER NOT NULL,"        \
  "revision INTEGER NOT NULL, files INTEGER NOT NULL,"                                           \
  "error_context INTEGER, error_hresult INTEGER, error_http_status INTEGER, error_message TEXT," \
  "error_rule TEXT, error_file_index INTEGER, error_next_retry INTEGER"

/// Step N makes version N of version N - 1. What a step did never changes: stores were made by it.
/// Durations and times are nanoseconds (of the Unix epoch); times of jobs have no bounds.
constexpr std::array<const char*, kSchemaVersion> kSteps = {
    // 1: jobs, their files, and the answers to requests.
    "CREATE TABLE jobs (id BLOB NOT NULL PRIMARY KEY," BITSD_JOB_COLUMNS_1
    ") STRICT, WITHOUT ROWID;"
    "CREATE TABLE files (job BLOB NOT NULL, number INTEGER NOT NULL,"
    "remote_name TEXT NOT NULL, local_name TEXT NOT NULL, size INTEGER NOT NULL,"
    "synced INTEGER NOT NULL, etag TEXT NOT NULL, last_modified TEXT NOT NULL,"
    "final_url TEXT NOT NULL, transferred INTEGER NOT NULL, not_resumable INTEGER NOT NULL,"
    "restarts INTEGER NOT NULL, completed INTEGER NOT NULL, temporary_path TEXT,"
    "temporary_creator TEXT, temporary_device INTEGER, temporary_inode INTEGER,"
    "PRIMARY KEY (job, number)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE abandoned (job BLOB NOT NULL, number INTEGER NOT NULL,"
    "temporary_path TEXT NOT NULL, temporary_creator TEXT NOT NULL,"
    "temporary_device INTEGER NOT NULL, temporary_inode INTEGER NOT NULL,"
    "PRIMARY KEY (job, number)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE requests (caller TEXT NOT NULL, request_id TEXT NOT NULL,"
    "fingerprint BLOB NOT NULL, expires INTEGER NOT NULL, id BLOB NOT NULL," BITSD_JOB_COLUMNS_1
    ", PRIMARY KEY (caller, request_id)) STRICT, WITHOUT ROWID;"
    "CREATE INDEX requests_by_end ON requests (expires);",
    // 2: logon sessions.
    "CREATE TABLE sessions (id BLOB NOT NULL PRIMARY KEY, user TEXT NOT NULL,"
    "is_default INTEGER NOT NULL, ttl INTEGER NOT NULL, begin_time INTEGER NOT NULL,"
    "deadline INTEGER NOT NULL) STRICT, WITHOUT ROWID;",
    // 3: the network settings of jobs that have some, and their credentials.
    "CREATE TABLE networks (job BLOB NOT NULL PRIMARY KEY, proxy_usage INTEGER NOT NULL,"
    "proxy_list TEXT NOT NULL, proxy_bypass TEXT NOT NULL, security_flags INTEGER NOT NULL,"
    "certificate TEXT, certificate_key TEXT) STRICT, WITHOUT ROWID;"
    "CREATE TABLE credentials (job BLOB NOT NULL, number INTEGER NOT NULL,"
    "target INTEGER NOT NULL, scheme INTEGER NOT NULL, implicit INTEGER NOT NULL, sealed BLOB,"
    "PRIMARY KEY (job, number)) STRICT, WITHOUT ROWID;",
    // 4: what could not be read (set_aside.h).
    "CREATE TABLE set_aside (number INTEGER PRIMARY KEY, found INTEGER NOT NULL,"
    "source TEXT NOT NULL, job BLOB, owner TEXT, reason TEXT NOT NULL, bytes INTEGER NOT NULL,"
    "content TEXT NOT NULL) STRICT;",
    // 5: what tells one version of a file from another, and that it was replaced.
    "ALTER TABLE files ADD COLUMN content_type TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE files ADD COLUMN content_encoding TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE files ADD COLUMN strong_date INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE files ADD COLUMN doubts INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE files ADD COLUMN replaced_size INTEGER NOT NULL DEFAULT -1;",
    // 6: what a temporary file is recognised by when its device number is another one, and what of
    // a finished file its file system did not take.
    "ALTER TABLE files ADD COLUMN temporary_birth INTEGER DEFAULT 0;"
    "ALTER TABLE files ADD COLUMN temporary_mark INTEGER DEFAULT 0;"
    "ALTER TABLE files ADD COLUMN temporary_owner INTEGER DEFAULT 4294967295;"
    "ALTER TABLE files ADD COLUMN temporary_mode INTEGER DEFAULT 4294967295;"
    "ALTER TABLE files ADD COLUMN not_set INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE abandoned ADD COLUMN temporary_birth INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE abandoned ADD COLUMN temporary_mark INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE abandoned ADD COLUMN temporary_owner INTEGER NOT NULL DEFAULT 4294967295;"
    "ALTER TABLE abandoned ADD COLUMN temporary_mode INTEGER NOT NULL DEFAULT 4294967295;",
    // 7: how often bitsd started with the store. Each start shows revisions from its number times
    // 2^32 on, so it begins above those that there are.
    "CREATE TABLE starts (count INTEGER NOT NULL) STRICT;"
    "INSERT INTO starts SELECT (coalesce(max(revision), 0) >> 32) + 1 FROM jobs;"
    // And who may see what is set aside, and that it may be in several parts.
    "ALTER TABLE set_aside ADD COLUMN elevated INTEGER;"
    "ALTER TABLE set_aside ADD COLUMN part INTEGER NOT NULL DEFAULT 1;",
};

absl::Status Migrate(sqlite::Connection& connection, int64_t from, int to) {
  absl::Status status = connection.Execute("BEGIN IMMEDIATE");
  for (int64_t step = from; step < to && status.ok(); ++step) {
    status = connection.Execute(kSteps[static_cast<size_t>(step)]);
  }
  const std::string header = absl::StrCat("PRAGMA application_id = ", kApplicationId,
                                          "; PRAGMA user_version = ", to, "; COMMIT");
  if (status.ok()) status = connection.Execute(header.c_str());
  if (!status.ok() && connection.in_transaction()) connection.Execute("ROLLBACK").IgnoreError();
  return status;
}

}  // namespace

absl::StatusOr<int64_t> KnownVersion(sqlite::Connection& connection) {
  const auto application = connection.Number("PRAGMA application_id");
  if (!application.ok()) return application.status();
  const auto version = connection.Number("PRAGMA user_version");
  if (!version.ok()) return version.status();
  const auto tables = connection.Number("SELECT count(*) FROM sqlite_schema");
  if (!tables.ok()) return tables.status();
  if (*application == 0 && *version == 0 && *tables == 0) return 0;
  if (*application != kApplicationId || *version < 1) {
    return error::InvalidArgument("is the database of another program, not a store of bitsd");
  }
  if (*version > kSchemaVersion) {
    return error::InvalidArgument(absl::StrCat(
        "was written by a newer bitsd (its version is ", *version, ", this bitsd knows ",
        kSchemaVersion, "): start that bitsd, or restore the backup made before the upgrade"));
  }
  return *version;
}

absl::Status PrepareSchema(sqlite::Connection& connection, int version) {
  const auto found = KnownVersion(connection);
  if (!found.ok()) return found.status();
  return *found >= version ? absl::OkStatus() : Migrate(connection, *found, version);
}

absl::Status PrepareSchema(sqlite::Connection& connection) {
  return PrepareSchema(connection, kSchemaVersion);
}

}  // namespace bitsd
