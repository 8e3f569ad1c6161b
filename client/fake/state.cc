#include "client/fake/state.h"

#include <google/protobuf/util/time_util.h>

#include <algorithm>
#include <utility>

#include "client/base/uuid.h"
#include "client/fake/errors.h"

namespace bits {
namespace {

bool IsFinished(const v1::Job& job) {
  return job.state() == v1::JOB_STATE_ACKNOWLEDGED || job.state() == v1::JOB_STATE_CANCELLED;
}

bool Names(const v1::WatchJobsRequest& watch, const std::string& job_id) {
  return std::any_of(watch.job_ids().begin(), watch.job_ids().end(),
                     [&](const std::string& id) { return CanonicalUuid(id) == job_id; });
}

bool IsAbout(const v1::WatchJobsRequest& watch, const v1::Job& job, const std::string& sid) {
  if (job.owner_sid() != sid) return false;
  return watch.job_ids().empty() || Names(watch, job.id());
}

}  // namespace

FakeService::State::State() {
  ServeJobs();
  ServeTokens();
  ServeSessions();
}

absl::Status FakeService::State::Call(const CallContext& context, const Message& request,
                                      Message& answer) {
  std::unique_lock lock(mutex_);
  if (absl::Status status = Receive(context, request); !status.ok()) return status;
  const auto scripted = scripted_.find(request.GetDescriptor());
  if (scripted != scripted_.end()) {
    const Answerer answerer = scripted->second;
    lock.unlock();  // It may use the fake.
    return answerer(request, answer);
  }
  const auto handler = handlers_.find(request.GetDescriptor());
  if (handler != handlers_.end()) return handler->second(context, request, answer);
  return absl::UnimplementedError("the fake has no answer to " + MethodOf(request).name() +
                                  ": script one with FakeService::Answer");
}

absl::Status FakeService::State::Open(const CallContext& context, const Message& request) {
  const std::lock_guard lock(mutex_);
  if (absl::Status status = Receive(context, request); !status.ok()) return status;
  if (const auto* watch = dynamic_cast<const v1::WatchJobsRequest*>(&request)) {
    return CheckWatched(context.sid(), *watch);
  }
  if (const auto* keep = dynamic_cast<const v1::KeepAliveRequest*>(&request)) {
    return CheckSession(context.sid(), keep->session_id());
  }
  return absl::UnimplementedError("the fake has no stream " + MethodOf(request).name());
}

absl::Status FakeService::State::Receive(const CallContext& context, const Message& request) {
  const auto& method = MethodOf(request);
  received_.push_back({method.name(), context.sid()});
  auto& failures = failures_[method.name()];
  if (!failures.empty()) {
    absl::Status why = std::move(failures.front());
    failures.pop_front();
    return why;
  }
  const bool of_sessions = method.service()->name() == "Sessions";
  const std::string& session = context.options().session_id;
  return of_sessions || session.empty() ? absl::OkStatus() : CheckSession(context.sid(), session);
}

absl::Status FakeService::State::Change(const std::string& job_id,
                                        const std::function<void(v1::Job&)>& change,
                                        std::optional<uint64_t> transferred_size) {
  const std::lock_guard lock(mutex_);
  const auto entry = Find(job_id);
  if (!entry.ok()) return entry.status();
  for (v1::File& file : (*entry)->files) {
    if (!transferred_size) break;
    file.set_transferred(true);
    file.set_bytes_total(*transferred_size);
    file.set_bytes_transferred(*transferred_size);
  }
  Touch(**entry);
  change((*entry)->job);
  return absl::OkStatus();
}

void FakeService::State::BreakStreams(const absl::Status& why) {
  const std::lock_guard lock(mutex_);
  ++breaks_;
  break_reason_ = why;
  changed_.notify_all();
}

void FakeService::State::EndSession(const std::string& session_id) {
  const std::lock_guard lock(mutex_);
  sessions_.erase(session_id);
  changed_.notify_all();
}

void FakeService::State::FailNext(const std::string& method, const absl::Status& why) {
  const std::lock_guard lock(mutex_);
  failures_[method].push_back(why);
}

void FakeService::State::AnswerWith(const google::protobuf::Descriptor* request,
                                    Answerer answerer) {
  const std::lock_guard lock(mutex_);
  scripted_[request] = std::move(answerer);
}

std::vector<FakeService::Received> FakeService::State::received() const {
  const std::lock_guard lock(mutex_);
  return received_;
}

std::vector<v1::Job> FakeService::State::Snapshot(const std::string& sid,
                                                  const v1::WatchJobsRequest& watch) const {
  std::vector<v1::Job> jobs;
  for (const auto& [id, entry] : jobs_) {
    const bool shown = !IsFinished(entry.job) || Names(watch, id);
    if (shown && IsAbout(watch, entry.job, sid)) jobs.push_back(entry.job);
  }
  std::sort(jobs.begin(), jobs.end(),
            [](const v1::Job& a, const v1::Job& b) { return a.revision() < b.revision(); });
  return jobs;
}

const v1::Job* FakeService::State::NextChange(const std::string& sid,
                                              const v1::WatchJobsRequest& watch,
                                              uint64_t revision) const {
  const v1::Job* next = nullptr;
  for (const auto& [id, entry] : jobs_) {
    const v1::Job& job = entry.job;
    if (job.revision() <= revision || !IsAbout(watch, job, sid)) continue;
    if (next == nullptr || job.revision() < next->revision()) next = &job;
  }
  return next;
}

absl::Status FakeService::State::CheckWatched(const std::string& sid,
                                              const v1::WatchJobsRequest& watch) const {
  if (watch.all_users()) return fake::Denied("all_users");
  for (const std::string& id : watch.job_ids()) {
    const auto found = jobs_.find(CanonicalUuid(id).value_or(""));
    if (found == jobs_.end()) return fake::NotFound();
    if (found->second.job.owner_sid() != sid) return fake::Denied("job_access");
  }
  return absl::OkStatus();
}

absl::Status FakeService::State::CheckSession(const std::string& sid,
                                              const std::string& session_id) const {
  const auto session = sessions_.find(session_id);
  if (session == sessions_.end()) return fake::NotLoggedOn();
  return session->second == sid ? absl::OkStatus() : fake::Denied("session_of_another");
}

absl::StatusOr<FakeService::State::Entry*> FakeService::State::Find(const std::string& job_id) {
  const auto id = CanonicalUuid(job_id);
  if (!id) return fake::InvalidArgument("job_id is not a UUID");
  const auto found = jobs_.find(*id);
  if (found == jobs_.end()) return fake::NotFound();
  return &found->second;
}

absl::StatusOr<FakeService::State::Entry*> FakeService::State::FindFor(const CallContext& context,
                                                                       const std::string& job_id) {
  auto entry = Find(job_id);
  if (entry.ok() && (*entry)->job.owner_sid() != context.sid()) return fake::Denied("job_access");
  return entry;
}

absl::StatusOr<FakeService::State::Entry*> FakeService::State::FindUnfinished(
    const CallContext& context, const std::string& job_id) {
  auto entry = FindFor(context, job_id);
  if (entry.ok() && IsFinished((*entry)->job)) return fake::InvalidState("the job is finished");
  return entry;
}

void FakeService::State::Touch(Entry& entry) {
  entry.job.set_revision(++revision_);
  *entry.job.mutable_times()->mutable_modification_time() =
      google::protobuf::util::TimeUtil::GetCurrentTime();
  v1::JobProgress& progress = *entry.job.mutable_progress();
  progress = {};
  for (const v1::File& file : entry.files) {
    const bool known = file.transferred() && progress.bytes_total() != UINT64_MAX;
    progress.set_bytes_total(known ? progress.bytes_total() + file.bytes_total() : UINT64_MAX);
    progress.set_bytes_transferred(progress.bytes_transferred() + file.bytes_transferred());
    progress.set_files_total(progress.files_total() + 1);
    progress.set_files_transferred(progress.files_transferred() + (file.transferred() ? 1 : 0));
  }
  changed_.notify_all();
}

}  // namespace bits
