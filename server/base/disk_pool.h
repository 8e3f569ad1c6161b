// A bounded pool of threads for work that may block on a disk, and strands that order it.
//
// Tasks of one strand run one at a time, in the order they were posted; strands run in parallel. A
// strand that hangs in a file system occupies one thread, and who finds that out has another one
// take its place. Threads are created when there is work for them, up to the maximum, and stay.
//
// Strands of one owner share a quarter of the threads: what hangs for one owner leaves the others
// theirs, also before anybody has found out that it hangs.
//
// Thread safety: any thread. Ownership: strands are shared, by their users and by the pool while
// they have tasks; none may be posted to once the pool is being destroyed, except by its own tasks.
// The destructor runs what was posted and joins.

#ifndef BITSD_SERVER_BASE_DISK_POOL_H_
#define BITSD_SERVER_BASE_DISK_POOL_H_

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace bitsd {

class DiskPool;

/// Tasks that run in order. Made by DiskPool::NewStrand.
class Strand : public std::enable_shared_from_this<Strand> {
 public:
  /// Runs `task` after those posted before, never inside this call.
  void Post(std::function<void()> task);

 private:
  friend class DiskPool;
  struct Owner;
  Strand(DiskPool& pool, std::shared_ptr<Owner> owner) : pool_(pool), owner_(std::move(owner)) {}

  DiskPool& pool_;
  const std::shared_ptr<Owner> owner_;  ///< Null: nobody's.
  // Guarded by the pool's mutex.
  std::deque<std::function<void()>> tasks_;
  bool scheduled_ = false;
};

class DiskPool {
 public:
  /// Uses at most `max_threads` threads, and at least one.
  explicit DiskPool(size_t max_threads);
  ~DiskPool();
  DiskPool(const DiskPool&) = delete;
  DiskPool& operator=(const DiskPool&) = delete;

  /// For work of `owner`, any name; without one the work is the service's own, and shares nothing.
  std::shared_ptr<Strand> NewStrand(const std::string& owner = {});

  /// A thread hangs in `strand`: there may be one more, as long as no more than kMaxHanging do,
  /// kMaxHangingPerOwner of them for its owner.
  void OneHangs(const Strand& strand);
  void OneIsBack(const Strand& strand);

  static constexpr size_t kMaxHanging = 1024;
  static constexpr size_t kMaxHangingPerOwner = 128;

 private:
  friend class Strand;

  void Post(std::shared_ptr<Strand> strand, std::function<void()> task);
  void ScheduleLocked(std::shared_ptr<Strand> strand);
  void ReleaseLocked(const Strand& strand);
  void LetWaitingInLocked(Strand::Owner& owner);
  size_t ShareLocked(const Strand::Owner& owner) const;
  void GrowLocked();
  void Work();
  void RunBatch(const std::shared_ptr<Strand>& strand, std::unique_lock<std::mutex>& lock);

  const size_t max_threads_;
  std::mutex mutex_;
  std::map<std::string, std::weak_ptr<Strand::Owner>> owners_;
  size_t hanging_ = 0;
  std::condition_variable changed_;
  std::deque<std::shared_ptr<Strand>> ready_;
  std::vector<std::thread> threads_;
  size_t idle_ = 0;
  size_t running_ = 0;
  bool closing_ = false;
};

}  // namespace bitsd

#endif  // BITSD_SERVER_BASE_DISK_POOL_H_
