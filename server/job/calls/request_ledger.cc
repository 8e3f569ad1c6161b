#include "server/job/calls/request_ledger.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "server/error/errors.h"
#include "server/model/job_id.h"
#include "server/model/record_bounds.h"

namespace bitsd {
namespace {

/// An answer as the store keeps it: of its files only how many there are, and nothing of the
/// network.
JobView Kept(JobView answer) {
  auto record = std::make_shared<JobRecord>(*answer.record);
  record->files = std::make_shared<const FileRecords>(record->files->size());
  record->network = nullptr;
  record->abandoned = {};
  answer.record = std::move(record);
  answer.token_scope = nullptr;
  answer.credentials = {};
  answer.client_certificate.reset();
  return answer;
}

}  // namespace

size_t RequestLedger::BytesOf(const std::string& id, const Entry& entry) {
  // What an entry of a map takes beside what is in it.
  constexpr size_t kAround = 64;
  size_t bytes = sizeof(entry) + id.size() + entry.fingerprint.size() + kAround;
  if (!entry.answer) return bytes;
  // Its files are shared with those of all answers.
  const JobRecord& record = *entry.answer->record;
  return bytes + bitsd::BytesOf(record) - record.files->size() * sizeof(FileRecord);
}

bool RequestLedger::MakeRoom(Caller& caller, std::vector<std::string>& forgotten) const {
  const auto full = [&] {
    return caller.entries.size() >= limits_.count || caller.bytes >= limits_.bytes;
  };
  for (auto it = caller.order.begin(); it != caller.order.end() && full();) {
    const auto entry = caller.entries.find(*it);
    if (!entry->second.answer) {
      ++it;
      continue;
    }
    caller.bytes -= BytesOf(entry->first, entry->second);
    caller.entries.erase(entry);
    forgotten.push_back(std::move(*it));
    it = caller.order.erase(it);
  }
  return !full();
}

void RequestLedger::Add(Caller& caller, const std::string& request_id, Entry entry) {
  caller.order.push_back(request_id);
  entry.place = std::prev(caller.order.end());
  caller.bytes += BytesOf(request_id, entry);
  caller.entries.emplace(request_id, std::move(entry));
}

void RequestLedger::Remove(Caller& caller, Entries::iterator entry) {
  caller.bytes -= BytesOf(entry->first, entry->second);
  caller.order.erase(entry->second.place);
  caller.entries.erase(entry);
}

JobService::JobDone RequestLedger::Begin(const Sid& caller, const std::string& request_id,
                                         const std::string& fingerprint, JobService::JobDone done) {
  if (request_id.empty()) return done;
  if (!JobId::Parse(request_id).ok()) {
    done(error::InvalidArgument("request_id is not a UUID"));
    return nullptr;
  }
  absl::StatusOr<JobView> known = error::InvalidArgument(
      "request_id was used for another request: take a new UUID for every request");
  std::vector<std::string> forgotten;
  bool begun = false;
  {
    std::lock_guard lock(mutex_);
    Caller& mine = callers_[caller];
    const auto it = mine.entries.find(request_id);
    if (it == mine.entries.end()) {
      begun = MakeRoom(mine, forgotten);
      if (begun) Add(mine, request_id, {fingerprint, clock_.Now() + kMemory, {}, {done}, {}});
      known = error::LimitReached("too many requests wait for their answer: wait for some");
    } else if (it->second.fingerprint == fingerprint) {
      if (!it->second.answer) {
        it->second.waiting.push_back(std::move(done));
        return nullptr;
      }
      known = *it->second.answer;
    }
  }
  for (const std::string& id : forgotten) forgotten_(caller, id);
  if (begun) {
    return [this, caller, request_id](absl::StatusOr<JobView> answer) {
      Answer(caller, request_id, std::move(answer));
    };
  }
  done(std::move(known));
  return nullptr;
}

void RequestLedger::Answer(const Sid& caller, const std::string& request_id,
                           absl::StatusOr<JobView> answer) {
  std::vector<JobService::JobDone> waiting;
  {
    std::lock_guard lock(mutex_);
    Caller& mine = callers_[caller];
    const auto it = mine.entries.find(request_id);
    if (it == mine.entries.end()) return;
    waiting = std::move(it->second.waiting);
    if (answer.ok()) {
      mine.bytes -= BytesOf(request_id, it->second);
      it->second.answer = Kept(*answer);
      mine.bytes += BytesOf(request_id, it->second);
    } else {
      Remove(mine, it);
    }
  }
  for (const auto& done : waiting) done(answer);
}

void RequestLedger::Restore(const RequestRecord& request, JobView answer) {
  const absl::Time now = clock_.Now();
  if (request.expires <= now) return;
  std::lock_guard lock(mutex_);
  // A clock that was set back does not make them live longer.
  Add(callers_[request.caller], request.request_id,
      {request.fingerprint,
       std::min(request.expires, now + kMemory),
       Kept(std::move(answer)),
       {},
       {}});
}

void RequestLedger::SetLimits(const policy::KeptLimits& limits) {
  std::lock_guard lock(mutex_);
  limits_ = limits;
}

void RequestLedger::Sweep() {
  const absl::Time now = clock_.Now();
  std::lock_guard lock(mutex_);
  for (auto caller = callers_.begin(); caller != callers_.end();) {
    Entries& entries = caller->second.entries;
    for (auto it = entries.begin(); it != entries.end();) {
      const auto current = it++;
      if (current->second.answer && current->second.expires <= now) Remove(caller->second, current);
    }
    const auto current = caller++;
    if (entries.empty()) callers_.erase(current);
  }
}

}  // namespace bitsd
