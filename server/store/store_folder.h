// The folder of the store: ours, closed to others, and held by one bitsd at a time.
//
// Thread safety: a value to be moved. Ownership: holds the lock until it is destroyed; the kernel
// gives it back when the process ends, however it ends.

#ifndef BITSD_SERVER_STORE_STORE_FOLDER_H_
#define BITSD_SERVER_STORE_STORE_FOLDER_H_

#include <string>

#include "absl/status/statusor.h"
#include "server/base/unique_fd.h"

namespace bitsd {

class StoreFolder {
 public:
  /// Takes `path` and finds its database, which is made (empty, mode 0600) when it is missing. An
  /// error that says what to do when another bitsd has it, when it is not ours alone to write, or
  /// cannot be written.
  static absl::StatusOr<StoreFolder> Take(const std::string& path);

  const std::string& database() const { return database_; }

 private:
  StoreFolder(UniqueFd lock, std::string database)
      : lock_(std::move(lock)), database_(std::move(database)) {}

  UniqueFd lock_;
  std::string database_;
};

}  // namespace bitsd

#endif  // BITSD_SERVER_STORE_STORE_FOLDER_H_
