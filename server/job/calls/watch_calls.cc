#include "server/job/calls/watch_calls.h"

#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/hash/hash.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "server/error/errors.h"
#include "server/policy/job_access.h"

namespace bitsd {
namespace {

constexpr size_t kMaxWatchedJobs = 1000;
constexpr size_t kFewTold = 1000;

/// What a watch asks for, and as whom: a resume token goes on with the same question only.
std::string QuestionOf(const Caller& caller, const WatchFilter& filter) {
  std::vector<JobId> jobs = filter.jobs;
  std::sort(jobs.begin(), jobs.end());
  return absl::StrCat("watch/", caller.token->user.ToString(),
                      caller.token->IsEnabledAdministrator() ? "/administrator" : "",
                      filter.all_users ? "/all" : "/own", "/", absl::HashOf(jobs));
}

}  // namespace

/// Tells a watcher the jobs as they are, or those that changed, and from then on what changes.
class WatchCalls::Watch : public JobWatch {
 public:
  struct Begin {
    std::vector<JobPtr> jobs;
    uint64_t number = 0;                ///< Of the last change before; later ones are queued.
    std::optional<Kind> resume_answer;  ///< To be told first.
  };

  Watch(const Deps& deps, Caller caller, bool all_users, std::string question,
        std::shared_ptr<WatchQueue> queue, Begin begin)
      : deps_(deps),
        caller_(std::move(caller)),
        all_users_(all_users),
        question_(std::move(question)),
        queue_(std::move(queue)),
        begin_(std::move(begin)) {
    std::reverse(begin_.jobs.begin(), begin_.jobs.end());
  }

  ~Watch() override { deps_.watchers.Remove(queue_); }

  std::optional<Event> Next() override {
    if (begin_.resume_answer) return Event{*std::exchange(begin_.resume_answer, {}), {}, ""};
    if (!begin_.jobs.empty()) {
      const JobPtr job = std::move(begin_.jobs.back());
      begin_.jobs.pop_back();
      return Event{Kind::kSnapshot, Told(*job), ""};
    }
    if (!std::exchange(snapshot_ended_, true)) {
      return Event{Kind::kSnapshotEnd, std::nullopt, TokenAt(begin_.number)};
    }
    while (const auto change = queue_->Pop()) {
      const auto job = deps_.jobs.Open(caller_, change->job);
      if (!job.ok() || !IsWatched(**job)) continue;
      const auto told = told_.find(change->job);
      const uint64_t before = told == told_.end() ? 0 : told->second;
      JobView view = Told(**job);
      // It was told already, with what was told last.
      if (view.revision <= before) continue;
      return Event{Kind::kChanged, std::move(view), TokenAt(change->number)};
    }
    return std::nullopt;
  }

 private:
  bool IsWatched(const Job& job) const {
    return all_users_ || job.owner() == caller_.token->user || queue_->names(job.id());
  }
  JobView Told(const Job& job) {
    JobView view = ViewFor(caller_, job);
    if (told_.size() >= most_told_) ForgetGone();
    told_[job.id()] = view.revision;
    return view;
  }
  void ForgetGone() {
    absl::erase_if(told_,
                   [&](const auto& told) { return deps_.table.Find(told.first) == nullptr; });
    most_told_ = std::max(kFewTold, told_.size() * 2);
  }
  std::string TokenAt(uint64_t number) const {
    return deps_.tokens.Make(question_, absl::StrCat(number));
  }

  const Deps deps_;
  const Caller caller_;
  const bool all_users_;
  const std::string question_;
  const std::shared_ptr<WatchQueue> queue_;
  Begin begin_;  ///< The next of its jobs to be told is the last.
  bool snapshot_ended_ = false;
  absl::flat_hash_map<JobId, uint64_t> told_;  ///< With which revision.
  size_t most_told_ = kFewTold;                ///< Then those that are gone are forgotten.
};

std::optional<uint64_t> WatchCalls::ResumePoint(const std::string& question,
                                                const std::string& resume_token) const {
  // A token of another run, another caller or another question says nothing here.
  const auto position = deps_.tokens.Read(question, resume_token);
  uint64_t number = 0;
  if (!position.ok() || !absl::SimpleAtoi(*position, &number)) return std::nullopt;
  if (!deps_.watchers.Remembers(number)) return std::nullopt;
  return number;
}

std::vector<JobPtr> WatchCalls::ChangedSince(uint64_t number, const Caller& caller,
                                             const WatchFilter& filter,
                                             std::vector<JobPtr> jobs) const {
  // A snapshot has no finished jobs, but who was told of a job is told of its end.
  if (filter.jobs.empty() && !filter.all_users) {
    for (const JobId& id : deps_.finished.OfOwner(caller.token->user)) {
      const auto job = deps_.jobs.Open(caller, id);
      if (job.ok()) jobs.push_back(*job);
    }
  }
  std::erase_if(jobs, [number](const JobPtr& job) { return job->change_mark() <= number; });
  return jobs;
}

absl::StatusOr<std::unique_ptr<JobWatch>> WatchCalls::WatchJobs(const Caller& caller,
                                                                WatchFilter filter,
                                                                std::function<void()> on_ready) {
  if (filter.all_users) {
    if (absl::Status s = policy::MaySeeAllUsers(*caller.token); !s.ok()) return s;
  }
  if (filter.jobs.size() > kMaxWatchedJobs) {
    return error::InvalidArgument("job_ids has over 1,000 entries: leave it empty to watch all");
  }
  Watch::Begin begin;
  for (const JobId& id : filter.jobs) {
    auto job = deps_.jobs.Open(caller, id);
    if (!job.ok()) return job.status();
    begin.jobs.push_back(*std::move(job));
  }
  // Changes are collected from before the snapshot is taken: none falls between the two.
  auto queue = std::make_shared<WatchQueue>(filter.jobs, std::move(on_ready));
  begin.number = deps_.watchers.Add(queue);
  if (filter.jobs.empty()) begin.jobs = deps_.jobs.Visible(caller, filter.all_users);
  std::string question = QuestionOf(caller, filter);
  if (!filter.resume_token.empty()) {
    const auto told = ResumePoint(question, filter.resume_token);
    begin.resume_answer = told ? JobWatch::Kind::kResumed : JobWatch::Kind::kNotResumed;
    if (told) begin.jobs = ChangedSince(*told, caller, filter, std::move(begin.jobs));
  }
  return std::make_unique<Watch>(deps_, caller, filter.all_users, std::move(question),
                                 std::move(queue), std::move(begin));
}

}  // namespace bitsd
