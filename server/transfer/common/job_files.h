// The way of a job's work to the file broker: each opening is in the audit log.
//
// Thread safety: any thread; every call blocks. Ownership: broker and log must outlive it.

#ifndef BITSD_SERVER_TRANSFER_COMMON_JOB_FILES_H_
#define BITSD_SERVER_TRANSFER_COMMON_JOB_FILES_H_

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/broker/file_broker.h"
#include "server/identity/access_token.h"
#include "server/identity/sid.h"
#include "server/model/job_id.h"
#include "server/model/job_record.h"
#include "server/model/transfer_service.h"
#include "server/ops/audit.h"

namespace bitsd {

/// The files of one job.
class JobFiles {
 public:
  JobFiles(FileBroker& broker, AuditLog& audit, JobId job, Sid owner)
      : broker_(broker), audit_(audit), job_(job), owner_(owner) {}

  absl::Status CheckDirectory(const ActingIdentity& who, const std::string& directory) const;
  /// Each of them while it `goes_on`, up to the first that fails; one event for all.
  absl::Status CheckDirectories(const CheckTask& task, const std::function<bool()>& goes_on) const;
  /// May these paths in one directory, at most FileBroker::kMaxTogether, be put in place?
  absl::Status CheckDestinations(const ActingIdentity& who,
                                 const std::vector<std::string>& paths) const;
  /// As FileBroker::CreateTemporaries.
  absl::Status Create(const ActingIdentity& who, const std::vector<std::string>& paths,
                      std::vector<OpenTemporary>* created) const;
  absl::StatusOr<UniqueFd> Reopen(const ActingIdentity& who, const TemporaryFile& file) const;
  /// As FileBroker::CheckDirectory and CheckTemporary, for many: Note writes one event for them.
  absl::Status LookAtDirectory(const ActingIdentity& who, const std::string& directory) const {
    return broker_.CheckDirectory(who, directory);
  }
  absl::Status LookAtTemporary(const ActingIdentity& who, const TemporaryFile& file,
                               const std::string& destination, uint64_t size) const {
    return broker_.CheckTemporary(who, file.path, file.id, destination, size);
  }
  /// So many of these with one result, the last of them at `path`.
  void Note(std::string_view event, const ActingIdentity& who, const std::string& path,
            const absl::Status& status, size_t count) const;
  /// As FileBroker::PublishFiles.
  absl::Status Publish(const ActingIdentity& who, const std::vector<Publication>& files,
                       std::vector<uint32_t>* published) const;
  absl::Status Remove(const ActingIdentity& who, const TemporaryFile& file) const;
  absl::StatusOr<UniqueFd> OpenPem(const ActingIdentity& who, const std::string& path) const;
  absl::StatusOr<OpenedSource> OpenSource(const ActingIdentity& who, const std::string& path) const;
  absl::Status SyncDirectory(const ActingIdentity& who, const std::string& directory) const;

 private:
  absl::Status CheckFolder(const ActingIdentity& who, const std::string& directory,
                           const std::vector<std::string>& names,
                           const std::function<bool()>& goes_on) const;
  void Write(std::string_view event, const ActingIdentity& who, const std::string& path,
             const absl::Status& status) const {
    Note(event, who, path, status, 1);
  }

  FileBroker& broker_;
  AuditLog& audit_;
  const JobId job_;
  const Sid owner_;
};

}  // namespace bitsd

#endif  // BITSD_SERVER_TRANSFER_COMMON_JOB_FILES_H_
