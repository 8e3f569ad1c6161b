#include "server/job/service/view_of.h"

#include <utility>

namespace bitsd {
namespace {

uint64_t BytesDone(const FileRecord& file) {
  const FileProgress& progress = file.progress;
  return progress.transferred && progress.size != kSizeUnknown ? progress.size : progress.synced;
}

}  // namespace

JobRecordPtr WithoutSecrets(JobRecordPtr record) {
  if (record->network == nullptr) return record;
  auto shown = std::make_shared<JobRecord>(*record);
  shown->network = WithoutSecrets(record->network);
  return shown;
}

JobView ViewOf(JobRecordPtr record) {
  const FileList files = record->files;
  return ViewOf(std::move(record), *files, nullptr);
}

JobView ViewOf(JobRecordPtr record, const FileRecords& files, const LiveProgress* live) {
  JobView view;
  view.revision = record->revision;
  view.record = WithoutSecrets(std::move(record));
  view.state = view.record->state;
  const size_t count = view.record->files->size();
  uint32_t index = 0;
  for (const FileRecord& file : files) {
    if (index == count) break;  // It is not added yet.
    const FileView shown = ViewOf(index++, file, live);
    view.bytes_transferred += shown.bytes_transferred;
    view.files_transferred += file.progress.transferred ? 1 : 0;
    const bool known = view.bytes_total != kSizeUnknown && shown.bytes_total != kSizeUnknown;
    view.bytes_total = known ? view.bytes_total + shown.bytes_total : kSizeUnknown;
  }
  return view;
}

FileView ViewOf(uint32_t index, const FileRecord& file, const LiveProgress* live) {
  FileView view{index, file, file.progress.size, BytesDone(file)};
  if (live == nullptr || file.progress.transferred || live->file.load() != index) return view;
  view.bytes_transferred = live->bytes.load();
  if (const uint64_t size = live->size.load(); size != kSizeUnknown) view.bytes_total = size;
  return view;
}

std::vector<CredentialView> ViewOf(const NetworkSettings& settings, bool stored) {
  std::vector<CredentialView> views;
  for (const JobCredential& credential : settings.credentials) {
    const bool implicit = credential.is_implicit();
    const auto storage =
        implicit || stored ? CredentialStorage::kStored : CredentialStorage::kMemoryOnly;
    views.push_back({credential.target, credential.scheme, implicit, storage});
  }
  for (const LostCredential& lost : settings.lost) {
    views.push_back({lost.target, lost.scheme, false, CredentialStorage::kLost});
  }
  return views;
}

WaitingFor WhyStill(const JobRecord& record, const Obstacles& obstacles) {
  if (record.state == JobState::kTransientError) {
    const bool tickets = record.error->hresult == Hresult::kTokenRequired;
    return tickets ? WaitingFor::kToken : WaitingFor::kRetryTimer;
  }
  if (record.state == JobState::kError && record.error->hresult == Hresult::kTokenRequired) {
    return WaitingFor::kToken;
  }
  if (obstacles.store) return WaitingFor::kStore;
  if (record.state != JobState::kQueued) return WaitingFor::kNothing;
  if (obstacles.account) return WaitingFor::kAccount;
  if (obstacles.logon) return WaitingFor::kLogon;
  return obstacles.slot ? WaitingFor::kSlot : WaitingFor::kNothing;
}

}  // namespace bitsd
