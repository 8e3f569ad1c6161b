#include "server/transfer/files/completion.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/error/errors.h"
#include "server/policy/local_names.h"

namespace bitsd {
namespace {

std::vector<uint32_t> FilesToPublish(const FileRecords& files) {
  std::vector<uint32_t> todo;
  for (uint32_t i = 0; i < files.size(); ++i) {
    if (files[i].progress.transferred && !files[i].completed) todo.push_back(i);
  }
  return todo;
}

/// A finished file belongs to who created it, and nobody else can give it its mode.
absl::Status CreatedByAnother(const TemporaryFile& file) {
  return error::AccessDenied(
      Rule::kCreatedByAnother,
      absl::StrCat("\"", file.path, "\" was created as ", file.creator.ToString(),
                   ", and only that identity can put it in place: let it act again (its token with "
                   "SetHelperToken and LOCAL_FILE with SetHelperTokenFlags; without LOCAL_FILE if "
                   "it is the owner), then call Complete; or call Resume, which starts the file "
                   "again as who acts now"));
}

absl::Status Gone(const FileRecord& file) {
  return error::AccessDenied(
      Rule::kFileReplaced,
      absl::StrCat("\"", file.progress.temporary->path, "\", the temporary file of \"",
                   file.local_name,
                   "\", is gone or is not the file that the job made: Resume starts that file "
                   "again, then call Complete when the job is TRANSFERRED"));
}

}  // namespace

Completion::Completion(FileBroker& broker, AuditLog& audit, std::shared_ptr<Strand> strand,
                       CompletionTask task, ModifiedAt modified_at, Done done)
    : strand_(std::move(strand)),
      task_(std::move(task)),
      files_(broker, audit, task_.job, task_.owner),
      modified_at_(std::move(modified_at)),
      done_(std::move(done)) {}

void Completion::Start() {
  strand_->Post([self = shared_from_this()] { self->Run(); });
}

void Completion::Stop(std::function<void()> stopped) {
  stopping_ = true;
  strand_->Post([self = shared_from_this(), stopped = std::move(stopped)] { stopped(); });
}

void Completion::Run() {
  std::vector<PlacedFile> published;
  absl::Status status = PublishAll(published);
  // Also after an error, and when it is stopped: what is reported as in place must be durable.
  absl::Status synced = SyncDirectories(published);
  if (status.ok()) status = std::move(synced);
  done_(std::move(published), std::move(status));
}

absl::Status Completion::PublishAll(std::vector<PlacedFile>& published) {
  const std::vector<uint32_t> todo = FilesToPublish(*task_.files);
  for (size_t next = 0; next < todo.size();) {
    if (stopping_) return absl::CancelledError("stopped before the last file");
    const size_t before = published.size();
    absl::Status status = PublishTogether(std::span(todo).subspan(next), published);
    if (!status.ok()) return status;
    next += published.size() - before;
  }
  return absl::OkStatus();
}

/// The first of `todo` and those after it in the same directory, in one message.
absl::Status Completion::PublishTogether(std::span<const uint32_t> todo,
                                         std::vector<PlacedFile>& published) {
  const FileRecords& files = *task_.files;
  const std::string directory = policy::DirectoryOf(files[todo.front()].local_name);
  std::vector<Publication> together;
  for (const uint32_t index : todo.first(std::min(todo.size(), FileBroker::kMaxTogether))) {
    const FileRecord& file = files[index];
    if (policy::DirectoryOf(file.local_name) != directory) break;
    absl::Status lent = policy::CheckLoanedFile(task_.loan, file.local_name);
    if (!lent.ok() && together.empty()) return lent;
    if (!lent.ok()) break;
    const FileProgress& progress = file.progress;
    if (!progress.temporary) return error::InvalidState("a transferred file has no temporary file");
    together.push_back({progress.temporary->path, progress.temporary->id, file.local_name,
                        modified_at_(file), SizeOf(progress)});
  }
  std::vector<uint32_t> in_place;
  absl::Status status = files_.Publish(task_.local, together, &in_place);
  const size_t count = in_place.size();
  for (size_t i = 0; i < count; ++i) published.emplace_back(todo[i], in_place[i]);
  const std::string rule = DetailOf(status).rule;
  if (rule == RuleName(Rule::kFileReplaced)) return Gone(files[todo[count]]);
  if (rule != RuleName(Rule::kNotPermitted)) return status;
  const TemporaryFile& refused = *files[todo[count]].progress.temporary;
  return refused.creator == task_.local.sid ? status : CreatedByAnother(refused);
}

absl::Status Completion::SyncDirectories(std::vector<PlacedFile>& published) {
  std::map<std::string, absl::Status> synced;
  absl::Status first;
  const auto in_vain = [&](const PlacedFile& file) {
    const std::string directory = policy::DirectoryOf((*task_.files)[file.index].local_name);
    const auto [entry, is_new] = synced.try_emplace(directory);
    if (is_new) entry->second = files_.SyncDirectory(task_.local, directory);
    first.Update(entry->second);
    return !entry->second.ok();
  };
  std::erase_if(published, in_vain);
  return first;
}

}  // namespace bitsd
