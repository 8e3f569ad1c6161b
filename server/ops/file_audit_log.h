// The audit log in a file: one JSON object a line, beginning with its time and event.
//
// Write queues a line and returns; a thread of the log writes. The queue is bounded: when the disk
// cannot keep up or is full, lines are dropped, counted, and the next line that gets through says
// how many ("audit_dropped"). A line torn by a full disk is ended before the next one begins.
//
// When the file was renamed or removed, the next lines go to a new file of its name: rotating needs
// no signal. A new file that cannot be opened leaves the old one in use.
//
// Thread safety: any thread. Ownership: the log owns its file and its thread; destroying it writes
// what is queued. The clock must outlive it.

#ifndef BITSD_SERVER_OPS_FILE_AUDIT_LOG_H_
#define BITSD_SERVER_OPS_FILE_AUDIT_LOG_H_

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "absl/status/statusor.h"
#include "server/base/clock.h"
#include "server/base/unique_fd.h"
#include "server/ops/audit.h"

namespace bitsd {

class FileAuditLog : public AuditLog {
 public:
  static constexpr size_t kDefaultQueueBytes = size_t{16} << 20;

  /// Appends to the regular file `path`, made with mode 0640 when it is not there.
  static absl::StatusOr<std::unique_ptr<FileAuditLog>> Open(
      const std::string& path, const Clock& clock, size_t max_queue_bytes = kDefaultQueueBytes);

  ~FileAuditLog() override;
  FileAuditLog(const FileAuditLog&) = delete;
  FileAuditLog& operator=(const FileAuditLog&) = delete;

  void Write(AuditEvent event) override;

  /// Looks for a rotated file now, also when there is nothing to write.
  void Reopen();

  /// Lines lost since the log was opened.
  uint64_t dropped() const;

 private:
  FileAuditLog(const std::string& path, UniqueFd file, const Clock& clock, size_t max_queue_bytes);

  void Run();
  /// The line that tells of dropped ones; empty when there are none.
  std::string NoticeOf(uint64_t dropped) const;
  /// Opens the file anew if its name does not lead to it any more.
  void FollowName();
  /// Returns how many lines were lost.
  uint64_t WriteLines(const std::string& lines);

  const std::string path_;
  UniqueFd file_;  ///< After the start only the thread uses it, as torn_ and complained_.
  const Clock& clock_;
  const size_t max_queue_bytes_;
  bool torn_ = false;        ///< The file ends in the middle of a line.
  bool complained_ = false;  ///< That a new file cannot be opened.

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::string queue_;  ///< Whole lines.
  bool closing_ = false;
  bool look_ = false;  ///< Reopen was called.
  uint64_t dropped_ = 0;
  uint64_t unreported_ = 0;  ///< Of `dropped_`, what no line has told yet.
  std::thread thread_;
};

}  // namespace bitsd

#endif  // BITSD_SERVER_OPS_FILE_AUDIT_LOG_H_
