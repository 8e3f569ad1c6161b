#include "client/cli/live/job_feed.h"

#include <utility>

#include "client/cli/live/progress.h"

namespace bits::cli {
namespace {

// More running jobs than this are asked for in one list.
constexpr size_t kMaxSingleCalls = 4;

}  // namespace

JobFeed::JobFeed(const Client& client, const v1::WatchJobsRequest& request,
                 std::chrono::milliseconds refresh)
    : client_(client),
      all_users_(request.all_users()),
      watch_(client_.WatchJobs(request)),
      watcher_([this] { Watch(); }),
      poller_([this, refresh] { Poll(refresh); }) {}

JobFeed::~JobFeed() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  watch_.Cancel();
  watcher_.join();
  poller_.join();
}

JobFeed::News JobFeed::Next(std::chrono::milliseconds patience) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, patience, [this] { return !news_.jobs.empty() || news_.end; });
  return std::exchange(news_, News());
}

void JobFeed::Watch() {
  while (true) {
    auto event = watch_.Next();
    if (event.ok() && event->has_value()) {
      if ((*event)->has_job()) Push(std::move(*(*event)->mutable_job()));
      continue;
    }
    const std::lock_guard lock(mutex_);
    news_.end = event.ok() ? absl::UnavailableError("the service ended the watch") : event.status();
    changed_.notify_all();
    return;
  }
}

void JobFeed::Push(v1::Job job) {
  const std::lock_guard lock(mutex_);
  if (IsActive(job.state())) {
    active_.insert(job.id());
  } else {
    active_.erase(job.id());
  }
  news_.jobs.push_back(std::move(job));
  changed_.notify_all();
}

void JobFeed::Poll(std::chrono::milliseconds refresh) {
  std::unique_lock lock(mutex_);
  while (!changed_.wait_for(lock, refresh, [this] { return stopping_; })) {
    if (active_.empty()) continue;
    const std::set<std::string> ids = active_;
    lock.unlock();
    Ask(ids);
    lock.lock();
  }
}

// An error is not for here: when the service is gone, the watch says so.
void JobFeed::Ask(const std::set<std::string>& ids) {
  if (ids.size() > kMaxSingleCalls) {
    auto jobs = client_.ListAllJobs(all_users_);
    if (!jobs.ok()) return;
    for (v1::Job& job : *jobs) {
      if (ids.contains(job.id())) Push(std::move(job));
    }
    return;
  }
  for (const std::string& id : ids) {
    if (auto job = client_.GetJob(id); job.ok()) Push(*std::move(job));
  }
}

}  // namespace bits::cli
