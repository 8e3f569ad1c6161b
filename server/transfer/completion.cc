#include "server/transfer/completion.h"

#include <map>
#include <string>
#include <utility>

#include "server/error/errors.h"
#include "server/policy/local_names.h"
#include "server/transfer/http_response.h"

namespace bitsd {

Completion::Completion(FileBroker& broker, AuditLog& audit, std::shared_ptr<Strand> strand,
                       CompletionTask task, Done done)
    : strand_(std::move(strand)),
      task_(std::move(task)),
      files_(broker, audit, task_.job, task_.owner),
      done_(std::move(done)) {}

void Completion::Start() {
  strand_->Post([self = shared_from_this()] { self->Run(); });
}

void Completion::Stop(std::function<void()> stopped) {
  stopping_ = true;
  strand_->Post([self = shared_from_this(), stopped = std::move(stopped)] { stopped(); });
}

void Completion::Run() {
  std::vector<uint32_t> published;
  absl::Status status = PublishAll(published);
  // Also after an error: what is reported as in place must be durable.
  absl::Status synced = SyncDirectories(published);
  if (stopping_) return;
  if (status.ok()) status = std::move(synced);
  done_(std::move(published), std::move(status));
}

absl::Status Completion::PublishAll(std::vector<uint32_t>& published) {
  const FileRecords& files = *task_.files;
  for (uint32_t i = 0; i < files.size() && !stopping_; ++i) {
    if (!files[i].progress.transferred || files[i].completed) continue;
    absl::Status status = Publish(files[i]);
    if (!status.ok()) return status;
    published.push_back(i);
  }
  return absl::OkStatus();
}

absl::Status Completion::Publish(const FileRecord& file) {
  const FileProgress& progress = file.progress;
  absl::Status lent = policy::CheckLoanedFile(task_.loan, file.local_name);
  if (!lent.ok()) return lent;
  if (!progress.temporary) return error::InvalidState("a transferred file has no temporary file");
  const auto mtime = ParseHttpTime(progress.last_modified);
  return files_.Publish(task_.local, *progress.temporary, file.local_name,
                        mtime.value_or(absl::InfinitePast()));
}

absl::Status Completion::SyncDirectories(std::vector<uint32_t>& published) {
  std::map<std::string, absl::Status> synced;
  absl::Status first;
  const auto in_vain = [&](uint32_t index) {
    if (stopping_) return false;
    const std::string directory = policy::DirectoryOf((*task_.files)[index].local_name);
    const auto [entry, is_new] = synced.try_emplace(directory);
    if (is_new) entry->second = files_.SyncDirectory(task_.local, directory);
    first.Update(entry->second);
    return !entry->second.ok();
  };
  std::erase_if(published, in_vain);
  return first;
}

}  // namespace bitsd
