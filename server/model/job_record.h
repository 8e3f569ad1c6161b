// What a job is, as the store keeps it: immutable snapshots, replaced as a whole by every change.
//
// No token is in here: tokens are never stored. Enum values are those of BITS (bits.h). Thread
// safety: values; share a record as std::shared_ptr<const JobRecord>.

#ifndef BITSD_SERVER_MODEL_JOB_RECORD_H_
#define BITSD_SERVER_MODEL_JOB_RECORD_H_

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "server/base/cow_vector.h"
#include "server/base/heap_optional.h"
#include "server/error/hresult.h"
#include "server/identity/sid.h"
#include "server/model/file_id.h"
#include "server/model/job_id.h"
#include "server/model/network_settings.h"
#include "server/policy/job_facts.h"

namespace bitsd {

/// BG_SIZE_UNKNOWN.
inline constexpr uint64_t kSizeUnknown = std::numeric_limits<uint64_t>::max();

enum class JobType { kDownload = 0, kUpload = 1, kUploadReply = 2 };

enum class JobPriority { kForeground = 0, kHigh = 1, kNormal = 2, kLow = 3 };

enum class ErrorContext {
  kNone = 0,
  kUnknown = 1,
  kGeneralQueueManager = 2,
  kQueueManagerNotification = 3,
  kLocalFile = 4,
  kRemoteFile = 5,
  kGeneralTransport = 6,
  kRemoteApplication = 7,
  kServerCertificateCallback = 8,
};

/// The error of a job in ERROR or TRANSIENT_ERROR.
struct JobError {
  ErrorContext context = ErrorContext::kNone;
  Hresult hresult = Hresult::kOk;
  int http_status = 0;
  std::string message;
  std::string rule;
  std::optional<uint32_t> file_index;
  /// When it is tried again; unset in ERROR.
  std::optional<absl::Time> next_retry;

  friend bool operator==(const JobError&, const JobError&) = default;
};

/// A temporary file that exists, or may exist.
struct TemporaryFile {
  std::string path;
  Sid creator;
  FileId id;

  friend bool operator==(const TemporaryFile&, const TemporaryFile&) = default;
};

/// Which version of a file a source gave. Written and read by the protocol that the source speaks,
/// and by nobody else, but for the labels, which are shown.
struct SourceVersion {
  HeapString tag;               ///< Names the version: of HTTP a strong ETag, as sent. Or empty.
  HeapString date;              ///< When it was changed: of HTTP Last-Modified, as sent. Or empty.
  HeapString content_type;      ///< Without parameters, or empty.
  HeapString content_encoding;  ///< A label of the server's: nothing is decoded. Or empty.
  bool strong_date = false;     ///< No other version has the same date.

  friend bool operator==(const SourceVersion&, const SourceVersion&) = default;
};

/// How far one file is: the part of a file that the transfer changes.
struct FileProgress {
  HeapOptional<TemporaryFile> temporary;  ///< Set once it was created.
  uint64_t size = kSizeUnknown;
  uint64_t synced = 0;  ///< Bytes that are on the disk: never ahead of fdatasync.
  [[no_unique_address]] SourceVersion version;  ///< Of them. What follows shares its padding.
  bool transferred = false;                     ///< Whole and synced.
  bool not_resumable = false;
  uint8_t fruitless = 0;  ///< Ranges in a row that brought nothing. Not stored: counted anew.
  HeapString final_url;   ///< After redirects; for diagnosis.
  uint32_t restarts = 0;  ///< How often it began anew because the source had changed.
  uint32_t doubts = 0;    ///< Attempts in a row that ended with an answer that looked foreign.
  uint64_t replaced_size = kSizeUnknown;  ///< That the file had before it last began anew.

  friend bool operator==(const FileProgress&, const FileProgress&) = default;
};

/// The bytes of a file that is transferred; 0: not known.
inline uint64_t SizeOf(const FileProgress& progress) {
  return progress.size == kSizeUnknown ? 0 : progress.size;
}

struct FileRecord {
  std::string remote_name;
  std::string local_name;
  FileProgress progress;
  bool completed = false;  ///< Renamed to local_name.
  uint32_t not_set = 0;    ///< Bits of FileNotSet.

  friend bool operator==(const FileRecord&, const FileRecord&) = default;
};

using FileRecords = CowVector<FileRecord>;
using FileList = std::shared_ptr<const FileRecords>;

struct JobRecord {
  JobId id;
  JobType type = JobType::kDownload;
  /// kConnecting and kTransferring are never in a record: a running job's record says kQueued.
  JobState state = JobState::kSuspended;
  std::string display_name;
  HeapString description;
  JobPriority priority = JobPriority::kNormal;
  Sid owner;
  bool elevated = false;
  uint32_t token_flags = 0;
  absl::Duration minimum_retry_delay = absl::Seconds(600);
  absl::Duration no_progress_timeout = absl::Seconds(1209600);
  NetworkSettingsPtr network;  ///< Null: as a new job.
  FileList files = std::make_shared<const FileRecords>();
  absl::Time creation;
  absl::Time modification;
  std::optional<absl::Time> transfer_completion;
  HeapOptional<JobError> error;
  uint32_t error_count = 0;
  /// Since when failures have come without progress between them; unset before the first.
  std::optional<absl::Time> no_progress_since;
  /// Complete has begun to put files in place; it may be repeated.
  bool completing = false;
  /// Temporary files left by identities that are no longer at hand.
  std::vector<TemporaryFile> abandoned;
  uint64_t revision = 1;
};

using JobRecordPtr = std::shared_ptr<const JobRecord>;

}  // namespace bitsd

#endif  // BITSD_SERVER_MODEL_JOB_RECORD_H_
