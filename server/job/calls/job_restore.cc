// The start: jobs, remembered requests and finished jobs come back from the store, and those that
// were under way go on.

#include <algorithm>
#include <utility>
#include <vector>

#include "server/job/calls/job_manager.h"
#include "server/job/service/view_of.h"
#include "server/policy/job_access.h"

namespace bitsd {
namespace {

/// Complete had begun, and the end of it was not written: which files are in place is found out
/// when Complete is called again, and until then everything else may be called, too.
JobRecordPtr WithoutInterruptedCompletion(JobRecordPtr record) {
  if (!record->completing) return record;
  auto reopened = std::make_shared<JobRecord>(*record);
  reopened->completing = false;
  return reopened;
}

/// The store has the revisions of records. What was shown between two of them has higher ones, and
/// what is shown from now on higher ones still: each start of the service begins so far above the
/// one before.
constexpr int kStartShift = 32;

bool GoesOn(const JobRecord& record) {
  return record.state == JobState::kQueued || record.state == JobState::kTransientError;
}

}  // namespace

absl::Status JobManager::Restore(std::function<void(SessionRecord)> session) {
  Restored restored;
  StoreVisitor visitor;
  visitor.start = [&](uint64_t start) { restored.least_revision = start << kStartShift; };
  visitor.job = [&](JobRecordPtr record) { RestoreJob(std::move(record), restored); };
  visitor.request = [this](RequestRecord request) { RestoreRequest(std::move(request)); };
  std::vector<SessionRecord> sessions;
  visitor.session = [&](SessionRecord record) { sessions.push_back(record); };
  visitor.set_aside = [this](SetAside found) { RestoreSetAside(std::move(found)); };
  if (absl::Status status = deps_.store.Load(visitor); !status.ok()) return status;
  // Not while the store shows them: a session that is over is erased. Before the jobs: who is
  // logged on decides which go on.
  for (const SessionRecord& record : sessions) session(record);
  BeginRestored(std::move(restored));
  return absl::OkStatus();
}

void JobManager::RestoreJob(JobRecordPtr record, Restored& restored) {
  auto job = std::make_shared<Job>(environment_, WithoutInterruptedCompletion(std::move(record)),
                                   restored.least_revision);
  const JobRecordPtr known = job->InForce().record;
  table_.Insert(job);
  if (IsFinal(known->state)) {
    restored.finished.emplace_back(known->modification, std::move(job));
    return;
  }
  const std::shared_ptr<const Account> owner = deps_.accounts.Find(known->owner);
  const bool service = owner != nullptr && owner->service;
  table_.Readmit(known->owner, known->id,
                 policy::IsExemptFromLimits(known->owner, known->elevated, service));
  if (GoesOn(*known)) restored.under_way.push_back(std::move(job));
}

void JobManager::RestoreRequest(RequestRecord request) {
  const JobPtr job = table_.Find(request.answer->id);
  const JobRecordPtr now = job == nullptr ? nullptr : job->InForce().record;
  // An answer that is still what the job is need not be kept twice.
  const bool same = now != nullptr && now->revision == request.answer->revision;
  ledger_.Restore(request, ViewOf(same ? now : request.answer));
}

void JobManager::RestoreSetAside(SetAside found) {
  ++set_aside_count_;
  if (found.is_new) {
    AuditEvent event{"row_set_aside", {{"table", found.table}, {"reason", found.why}}};
    if (found.job) event.fields.emplace_back("job", found.job->ToString());
    if (found.owner) event.fields.emplace_back("owner_sid", found.owner->ToString());
    deps_.audit.Write(std::move(event));
  }
  if (found.table != "jobs" || !found.job) return;
  const JobId id = *found.job;
  set_aside_.insert_or_assign(id, std::move(found));
}

void JobManager::BeginRestored(Restored restored) {
  const absl::Time now = deps_.clock.Now();
  const absl::Duration retention = CurrentOptions()->retention;
  std::sort(restored.finished.begin(), restored.finished.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  for (const auto& [end, job] : restored.finished) {
    // A clock that was set back does not keep them longer.
    Retain(job, std::clamp(end + retention - now, absl::ZeroDuration(), retention),
           [] { return true; });
    // What a cleanup that was cut short left.
    CleanUp(job, nullptr, Hresult::kOk, [](const absl::StatusOr<JobOutcome>&) {});
  }
  for (const JobPtr& job : restored.under_way) job->GoOn();
}

}  // namespace bitsd
