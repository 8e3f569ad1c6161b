// An account directory that a test fills, and changes while it is used.
//
// Thread safety: any thread. Ownership: shares its accounts.

#ifndef BITSD_TESTS_TESTING_FAKES_FAKE_ACCOUNT_DIRECTORY_H_
#define BITSD_TESTS_TESTING_FAKES_FAKE_ACCOUNT_DIRECTORY_H_

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <utility>

#include "server/identity/account_directory.h"

namespace bitsd {

/// Accounts of a test, by SID.
class FakeAccountDirectory : public AccountDirectory {
 public:
  void Put(Account account) {
    std::lock_guard lock(mutex_);
    const Sid sid = account.sid;
    accounts_[sid] = std::make_shared<const Account>(std::move(account));
  }
  std::shared_ptr<const Account> Find(const Sid& sid) const override {
    std::unique_lock lock(mutex_);
    if (const auto meanwhile = std::exchange(meanwhile_, nullptr)) {
      lock.unlock();
      meanwhile();
      lock.lock();
    }
    const auto it = accounts_.find(sid);
    return it == accounts_.end() ? nullptr : it->second;
  }
  /// Runs `fn` inside the next Find: in the middle of what asks.
  void AtNextFind(std::function<void()> fn) {
    std::lock_guard lock(mutex_);
    meanwhile_ = std::move(fn);
  }

 private:
  mutable std::mutex mutex_;
  mutable std::function<void()> meanwhile_;
  std::map<Sid, std::shared_ptr<const Account>> accounts_;
};

}  // namespace bitsd

#endif  // BITSD_TESTS_TESTING_FAKES_FAKE_ACCOUNT_DIRECTORY_H_
