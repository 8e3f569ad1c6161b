// What of a store could not be read: taken out of its tables, and kept in one of its own.
//
// It is kept as the SQL that puts it back once it is mended: "INSERT INTO jobs (...) VALUES
// (...);", a line for each row, in parts of 64 MiB of whole rows. Of earlier starts there are at
// most 10,000 parts, and 256 MiB together with what is new; beyond that the oldest go. What is
// found now is kept, however much it is. Thread safety: one thread.

#ifndef BITSD_SERVER_STORE_SQLITE_SET_ASIDE_H_
#define BITSD_SERVER_STORE_SQLITE_SET_ASIDE_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/model/job_store.h"
#include "server/store/sqlite/sqlite.h"

namespace bitsd {

/// Something that cannot be read, and where it is.
struct Unreadable {
  SetAside what;
  std::string key;         ///< First column of the key, as it is: of a job in all of its tables.
  std::string request_id;  ///< Second column, of a request.
};

/// What is kept, or a part of it, with the SQL that makes it.
struct KeptAside {
  SetAside what;
  std::string sql;
};

struct Moved {
  int64_t last_before = 0;        ///< The last number that there was.
  std::vector<SetAside> dropped;  ///< What had to make room.
};
/// Moves all of `found` out of their tables, or none.
absl::StatusOr<Moved> MoveAside(sqlite::Connection& connection,
                                const std::vector<Unreadable>& found, absl::Time now);

/// What is set aside, the oldest first; those with a number above `last_before` are new. Never
/// fails for a row: what cannot be read here either is left empty.
absl::StatusOr<std::vector<SetAside>> ListAside(sqlite::Connection& connection,
                                                int64_t last_before);

/// The same with what there is of each, from the store in the folder `state_dir`; changes nothing,
/// and may run beside bitsd.
absl::StatusOr<std::vector<KeptAside>> ReadAside(const std::string& state_dir);

}  // namespace bitsd

#endif  // BITSD_SERVER_STORE_SQLITE_SET_ASIDE_H_
