#include "client/connection/callback_thread.h"

#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "bitsd/client/transport.h"

namespace bits {
namespace {

thread_local int callbacks_here = 0;

/// A thread that ends connections.
class Closer {
 public:
  Closer() { std::thread(&Closer::Run, this).detach(); }

  void Take(std::unique_ptr<const Transport> connection) {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(connection));
    changed_.notify_one();
  }

 private:
  [[noreturn]] void Run() {
    std::vector<std::unique_ptr<const Transport>> ending;
    while (true) {
      {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return !waiting_.empty(); });
        ending.swap(waiting_);
      }
      ending.clear();
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::unique_ptr<const Transport>> waiting_;
};

Closer& TheCloser() {
  static Closer* const closer = new Closer;  // Never destroyed: gRPC's threads may outlive main.
  return *closer;
}

}  // namespace

CallbackThread::CallbackThread() { ++callbacks_here; }
CallbackThread::~CallbackThread() { --callbacks_here; }

bool OnCallbackThread() { return callbacks_here > 0; }

void EndConnection(const Transport* connection) {
  std::unique_ptr<const Transport> owned(connection);
  if (OnCallbackThread()) TheCloser().Take(std::move(owned));
}

}  // namespace bits
