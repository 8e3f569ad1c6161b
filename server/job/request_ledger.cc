#include "server/job/request_ledger.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "server/error/errors.h"
#include "server/job/job_id.h"

namespace bitsd {

JobService::JobDone RequestLedger::Begin(const Sid& caller, const std::string& request_id,
                                         const std::string& fingerprint, JobService::JobDone done) {
  if (request_id.empty()) return done;
  if (!JobId::Parse(request_id).ok()) {
    done(error::InvalidArgument("request_id is not a UUID"));
    return nullptr;
  }
  absl::StatusOr<JobView> known = error::InvalidArgument(
      "request_id was used for another request: take a new UUID for every request");
  {
    std::lock_guard lock(mutex_);
    auto& entries = callers_[caller];
    const auto it = entries.find(request_id);
    if (it == entries.end()) {
      if (entries.size() >= kMaxPerCaller) {
        known = error::LimitReached("too many request ids in 24 hours: leave request_id empty");
      } else {
        entries[request_id] = Entry{fingerprint, clock_.Now() + kMemory, std::nullopt, {done}};
        return [this, caller, request_id](absl::StatusOr<JobView> answer) {
          Answer(caller, request_id, std::move(answer));
        };
      }
    } else if (it->second.fingerprint == fingerprint) {
      if (!it->second.answer) {
        it->second.waiting.push_back(std::move(done));
        return nullptr;
      }
      known = *it->second.answer;
    }
  }
  done(std::move(known));
  return nullptr;
}

void RequestLedger::Answer(const Sid& caller, const std::string& request_id,
                           absl::StatusOr<JobView> answer) {
  std::vector<JobService::JobDone> waiting;
  {
    std::lock_guard lock(mutex_);
    auto& entries = callers_[caller];
    const auto it = entries.find(request_id);
    if (it == entries.end()) return;
    waiting = std::move(it->second.waiting);
    if (answer.ok()) {
      it->second.answer = *answer;
    } else {
      entries.erase(it);
    }
  }
  for (const auto& done : waiting) done(answer);
}

void RequestLedger::Restore(const RequestRecord& request, JobView answer) {
  const absl::Time now = clock_.Now();
  if (request.expires <= now) return;
  std::lock_guard lock(mutex_);
  // A clock that was set back does not make them live longer.
  callers_[request.caller][request.request_id] =
      Entry{request.fingerprint, std::min(request.expires, now + kMemory), std::move(answer), {}};
}

void RequestLedger::Sweep() {
  const absl::Time now = clock_.Now();
  std::lock_guard lock(mutex_);
  for (auto caller = callers_.begin(); caller != callers_.end();) {
    auto& entries = caller->second;
    for (auto it = entries.begin(); it != entries.end();) {
      it = it->second.answer && it->second.expires <= now ? entries.erase(it) : std::next(it);
    }
    const auto current = caller++;
    if (entries.empty()) callers_.erase(current);
  }
}

}  // namespace bitsd
