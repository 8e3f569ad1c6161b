// The temporary files of a download that are open.
//
// Thread safety: the file strand only, but for `fd`, which the sync strand uses too. Ownership: a
// file is shared by the table and what is done with it.

#ifndef BITSD_SERVER_TRANSFER_FILES_OPEN_FILES_H_
#define BITSD_SERVER_TRANSFER_FILES_OPEN_FILES_H_

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>

#include "server/base/unique_fd.h"
#include "server/model/job_record.h"

namespace bitsd {

struct OpenFile {
  uint32_t index = 0;
  UniqueFd fd;
  uint64_t device = 0;  ///< As it is now: the recorded one may be of an earlier start.
  bool is_new = false;  ///< Created by us, and nothing was written.
  FileProgress progress;
  uint64_t written = 0;
  uint64_t hinted = 0;      ///< Writing to the disk was begun up to here.
  uint64_t sync_begun = 0;  ///< A sync covers up to here.
  std::chrono::steady_clock::time_point last_sync;
  bool syncing = false;
  bool sync_failed = false;  ///< What is on the disk is not known any more.

  /// So much is in the file, and nothing behind it.
  void GoOnFrom(uint64_t offset) { written = hinted = sync_begun = offset; }
  /// A file up to this size is synced together with others, and more of them are made ready.
  bool IsSmall() const { return written <= uint64_t{1} << 20; }
};
using OpenFilePtr = std::shared_ptr<OpenFile>;

class OpenFiles {
 public:
  using Files = std::map<uint32_t, OpenFilePtr>;

  void Add(const OpenFilePtr& file) { written_.emplace(file->index, file); }
  void BecomesWhole(const OpenFilePtr& file) {
    written_.erase(file->index);
    unsynced_.emplace(file->index, file);
  }
  /// It is whole, and its sync has ended.
  void Drop(const OpenFile& file) { unsynced_.erase(file.index); }
  /// Nothing more is written.
  void Close() { written_.clear(); }

  /// Not yet whole.
  const Files& written() const { return written_; }
  /// Whole, and waiting for their sync.
  const Files& unsynced() const { return unsynced_; }
  bool empty() const { return written_.empty() && unsynced_.empty(); }

 private:
  Files written_;
  Files unsynced_;
};

}  // namespace bitsd

#endif  // BITSD_SERVER_TRANSFER_FILES_OPEN_FILES_H_
