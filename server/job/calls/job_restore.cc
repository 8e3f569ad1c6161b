#include "server/job/calls/job_restore.h"

#include <algorithm>
#include <memory>

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

absl::Status JobRestore::Run(const std::function<void(SessionRecord)>& session) {
  StoreVisitor visitor;
  visitor.start = [this](uint64_t start) { least_revision_ = start << kStartShift; };
  visitor.job = [this](JobRecordPtr record) { RestoreJob(std::move(record)); };
  visitor.request = [this](const RequestRecord& request) { RestoreRequest(request); };
  std::vector<SessionRecord> sessions;
  visitor.session = [&](SessionRecord record) { sessions.push_back(record); };
  visitor.set_aside = [this](SetAside found) { RestoreSetAside(std::move(found)); };
  if (absl::Status s = deps_.environment.store.Load(visitor); !s.ok()) return s;
  // Not while the store shows them: a session that is over is erased. Before the jobs: who is
  // logged on decides which go on.
  for (const SessionRecord& record : sessions) session(record);
  Begin();
  return absl::OkStatus();
}

void JobRestore::RestoreJob(JobRecordPtr record) {
  auto job = std::make_shared<Job>(
      deps_.environment, WithoutInterruptedCompletion(std::move(record)), least_revision_);
  const JobRecordPtr known = job->InForce().record;
  deps_.table.Insert(job);
  if (IsFinal(known->state)) {
    finished_.emplace_back(known->modification, std::move(job));
    return;
  }
  const std::shared_ptr<const Account> owner = deps_.environment.accounts.Find(known->owner);
  const bool service = owner != nullptr && owner->service;
  deps_.table.Readmit(known->owner, known->id,
                      policy::IsExemptFromLimits(known->owner, known->elevated, service));
  if (GoesOn(*known)) under_way_.push_back(std::move(job));
}

void JobRestore::RestoreRequest(const RequestRecord& request) {
  const JobPtr job = deps_.table.Find(request.answer->id);
  const JobRecordPtr now = job == nullptr ? nullptr : job->InForce().record;
  // An answer that is still what the job is need not be kept twice.
  const bool same = now != nullptr && now->revision == request.answer->revision;
  deps_.ledger.Restore(request, ViewOf(same ? now : request.answer));
}

void JobRestore::RestoreSetAside(SetAside found) {
  if (found.is_new || found.dropped) {
    AuditEvent event{found.dropped ? "row_dropped" : "row_set_aside",
                     {{"table", found.table}, {"reason", found.why}}};
    if (found.job) event.fields.emplace_back("job", found.job->ToString());
    if (found.owner) event.fields.emplace_back("owner_sid", found.owner->ToString());
    deps_.audit.Write(std::move(event));
  }
  if (!found.dropped) deps_.jobs.AddSetAside(std::move(found));
}

void JobRestore::Begin() {
  const absl::Time now = deps_.environment.clock.Now();
  const absl::Duration retention = deps_.options.Get()->retention;
  std::sort(finished_.begin(), finished_.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  for (const auto& [end, job] : finished_) {
    // A clock that was set back does not keep them longer.
    deps_.retention.OnRestored(job,
                               std::clamp(end + retention - now, absl::ZeroDuration(), retention));
    // What a cleanup that was cut short left.
    deps_.cleanup.Run(job, nullptr, Hresult::kOk, [](const absl::StatusOr<JobOutcome>&) {});
  }
  for (const JobPtr& job : under_way_) job->GoOn();
}

}  // namespace bitsd
