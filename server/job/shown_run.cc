#include "server/job/shown_run.h"

namespace bitsd {

ProgressSample ShownRun::Sample(const FileRecords& files) const {
  if (progress_ == nullptr) return {};
  ProgressSample sample{progress_->file.load(), progress_->bytes.load(), true};
  if (sample.file < files.size()) {
    sample.resumable = sample.bytes == 0 || !files[sample.file].progress.not_resumable;
  }
  return sample;
}

}  // namespace bitsd
