// Reads all that a store has, and judges every row of it.
//
// Tables are read side by side in the order of their keys, so that a job is put together without
// looking anything up, and only one job is in memory here at a time. A job is read whole or not at
// all: one damaged row of it, parts without their job and jobs without their parts are noted, and
// the rest is read. Thread safety: one thread.

#ifndef BITSD_SERVER_STORE_SQLITE_ROW_READER_H_
#define BITSD_SERVER_STORE_SQLITE_ROW_READER_H_

#include <vector>

#include "absl/status/status.h"
#include "server/model/job_store.h"
#include "server/store/secret_box.h"
#include "server/store/sqlite/set_aside.h"
#include "server/store/sqlite/sqlite.h"

namespace bitsd {

/// Shows everything that can be read to `visitor`, and adds the rest to `unreadable`. Passwords are
/// opened with `secrets`, and without it, or when it is another, they are lost and their jobs say
/// so. An error when the database cannot be read.
absl::Status ReadRows(sqlite::Connection& connection, const SecretBox* secrets,
                      const StoreVisitor& visitor, std::vector<Unreadable>& unreadable);

}  // namespace bitsd

#endif  // BITSD_SERVER_STORE_SQLITE_ROW_READER_H_
