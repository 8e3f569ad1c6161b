#include "server/transfer/http/http_engine.h"

#include <curl/curl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

#include "server/base/thread_signals.h"

namespace bitsd {
namespace {

UniqueFd Checked(int fd, const char* what) {
  // Only at the start of the service, which cannot go on without.
  if (fd < 0) throw std::system_error(errno, std::generic_category(), what);
  return UniqueFd(fd);
}

void InitializeCurl() {
  static const CURLcode once = curl_global_init(CURL_GLOBAL_DEFAULT);
  static_cast<void>(once);
}

}  // namespace

HttpEngine::HttpEngine(absl::Duration idle_connections)
    : idle_connections_(absl::ToChronoMilliseconds(idle_connections)),
      epoll_(Checked(epoll_create1(EPOLL_CLOEXEC), "epoll_create1")),
      wake_(Checked(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd")),
      resolver_(Resolver::Limits{}) {
  InitializeCurl();
  epoll_event event{};
  event.events = EPOLLIN;
  epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, wake_.get(), &event);
  thread_ = std::thread([this] { Loop(); });
}

HttpEngine::~HttpEngine() {
  {
    std::lock_guard lock(mutex_);
    closing_ = true;
  }
  eventfd_write(wake_.get(), 1);
  thread_.join();
}

void HttpEngine::Post(std::function<void()> task) {
  bool wake = false;
  {
    std::lock_guard lock(mutex_);
    wake = posted_.empty();
    posted_.push_back(std::move(task));
  }
  if (wake) eventfd_write(wake_.get(), 1);
}

Executor::Delayed HttpEngine::PostAfter(std::chrono::milliseconds delay,
                                        std::function<void()> task) {
  const Delayed name{std::chrono::steady_clock::now() + delay, ++last_delayed_};
  delayed_.emplace(name, std::move(task));
  return name;
}

ConnectionPool& HttpEngine::PoolFor(const std::string& context) {
  uint32_t& id = ids_[context];
  if (id == 0) {
    id = ++last_id_;
    pools_.emplace(id, std::make_unique<ConnectionPool>(epoll_.get(), id));
  }
  return *pools_.at(id);
}

void HttpEngine::Retire(const std::string& prefix) { retired_.push_back(prefix); }

bool HttpEngine::IsRetired(const std::string& context) const {
  return std::any_of(retired_.begin(), retired_.end(),
                     [&](const std::string& prefix) { return context.starts_with(prefix); });
}

void HttpEngine::Loop() {
  BlockSignalsInThread();
  std::array<epoll_event, 64> events;
  while (true) {
    const int count =
        epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), Timeout());
    for (int i = 0; i < count; ++i) Dispatch(events[i].data.u64, events[i].events);
    if (!RunPosted()) break;
    RunTimers();
    DropIdlePools();
  }
  pools_.clear();
}

void HttpEngine::Dispatch(uint64_t event_data, uint32_t events) {
  if (event_data == 0) {
    eventfd_t count = 0;
    eventfd_read(wake_.get(), &count);
    return;
  }
  // A pool or socket may be gone since the kernel reported the event: it is looked up by number.
  const auto pool = pools_.find(static_cast<uint32_t>(event_data >> 32));
  if (pool != pools_.end()) pool->second->OnSocket(static_cast<int>(event_data), events);
}

bool HttpEngine::RunPosted() {
  std::vector<std::function<void()>> tasks;
  {
    std::lock_guard lock(mutex_);
    if (closing_) return false;
    tasks.swap(posted_);
  }
  for (auto& task : tasks) {
    task();
    task = nullptr;
  }
  return true;
}

void HttpEngine::RunTimers() {
  const SteadyTime now = std::chrono::steady_clock::now();
  while (!delayed_.empty() && delayed_.begin()->first.first <= now) {
    auto task = std::move(delayed_.extract(delayed_.begin()).mapped());
    task();
  }
  std::vector<ConnectionPool*> due;
  for (const auto& [id, pool] : pools_) {
    if (pool->deadline() && *pool->deadline() <= now) due.push_back(pool.get());
  }
  for (ConnectionPool* pool : due) pool->OnTimer();
}

void HttpEngine::DropIdlePools() {
  const SteadyTime limit = std::chrono::steady_clock::now() - idle_connections_;
  for (auto entry = ids_.begin(); entry != ids_.end();) {
    const auto idle_since = pools_.at(entry->second)->idle_since();
    if (!idle_since || (*idle_since > limit && !IsRetired(entry->first))) {
      ++entry;
      continue;
    }
    pools_.erase(entry->second);
    ids_.erase(entry++);
  }
  retired_.clear();
}

int HttpEngine::Timeout() const {
  std::optional<SteadyTime> next;
  const auto consider = [&next](SteadyTime time) { next = next ? std::min(*next, time) : time; };
  if (!delayed_.empty()) consider(delayed_.begin()->first.first);
  for (const auto& [id, pool] : pools_) {
    if (pool->deadline()) consider(*pool->deadline());
    if (pool->idle_since()) consider(*pool->idle_since() + idle_connections_);
  }
  if (!next) return -1;
  const auto left =
      std::chrono::ceil<std::chrono::milliseconds>(*next - std::chrono::steady_clock::now());
  return static_cast<int>(std::clamp<int64_t>(left.count(), 0, 60'000));
}

}  // namespace bitsd
