#include "tests/integration/app/kill_journal.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "bitsd/client/error.h"
#include "tests/testing/temp_folder.h"
#include "tests/testing/wait.h"

namespace bitsd::tests {
namespace {

using bits::v1::Job;
using bits::v1::JobState;

constexpr size_t kMaxOpenJobs = 12;
constexpr uint32_t kTokenRequired = 0x80200056;

bool Exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

/// The service said no, with a reason of its own: nothing was changed.
bool IsRefusal(const absl::Status& status) { return !bits::ErrorOf(status).reason.empty(); }

bool IsFinalState(JobState state) {
  return state == bits::v1::JOB_STATE_ACKNOWLEDGED || state == bits::v1::JOB_STATE_CANCELLED;
}

bool IsRunningState(JobState state) {
  return state == bits::v1::JOB_STATE_QUEUED || state == bits::v1::JOB_STATE_CONNECTING ||
         state == bits::v1::JOB_STATE_TRANSFERRING || state == bits::v1::JOB_STATE_TRANSFERRED ||
         state == bits::v1::JOB_STATE_TRANSIENT_ERROR;
}

/// Without its helper, what the helper created cannot be put in place.
bool IsOfHelper(const absl::Status& status) {
  const bits::CallError error = bits::ErrorOf(status);
  return error.hresult == kTokenRequired || error.rule == "created_by_another";
}

}  // namespace

void JournalledClient::Connect(bits::Client owner, bits::Client helper) {
  owner_ = std::move(owner);
  helper_ = std::move(helper);
  connected_ = true;
}

void JournalledClient::Work(const std::atomic<bool>& stop) {
  while (!stop && connected_) {
    std::vector<JobJournal*> open;
    for (JobJournal& job : jobs_) {
      if (!job.end && job.unanswered == Unanswered::kNothing) open.push_back(&job);
    }
    if (open.empty() || (open.size() < kMaxOpenJobs && Pick(4) == 0)) {
      Create();
    } else {
      Act(*open[Pick(static_cast<uint32_t>(open.size()))]);
    }
  }
}

void JournalledClient::Create() {
  bits::v1::CreateJobRequest request;
  request.set_display_name(name_);
  request.set_priority(bits::v1::JOB_PRIORITY_FOREGROUND);
  const auto created = owner_->CreateJob(request);
  if (!created.ok()) {
    connected_ = connected_ && IsRefusal(created.status());
    return;
  }
  ++acknowledged_;
  JobJournal job;
  job.id = created->id();
  job.path = absl::StrCat(folder_, "/", name_, "-", jobs_.size());
  job.source = Pick(static_cast<uint32_t>(sources_.size()));
  jobs_.push_back(std::move(job));
}

bool JournalledClient::Note(JobJournal& job, const absl::Status& status, Unanswered asked) {
  if (status.ok()) {
    ++acknowledged_;
    return true;
  }
  if (!IsRefusal(status)) {
    job.unanswered = asked;
    connected_ = false;
  }
  return false;
}

void JournalledClient::Act(JobJournal& job) {
  if (!job.has_file) return AddFile(job);
  switch (Pick(12)) {
    case 0:
      if (Note(job, owner_->Suspend(job.id).status(), Unanswered::kSuspend)) job.runs = false;
      return;
    case 1: {
      bits::v1::UpdateJobRequest update;
      update.mutable_job()->set_id(job.id);
      job.asked_description = absl::StrCat("text ", Pick(1000000));
      update.mutable_job()->set_description(job.asked_description);
      update.mutable_update_mask()->add_paths("description");
      if (Note(job, owner_->UpdateJob(update).status(), Unanswered::kUpdate)) {
        job.description = job.asked_description;
      }
      return;
    }
    case 2: return SetFlags(job, Pick(2));
    case 3:
    case 4: return Lend(job);
    case 5: return End(job, Pick(3) != 0);
    case 6:
    case 7: {
      const auto seen = owner_->GetJob(job.id);
      if (!seen.ok()) connected_ = connected_ && IsRefusal(seen.status());
      if (seen.ok() && seen->state() == bits::v1::JOB_STATE_TRANSFERRED) End(job, true);
      return;
    }
    default:
      if (Note(job, owner_->Resume(job.id).status(), Unanswered::kResume)) job.runs = true;
  }
}

void JournalledClient::AddFile(JobJournal& job) {
  bits::v1::AddFileSetRequest request;
  request.set_job_id(job.id);
  request.add_files()->set_remote_name(sources_[job.source].url);
  request.mutable_files(0)->set_local_name(job.path);
  if (Note(job, owner_->AddFileSet(request).status(), Unanswered::kAdd)) job.has_file = true;
}

void JournalledClient::SetFlags(JobJournal& job, uint32_t flags) {
  const auto handle = owner_->QueryInterface(job.id, std::nullopt);
  if (!handle.ok()) {
    connected_ = connected_ && IsRefusal(handle.status());
    return;
  }
  job.asked_flags = flags;
  job.had_flags = job.had_flags || flags != 0;
  if (Note(job, owner_->SetHelperTokenFlags(*handle, flags), Unanswered::kFlags)) job.flags = flags;
  owner_->Release(*handle).IgnoreError();
}

/// The helper lends its token, for the local file. Nothing of it outlives a kill.
void JournalledClient::Lend(JobJournal& job) {
  const auto handle = owner_->QueryInterface(job.id, helper_->sid());
  if (handle.ok()) {
    helper_->SetHelperToken(*handle, helper_->sid()).status().IgnoreError();
    owner_->Release(*handle).IgnoreError();
  }
  SetFlags(job, 1);
}

void JournalledClient::End(JobJournal& job, bool complete) {
  if (complete) {
    const auto done = owner_->Complete(job.id);
    // A job that was not whole is stopped by it.
    if (Note(job, done.status(), Unanswered::kComplete)) job.end = done->job().state();
    if (!done.ok() && IsRefusal(done.status())) job.unanswered = Unanswered::kComplete;
  } else if (Note(job, owner_->Cancel(job.id).status(), Unanswered::kCancel)) {
    job.end = bits::v1::JOB_STATE_CANCELLED;
  }
}

std::string JournalledClient::Check() {
  for (JobJournal& job : jobs_) {
    const std::string wrong = CheckJob(job);
    if (!wrong.empty()) return absl::StrCat("job ", job.id, " of ", name_, ": ", wrong);
  }
  return "";
}

std::string JournalledClient::CheckJob(JobJournal& job) {
  const auto seen = owner_->GetJob(job.id);
  if (!seen.ok()) return absl::StrCat("was acknowledged and is lost: ", seen.status().ToString());
  const Unanswered asked = job.unanswered;
  const bool has_file = seen->progress().files_total() == 1;
  if (has_file != job.has_file && asked != Unanswered::kAdd) return "its file is another";
  job.has_file = has_file;
  const uint32_t flags = seen->helper_token_flags();
  if (flags != job.flags && !(asked == Unanswered::kFlags && flags == job.asked_flags)) {
    return absl::StrCat("its flags are ", flags, " instead of ", job.flags);
  }
  job.flags = flags;
  const bool new_text =
      asked == Unanswered::kUpdate && seen->description() == job.asked_description;
  if (seen->description() != job.description && !new_text) {
    return absl::StrCat("its description is '", seen->description(), "' instead of '",
                        job.description, "'");
  }
  job.description = seen->description();
  if (std::string wrong = CheckState(job, *seen); !wrong.empty()) return wrong;
  job.runs = IsRunningState(seen->state()) || seen->state() == bits::v1::JOB_STATE_ERROR;
  if (IsFinalState(seen->state())) job.end = seen->state();
  const bool ending = asked == Unanswered::kComplete || asked == Unanswered::kCancel;
  if (!ending || job.end) job.unanswered = Unanswered::kNothing;
  return CheckFile(job);
}

std::string JournalledClient::CheckState(JobJournal& job, const Job& seen) const {
  const JobState state = seen.state();
  const std::string wrong =
      absl::StrCat("it is ", bits::v1::JobState_Name(state), ", ", seen.error().ShortDebugString());
  if (job.end) return state == *job.end ? "" : wrong;
  const Unanswered asked = job.unanswered;
  if (state == bits::v1::JOB_STATE_CANCELLED) return asked == Unanswered::kCancel ? "" : wrong;
  if (state == bits::v1::JOB_STATE_ACKNOWLEDGED) return asked == Unanswered::kComplete ? "" : wrong;
  const bool may_run = job.runs || asked == Unanswered::kResume;
  const bool may_stand =
      !job.runs || asked == Unanswered::kSuspend || asked == Unanswered::kComplete;
  if (IsRunningState(state)) return may_run ? "" : wrong;
  if (state == bits::v1::JOB_STATE_SUSPENDED) return may_stand ? "" : wrong;
  // Without its token, which no restart brings back.
  const bool token = seen.error().hresult() == kTokenRequired && job.had_flags;
  return token && may_run ? "" : wrong;
}

/// What has the final name is whole, whenever one looks.
std::string JournalledClient::CheckFile(const JobJournal& job) const {
  const bool whole = Exists(job.path) && ReadFile(job.path) == sources_[job.source].content;
  if (Exists(job.path) && !whole) return "its file has the final name and is not whole";
  return "";
}

std::string JournalledClient::Repeat() {
  for (JobJournal& job : jobs_) {
    const Unanswered asked = std::exchange(job.unanswered, Unanswered::kNothing);
    if (asked == Unanswered::kNothing || job.end) continue;
    const absl::Status status = asked == Unanswered::kCancel ? owner_->Cancel(job.id).status()
                                                             : owner_->Complete(job.id).status();
    const auto seen = owner_->GetJob(job.id);
    if (!seen.ok()) return seen.status().ToString();
    if (IsFinalState(seen->state())) {
      job.end = seen->state();
      continue;
    }
    if (!IsOfHelper(status)) return absl::StrCat("job ", job.id, ": ", status.ToString());
    job.runs = seen->state() != bits::v1::JOB_STATE_SUSPENDED;
  }
  return "";
}

std::string JournalledClient::Finish() {
  for (JobJournal& job : jobs_) {
    const std::string wrong = FinishJob(job);
    if (!wrong.empty()) return absl::StrCat("job ", job.id, " of ", name_, ": ", wrong);
  }
  // What was created without an answer.
  const auto left = owner_->ListAllJobs(false);
  if (!left.ok()) return left.status().ToString();
  for (const Job& job : *left) {
    const auto cancelled = owner_->Cancel(job.id());
    if (!cancelled.ok()) return cancelled.status().ToString();
  }
  return "";
}

std::set<std::string> JournalledClient::Undeleted() {
  std::set<std::string> paths;
  for (const JobJournal& job : jobs_) {
    const auto seen = owner_->GetJob(job.id);
    if (seen.ok()) paths.insert(seen->undeleted_files().begin(), seen->undeleted_files().end());
  }
  return paths;
}

std::string JournalledClient::FinishJob(JobJournal& job) {
  if (job.end) return "";
  if (!job.has_file || Pick(4) == 0) return std::string(owner_->Cancel(job.id).status().message());
  if (job.flags != 0) SetFlags(job, 0);
  if (const auto resumed = owner_->Resume(job.id); !resumed.ok())
    return resumed.status().ToString();
  Job seen;
  WaitFor([&] {
    if (const auto now = owner_->GetJob(job.id); now.ok()) seen = *now;
    if (seen.state() == bits::v1::JOB_STATE_TRANSIENT_ERROR) owner_->Resume(job.id).IgnoreError();
    return seen.state() == bits::v1::JOB_STATE_TRANSFERRED;
  });
  if (seen.state() != bits::v1::JOB_STATE_TRANSFERRED) return seen.ShortDebugString();
  const auto done = owner_->Complete(job.id);
  if (IsOfHelper(done.status())) return std::string(owner_->Cancel(job.id).status().message());
  if (!done.ok()) return done.status().ToString();
  job.end = done->job().state();
  return Exists(job.path) ? CheckFile(job) : "its file is not there";
}

}  // namespace bitsd::tests
