// The tables of the store, and how a store of an older bitsd becomes one of this.
//
// A store says in its header whose it is (application_id) and which version its tables have
// (user_version). Thread safety: one thread.

#ifndef BITSD_SERVER_STORE_SQLITE_SCHEMA_H_
#define BITSD_SERVER_STORE_SQLITE_SCHEMA_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/store/sqlite/sqlite.h"

namespace bitsd {

/// The version of the tables that this bitsd works with.
inline constexpr int kSchemaVersion = 7;

/// Makes the tables of an empty file, or brings those of an older version up to date, in one
/// transaction. Changes nothing and says what to do when the file is another program's, newer than
/// this bitsd, or damaged.
absl::Status PrepareSchema(sqlite::Connection& connection);

/// The version of the tables; 0 for an empty file. An error when this bitsd cannot work with them.
absl::StatusOr<int64_t> KnownVersion(sqlite::Connection& connection);

/// PrepareSchema, as far as `version`: for tests of migrations.
absl::Status PrepareSchema(sqlite::Connection& connection, int version);

}  // namespace bitsd

#endif  // BITSD_SERVER_STORE_SQLITE_SCHEMA_H_
