// Reads all that a store has, and judges every row of it.
//
// Tables are read side by side in the order of their keys, so that a job is put together without
// looking anything up, and only one job is in memory here at a time. Keys that do not rise, parts
// without their job and jobs without their parts are damage. Thread safety: one thread.

#ifndef BITSD_SERVER_STORE_ROW_READER_H_
#define BITSD_SERVER_STORE_ROW_READER_H_

#include "absl/status/status.h"
#include "server/store/job_store.h"
#include "server/store/secret_box.h"
#include "server/store/sqlite.h"

namespace bitsd {

/// Shows everything to `visitor`; passwords are opened with `secrets`, and without it, or when it
/// is another, they are lost and their jobs say so. An error that names the row, when one is not as
/// it must be.
absl::Status ReadRows(sqlite::Connection& connection, const SecretBox* secrets,
                      const StoreVisitor& visitor);

}  // namespace bitsd

#endif  // BITSD_SERVER_STORE_ROW_READER_H_
