// A bounded pool of threads for work that may block on a disk, and strands that order it.
//
// Tasks of one strand run one at a time, in the order they were posted; strands run in parallel. A
// strand that hangs in a file system occupies one thread, and who finds that out has another one
// take its place. Threads are created when there is work for them, up to the maximum, and stay.
//
// Thread safety: any thread. Ownership: strands are shared, by their users and by the pool while
// they have tasks; none may be posted to once the pool is being destroyed, except by its own tasks.
// The destructor runs what was posted and joins.

#ifndef BITSD_SERVER_TRANSFER_FILES_DISK_POOL_H_
#define BITSD_SERVER_TRANSFER_FILES_DISK_POOL_H_

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
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
  explicit Strand(DiskPool& pool) : pool_(pool) {}

  DiskPool& pool_;
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

  std::shared_ptr<Strand> NewStrand();

  /// A thread hangs: there may be one more, as long as no more than kMaxHanging do.
  void OneHangs();
  void OneIsBack();

  static constexpr size_t kMaxHanging = 1024;

 private:
  friend class Strand;

  void Post(std::shared_ptr<Strand> strand, std::function<void()> task);
  void GrowLocked();
  void Work();
  void RunBatch(const std::shared_ptr<Strand>& strand, std::unique_lock<std::mutex>& lock);

  const size_t max_threads_;
  std::mutex mutex_;
  size_t hanging_ = 0;
  std::condition_variable changed_;
  std::deque<std::shared_ptr<Strand>> ready_;
  std::vector<std::thread> threads_;
  size_t idle_ = 0;
  size_t running_ = 0;
  bool closing_ = false;
};

}  // namespace bitsd

#endif  // BITSD_SERVER_TRANSFER_FILES_DISK_POOL_H_
