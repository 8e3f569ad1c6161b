#include "server/transfer/files/file_opener.h"

#include <sys/stat.h>

#include <memory>
#include <utility>

#include "server/policy/local_names.h"

namespace bitsd {
namespace {

void AddOpen(OpenFilePtr file, std::vector<OpenFilePtr>* opened) {
  file->last_sync = std::chrono::steady_clock::now();
  struct stat info {};
  if (fstat(file->fd.get(), &info) == 0) file->device = info.st_dev;
  opened->push_back(std::move(file));
}

}  // namespace

absl::Status FileOpener::Open(const std::vector<PlannedFile>& batch, size_t first,
                              std::vector<OpenFilePtr>* opened) const {
  const bool exists = batch[first].temporary.id.known();
  return exists ? Reopen(batch[first], opened) : Create(batch, first, opened);
}

absl::Status FileOpener::Reopen(const PlannedFile& planned,
                                std::vector<OpenFilePtr>* opened) const {
  const FileRecord& record = (*task_.files)[planned.index];
  auto fd = files_.Reopen(task_.local, planned.temporary);
  if (!fd.ok()) return fd.status();
  auto file = std::make_shared<OpenFile>();
  file->index = planned.index;
  file->fd = *std::move(fd);
  file->progress = record.progress;
  struct stat info {};
  // A file that is shorter than the record was cut by a restart that the record does not know of.
  if (fstat(file->fd.get(), &info) != 0 ||
      static_cast<uint64_t>(info.st_size) < record.progress.synced) {
    file->progress.synced = 0;
  }
  file->GoOnFrom(file->progress.synced);
  AddOpen(std::move(file), opened);
  return absl::OkStatus();
}

absl::Status FileOpener::GiveUp(const PlannedFile& planned) const {
  return files_.CheckDirectory(task_.local, policy::DirectoryOf(planned.temporary.path));
}

bool FileOpener::Remove(const TemporaryFile& file) const {
  return files_.Remove(task_.local, file).ok();
}

/// Creates the files from number `first` on that share its directory.
absl::Status FileOpener::Create(const std::vector<PlannedFile>& batch, size_t first,
                                std::vector<OpenFilePtr>* opened) const {
  std::vector<std::string> paths;
  absl::Status status = Gather(batch, first, &paths);
  if (status.ok()) status = CheckDestinations(batch, first, &paths);
  if (!status.ok()) return status;
  std::vector<OpenTemporary> created;
  status = files_.Create(task_.local, paths, &created);
  for (size_t i = 0; i < created.size(); ++i) {
    auto file = std::make_shared<OpenFile>();
    file->index = batch[first + i].index;
    file->fd = std::move(created[i].fd);
    file->is_new = true;
    file->progress.temporary = TemporaryFile{paths[i], task_.local.sid, created[i].id};
    AddOpen(std::move(file), opened);
  }
  return status;
}

/// Those that are created together. An error: the first cannot be made anew.
absl::Status FileOpener::Gather(const std::vector<PlannedFile>& batch, size_t first,
                                std::vector<std::string>* paths) const {
  const std::string directory = policy::DirectoryOf(batch[first].temporary.path);
  for (size_t i = first; i < batch.size() && paths->size() < FileBroker::kMaxTogether; ++i) {
    const TemporaryFile& temporary = batch[i].temporary;
    if (temporary.id.known() || policy::DirectoryOf(temporary.path) != directory) break;
    // It may have been created before bitsd was ended.
    absl::Status gone = batch[i].old ? files_.Remove(task_.local, temporary) : absl::OkStatus();
    if (!gone.ok() && i == first) return gone;
    if (!gone.ok()) break;
    paths->push_back(temporary.path);
  }
  return absl::OkStatus();
}

/// What AddFileSet could not look at, as nobody was there to do it: before all is downloaded in
/// vain. Leaves the first of `paths` where not all can be put in place.
absl::Status FileOpener::CheckDestinations(const std::vector<PlannedFile>& batch, size_t first,
                                           std::vector<std::string>* paths) const {
  if (!task_.local.is_helper) return absl::OkStatus();
  std::vector<std::string> destinations;
  for (size_t i = 0; i < paths->size(); ++i) {
    destinations.push_back((*task_.files)[batch[first + i].index].local_name);
  }
  absl::Status status = files_.CheckDestinations(task_.local, destinations);
  if (status.ok() || paths->size() == 1) return status;
  paths->resize(1);
  destinations.resize(1);
  return files_.CheckDestinations(task_.local, destinations);
}

}  // namespace bitsd
