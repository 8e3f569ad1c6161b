// The account directory in force, which a reload replaces while others use it.
//
// A decision asks Find once and goes on with the account it got: it uses one directory, whole.
// Thread safety: any thread; the lock is held to copy a pointer. Ownership: shares the directory,
// which lives as long as anybody uses an account of it.

#ifndef BITSD_SERVER_IDENTITY_LIVE_ACCOUNT_DIRECTORY_H_
#define BITSD_SERVER_IDENTITY_LIVE_ACCOUNT_DIRECTORY_H_

#include <memory>
#include <mutex>
#include <utility>

#include "server/identity/account_directory.h"
#include "server/identity/file_account_directory.h"

namespace bitsd {

class LiveAccountDirectory : public AccountDirectory {
 public:
  explicit LiveAccountDirectory(std::shared_ptr<const FileAccountDirectory> directory)
      : directory_(std::move(directory)) {}

  std::shared_ptr<const Account> Find(const Sid& sid) const override {
    return Snapshot()->Find(sid);
  }

  std::shared_ptr<const FileAccountDirectory> Snapshot() const {
    const std::lock_guard lock(mutex_);
    return directory_;
  }

  /// Returns the one that was in force.
  std::shared_ptr<const FileAccountDirectory> Replace(
      std::shared_ptr<const FileAccountDirectory> directory) {
    const std::lock_guard lock(mutex_);
    return std::exchange(directory_, std::move(directory));
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const FileAccountDirectory> directory_;
};

}  // namespace bitsd

#endif  // BITSD_SERVER_IDENTITY_LIVE_ACCOUNT_DIRECTORY_H_
