// What a job's work says to the audit log, and its way to the file broker: no opening goes unsaid.
//
// Thread safety: any thread; calls that reach the broker block. URLs are logged without their
// query, which may carry secrets. Ownership: broker and log must outlive it.

#ifndef BITSD_SERVER_TRANSFER_JOB_AUDIT_H_
#define BITSD_SERVER_TRANSFER_JOB_AUDIT_H_

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

/// `url` without query and fragment.
std::string WithoutQuery(std::string_view url);

/// The same, and no longer than a remote name may be: what is kept and shown of where redirects
/// led.
std::string ShownUrl(std::string_view url);

/// What a request was, besides its job.
struct SentRequest {
  std::string_view url;
  std::string_view address;
  std::string_view network_context;
  std::string_view proxy;        ///< Empty: none.
  std::string_view credentials;  ///< What was shown to whom; empty: nothing.
};

/// request_sent.
void AuditRequest(AuditLog& audit, const JobId& job, const Sid& owner, const SentRequest& request);

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
  /// As FileBroker::PublishFiles.
  absl::Status Publish(const ActingIdentity& who, const std::vector<Publication>& files,
                       std::vector<uint32_t>* published) const;
  absl::Status Remove(const ActingIdentity& who, const TemporaryFile& file) const;
  absl::StatusOr<UniqueFd> OpenPem(const ActingIdentity& who, const std::string& path) const;
  absl::Status SyncDirectory(const ActingIdentity& who, const std::string& directory) const;

 private:
  absl::Status CheckFolder(const ActingIdentity& who, const std::string& directory,
                           const std::vector<std::string>& names,
                           const std::function<bool()>& goes_on) const;
  void Write(std::string_view event, const ActingIdentity& who, const std::string& path,
             const absl::Status& status, size_t count = 1) const;

  FileBroker& broker_;
  AuditLog& audit_;
  const JobId job_;
  const Sid owner_;
};

}  // namespace bitsd

#endif  // BITSD_SERVER_TRANSFER_JOB_AUDIT_H_
