#include "client/cli/live/live_feed.h"

#include <utility>

#include "client/cli/live/progress.h"

namespace bits::cli {
namespace {

// More running jobs than this are asked for in one list.
constexpr size_t kMaxSingleCalls = 4;
// A service that restarts is back long before.
constexpr std::chrono::milliseconds kMaxOutage{60'000};

FeedOptions Patiently() {
  FeedOptions options;
  options.max_outage = kMaxOutage;
  return options;
}

}  // namespace

LiveFeed::LiveFeed(const Client& client, const v1::WatchJobsRequest& request,
                   std::chrono::milliseconds refresh)
    : client_(client),
      all_users_(request.all_users()),
      feed_(client_.FollowJobs(request, Patiently())),
      watcher_([this] { Watch(); }),
      poller_([this, refresh] { Poll(refresh); }) {}

LiveFeed::~LiveFeed() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  feed_.Stop();
  watcher_.join();
  poller_.join();
}

LiveFeed::News LiveFeed::Next(std::chrono::milliseconds patience) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, patience,
                    [this] { return !news_.jobs.empty() || !news_.gone.empty() || news_.end; });
  return std::exchange(news_, News());
}

void LiveFeed::Watch() {
  while (true) {
    auto event = feed_.Next();
    if (event.ok() && event->has_value()) {
      Take(**std::move(event));
      continue;
    }
    const std::lock_guard lock(mutex_);
    news_.end = event.status();
    changed_.notify_all();
    return;
  }
}

void LiveFeed::Take(JobFeed::Event event) {
  if (event.kind == JobFeed::Kind::kJob) Push(std::move(event.job));
  if (event.kind != JobFeed::Kind::kGone) return;
  const std::lock_guard lock(mutex_);
  active_.erase(event.job.id());
  news_.gone.push_back(event.job.id());
  changed_.notify_all();
}

void LiveFeed::Push(v1::Job job) {
  const std::lock_guard lock(mutex_);
  if (IsActive(job.state())) {
    active_.insert(job.id());
  } else {
    active_.erase(job.id());
  }
  news_.jobs.push_back(std::move(job));
  changed_.notify_all();
}

void LiveFeed::Poll(std::chrono::milliseconds refresh) {
  std::unique_lock lock(mutex_);
  while (!changed_.wait_for(lock, refresh, [this] { return stopping_; })) {
    if (active_.empty()) continue;
    const std::set<std::string> ids = active_;
    lock.unlock();
    Ask(ids);
    lock.lock();
  }
}

// An error is not for here: when the service is gone, the feed says so.
void LiveFeed::Ask(const std::set<std::string>& ids) {
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
