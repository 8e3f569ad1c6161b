// What the job layer asks of the transfer layer: work on a job's files that takes time.
//
// An interface, so that the job layer links neither curl nor the broker; server/transfer implements
// it. Thread safety: every method may be called from any thread and none blocks. Callbacks run on
// threads of the transfer layer, never inside the call that started the work, and must not block.
// Ownership: an Activity belongs to the caller; destroying one that has not ended is an error: stop
// it first.

#ifndef BITSD_SERVER_MODEL_TRANSFER_SERVICE_H_
#define BITSD_SERVER_MODEL_TRANSFER_SERVICE_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "server/identity/access_token.h"
#include "server/identity/network_identity.h"
#include "server/model/job_record.h"
#include "server/model/network_settings.h"
#include "server/policy/token_scope.h"

namespace bitsd {

/// Work that is going on.
class Activity {
 public:
  virtual ~Activity() = default;

  /// Ends the work soon: who acts is looked at again before each file and folder. `stopped` runs
  /// once, when nothing is or will be opened, read, written or sent for it any more and no callback
  /// of it runs or will run. Also right for work that has
  /// ended by itself. Call it at most once.
  virtual void Stop(std::function<void()> stopped) = 0;
};

/// How far a running download is, for readers that must not wait. Bytes are those written to the
/// current file, whose index is `file`; files before it are done.
struct LiveProgress {
  std::atomic<uint32_t> file{0};
  std::atomic<uint64_t> bytes{0};
  std::atomic<uint64_t> size{kSizeUnknown};
};

/// Why a download ended without all its files.
struct TransferFailure {
  JobError error;         ///< next_retry is not set here: the job layer decides when.
  bool transient = true;  ///< Worth trying again.
  /// The server wants to be left alone for so long; at most policy::kMaxRetryAfter.
  std::optional<absl::Duration> retry_after = std::nullopt;
};

/// File `index` has new progress: a temporary file will be created under the name in it (its id is
/// not known yet) or was created, the size is known, more is synced, or the file is whole.
/// `abandoned` is a temporary file that was given up for a new one.
struct FileNews {
  uint32_t index = 0;
  FileProgress progress;
  std::optional<TemporaryFile> abandoned;
};

/// What the job layer is told of a download, in order, one call at a time.
class DownloadEvents {
 public:
  virtual ~DownloadEvents() = default;
  /// The job enters CONNECTING (false) or TRANSFERRING (true).
  virtual void OnPhase(bool transferring) = 0;
  /// News of files, recorded together. `recorded`, which may be null, gets whether the store has
  /// them: on any thread, also before this returns; never when the job is gone. It must not block.
  virtual void OnFiles(std::vector<FileNews> news, std::function<void(bool)> recorded) = 0;
  void OnFile(uint32_t index, FileProgress progress, std::optional<TemporaryFile> abandoned) {
    OnFiles({{index, std::move(progress), std::move(abandoned)}}, nullptr);
  }
  /// Every file is transferred. The last call.
  virtual void OnDone() = 0;
  /// The last call, in place of OnDone.
  virtual void OnFailed(TransferFailure failure) = 0;
};

/// How the network context of a helper ends.
inline constexpr char kHelperNetworkContext[] = "/helper";

/// What a download uses where it goes by HTTP.
struct HttpTask {
  NetworkSettingsPtr settings;          ///< Null: a job without any.
  std::optional<ActingIdentity> owner;  ///< Opens the client certificate; unset: nobody can.
};

/// How a download shows itself on the network.
struct NetworkTask {
  /// Whose connections are used: no connection is ever shared between two of these. Ends with
  /// kHelperNetworkContext when the helper is on the network side.
  std::string context;
  /// Answers with implicit credentials; null: it has none.
  NetworkIdentityPtr identity;
  HttpTask http;
};

struct DownloadTask {
  JobId job;
  Sid owner;
  FileList files;
  ActingIdentity local;  ///< Opens the local files.
  NetworkTask network;
  std::shared_ptr<LiveProgress> progress;
  policy::LoanLimits loan;  ///< Of the helper token that is used in it.
};

/// Puts the transferred files of a job in place.
struct CompletionTask {
  JobId job;
  Sid owner;
  FileList files;
  ActingIdentity local;
  policy::LoanLimits loan;
};

/// File `index` is in place.
struct PlacedFile {
  uint32_t index = 0;
  uint32_t not_set = 0;  ///< Bits of FileNotSet.

  PlacedFile() = default;
  /// Everything of it was set.
  PlacedFile(uint32_t file) : index(file) {}  // NOLINT(google-explicit-constructor)
  PlacedFile(uint32_t file, uint32_t bits) : index(file), not_set(bits) {}

  friend bool operator==(const PlacedFile&, const PlacedFile&) = default;
};

/// Looks whether transferred files can still be put in place.
struct LookTask {
  JobId job;
  Sid owner;
  FileList files;
  ActingIdentity local;
  policy::LoanLimits loan;
};

/// Looks whether files can be created in folders, and put in place there.
struct CheckTask {
  JobId job;
  Sid owner;
  ActingIdentity local;
  std::vector<std::string> directories;
  std::vector<std::string> destinations = {};  ///< Paths, each in one of `directories`.
};

/// Removes temporary files: each as the identity whose SID is its creator's, else as the last.
struct CleanupTask {
  JobId job;
  Sid owner;
  std::vector<TemporaryFile> files;
  std::vector<ActingIdentity>
      identities;  ///< In order of preference; the owner last. May be empty.
};

class TransferService {
 public:
  virtual ~TransferService() = default;

  /// Downloads the files that are not transferred yet, one after the other. `events` is kept until
  /// the activity has ended.
  virtual std::unique_ptr<Activity> StartDownload(DownloadTask task,
                                                  std::shared_ptr<DownloadEvents> events) = 0;

  /// Publishes the files that are transferred and not completed, one after the other, and syncs
  /// their directories. `done` gets the files that are in place and OK, or the first
  /// error, after which nothing more was published; kCancelled when it was stopped before the last.
  /// It runs in any case, before `stopped` of a Stop.
  virtual std::unique_ptr<Activity> StartCompletion(
      CompletionTask task, std::function<void(std::vector<PlacedFile>, absl::Status)> done) = 0;

  /// `done` gets the files that could not be removed, and those that were not tried, as it was
  /// stopped. It runs in any case, before `stopped` of a Stop.
  using CleanupDone =
      std::function<void(std::vector<TemporaryFile> left, std::vector<TemporaryFile> untried)>;
  virtual std::unique_ptr<Activity> StartCleanup(CleanupTask task, CleanupDone done) = 0;

  /// `done` gets OK when files could be created in every folder, else the first error. Not once it
  /// was stopped.
  virtual std::unique_ptr<Activity> StartCheck(CheckTask task,
                                               std::function<void(absl::Status)> done) = 0;

  /// `done` gets the indexes of the files that are transferred and not completed, and that are gone
  /// or not for `task.local` to put in place, although a new file could be made there. A file that
  /// is in place already is not among them. Not once it was stopped.
  virtual std::unique_ptr<Activity> StartLook(LookTask task,
                                              std::function<void(std::vector<uint32_t>)> done) = 0;
};

}  // namespace bitsd

#endif  // BITSD_SERVER_MODEL_TRANSFER_SERVICE_H_
