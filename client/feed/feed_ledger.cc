#include "client/feed/feed_ledger.h"

#include <algorithm>
#include <functional>

namespace bits {
namespace {

bool IsFinal(v1::JobState state) {
  return state == v1::JOB_STATE_ACKNOWLEDGED || state == v1::JOB_STATE_CANCELLED;
}

}  // namespace

void FeedLedger::BeginSnapshot() { ++snapshot_; }

bool FeedLedger::Take(const v1::Job& job) {
  const auto [at, is_new] = jobs_.try_emplace(job.id());
  Seen& seen = at->second;
  seen.snapshot = snapshot_;
  if (!is_new && job.revision() < seen.revision) return false;
  const size_t contents = std::hash<std::string>()(job.SerializeAsString());
  if (!is_new && job.revision() == seen.revision && contents == seen.contents) return false;
  seen.revision = job.revision();
  seen.contents = contents;
  if (!seen.finished && IsFinal(job.state())) {
    seen.finished = true;
    RememberFinished(job.id());
  }
  return true;
}

void FeedLedger::RememberFinished(const std::string& job_id) {
  finished_.push_back(job_id);
  if (finished_.size() <= kMaxFinished) return;
  jobs_.erase(finished_.front());
  finished_.pop_front();
}

std::vector<std::string> FeedLedger::Missing() const {
  std::vector<std::string> missing;
  for (const auto& [id, seen] : jobs_) {
    if (!seen.finished && seen.snapshot != snapshot_) missing.push_back(id);
  }
  std::sort(missing.begin(), missing.end());
  return missing;
}

bool FeedLedger::Forget(const std::string& job_id) { return jobs_.erase(job_id) > 0; }

bool FeedLedger::IsFinished(const std::string& job_id) const {
  const auto found = jobs_.find(job_id);
  return found != jobs_.end() && found->second.finished;
}

}  // namespace bits
