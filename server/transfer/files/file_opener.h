// Opens the temporary files that were planned: makes new ones, or opens those that are recorded.
//
// Thread safety: the file strand only; every call blocks. Ownership: task and files must outlive
// it.

#ifndef BITSD_SERVER_TRANSFER_FILES_FILE_OPENER_H_
#define BITSD_SERVER_TRANSFER_FILES_FILE_OPENER_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "server/model/transfer_service.h"
#include "server/transfer/common/job_files.h"
#include "server/transfer/files/open_files.h"

namespace bitsd {

/// A file to open next. The id of its temporary file is not known before it is created.
struct PlannedFile {
  uint32_t index = 0;
  TemporaryFile temporary;
  std::optional<TemporaryFile> abandoned;  ///< What it takes the place of.
  bool old = false;       ///< Of an earlier attempt: if it is not ours any more, a new one is made.
  bool recorded = false;  ///< The store has the name.
};

class FileOpener {
 public:
  FileOpener(const DownloadTask& task, const JobFiles& files) : task_(task), files_(files) {}

  /// Opens file number `first` of `batch`, and with it others that follow and can be created
  /// together. What is opened is appended to `opened`; the error is of the next file.
  absl::Status Open(const std::vector<PlannedFile>& batch, size_t first,
                    std::vector<OpenFilePtr>* opened) const;

  /// OK when a new file may take the place of the recorded one, which is lost to us. Where no file
  /// can be created either, nothing is given up: what there is counts again once the folder is
  /// open.
  absl::Status GiveUp(const PlannedFile& planned) const;

  /// True: it is gone, and need not be remembered.
  bool Remove(const TemporaryFile& file) const;

 private:
  absl::Status Reopen(const PlannedFile& planned, std::vector<OpenFilePtr>* opened) const;
  absl::Status Create(const std::vector<PlannedFile>& batch, size_t first,
                      std::vector<OpenFilePtr>* opened) const;
  absl::Status Gather(const std::vector<PlannedFile>& batch, size_t first,
                      std::vector<std::string>* paths) const;
  absl::Status CheckDestinations(const std::vector<PlannedFile>& batch, size_t first,
                                 std::vector<std::string>* paths) const;

  const DownloadTask& task_;
  const JobFiles& files_;
};

}  // namespace bitsd

#endif  // BITSD_SERVER_TRANSFER_FILES_FILE_OPENER_H_
