#include "client/cli/live/follow.h"

#include <algorithm>
#include <map>
#include <memory>
#include <utility>

#include "client/cli/live/display.h"
#include "client/cli/live/interrupt.h"
#include "client/cli/live/live_feed.h"

namespace bits::cli {
namespace {

// How often Ctrl-C and the size of the window are looked at.
constexpr std::chrono::milliseconds kTick{100};

// The jobs as far as they are known, in the order in which they became known.
class Tracker {
 public:
  explicit Tracker(const FollowOptions& options) : options_(options) {}

  void Add(v1::Job job) {
    auto [found, is_new] = jobs_.try_emplace(job.id());
    if (is_new) order_.push_back(job.id());
    TrackedJob& tracked = found->second;
    // An answer may have been overtaken by a later event.
    if (!is_new && job.revision() < tracked.job.revision()) return;
    tracked.rate.Sample(std::chrono::steady_clock::now(), job.progress().bytes_transferred());
    tracked.job = std::move(job);
  }

  /// The service no longer has the job: NOT_FOUND when it was waited for.
  absl::Status Remove(const std::string& id) {
    const auto found = jobs_.find(id);
    if (found == jobs_.end()) return absl::OkStatus();
    if (!options_.ids.empty() && !IsAtEnd(found->second.job.state())) {
      return absl::NotFoundError("the service no longer has job " + id + " (" +
                                 found->second.job.display_name() + ")");
    }
    if (!options_.ids.empty()) return absl::OkStatus();
    jobs_.erase(found);
    std::erase(order_, id);
    return absl::OkStatus();
  }

  std::vector<const TrackedJob*> Shown() const {
    std::vector<const TrackedJob*> shown;
    for (const std::string& id : order_) {
      const TrackedJob& tracked = jobs_.at(id);
      if (!options_.ids.empty() || !IsFinal(tracked.job.state())) shown.push_back(&tracked);
    }
    return shown;
  }

  bool AtEnd() const {
    return !options_.ids.empty() &&
           std::all_of(options_.ids.begin(), options_.ids.end(), [this](const std::string& id) {
             const auto found = jobs_.find(id);
             return found != jobs_.end() && IsAtEnd(found->second.job.state());
           });
  }

  std::vector<v1::Job> Jobs() const {
    std::vector<v1::Job> jobs;
    jobs.reserve(options_.ids.size());
    for (const std::string& id : options_.ids) jobs.push_back(jobs_.at(id).job);
    return jobs;
  }

 private:
  const FollowOptions& options_;
  std::map<std::string, TrackedJob> jobs_;
  std::vector<std::string> order_;
};

absl::Status Interrupted() {
  return WithExitCode(absl::CancelledError("interrupted; the jobs go on"), kExitInterrupted);
}

absl::Status FollowFeed(LiveFeed& feed, Tracker& tracker, Display& display) {
  const Interrupt interrupt;
  while (!interrupt.Requested()) {
    LiveFeed::News news = feed.Next(kTick);
    for (v1::Job& job : news.jobs) {
      tracker.Add(std::move(job));
    }
    for (const std::string& id : news.gone) {
      if (absl::Status status = tracker.Remove(id); !status.ok()) return status;
    }
    display.Show(tracker.Shown());
    if (tracker.AtEnd()) return absl::OkStatus();
    if (news.end) return *news.end;
  }
  return Interrupted();
}

}  // namespace

absl::StatusOr<std::vector<v1::Job>> Follow(const Context& context, const Client& client,
                                            const FollowOptions& options) {
  v1::WatchJobsRequest request;
  request.mutable_job_ids()->Add(options.ids.begin(), options.ids.end());
  request.set_all_users(options.all_users);
  Tracker tracker(options);
  // The feed ends after the display: the terminal is left before a call may be waited for.
  LiveFeed feed(client, request, options.refresh);
  const std::unique_ptr<Display> display = MakeDisplay(context, options.ids.size() == 1);
  absl::Status status = FollowFeed(feed, tracker, *display);
  if (!status.ok()) return status;
  return tracker.Jobs();
}

}  // namespace bits::cli
