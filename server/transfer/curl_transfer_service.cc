#include "server/transfer/curl_transfer_service.h"

#include <utility>

#include "server/error/errors.h"
#include "server/transfer/download.h"
#include "server/transfer/files/cleanup.h"
#include "server/transfer/files/completion.h"
#include "server/transfer/files/errand.h"
#include "server/transfer/files/look.h"
#include "server/transfer/job_audit.h"

namespace bitsd {
namespace {

/// Checks of directories that one identity may have waiting.
constexpr size_t kMaxChecks = 64;

class DownloadActivity : public Activity {
 public:
  DownloadActivity(HttpEngine& engine, std::shared_ptr<Download> download)
      : engine_(engine), download_(std::move(download)) {}
  ~DownloadActivity() override {
    // Its easy handle is let go where it was used.
    engine_.Post([download = std::move(download_)] { download->Halt(); });
  }
  DownloadActivity(const DownloadActivity&) = delete;
  DownloadActivity& operator=(const DownloadActivity&) = delete;

  void Stop(std::function<void()> stopped) override { download_->Stop(std::move(stopped)); }

 private:
  HttpEngine& engine_;
  std::shared_ptr<Download> download_;
};

class CompletionActivity : public Activity {
 public:
  explicit CompletionActivity(std::shared_ptr<Completion> completion)
      : completion_(std::move(completion)) {}

  void Stop(std::function<void()> stopped) override { completion_->Stop(std::move(stopped)); }

 private:
  const std::shared_ptr<Completion> completion_;
};

}  // namespace

CurlTransferService::CurlTransferService(FileBroker& broker, AuditLog& audit,
                                         TransferOptions options)
    : broker_(broker),
      audit_(audit),
      options_(std::make_shared<const TransferOptions>(std::move(options))),
      chunks_(std::make_shared<ChunkPool>()),
      checks_(disks_, kMaxChecks),
      syncs_(disks_),
      disks_(options_->disk_threads),
      engine_(options_->idle_connections) {}

void CurlTransferService::Reconfigure(TransferOptions options) {
  std::shared_ptr<const TransferOptions> last;  // Goes after the lock.
  const std::lock_guard lock(options_mutex_);
  options.generation = options_->generation + 1;
  last = std::exchange(options_, std::make_shared<const TransferOptions>(std::move(options)));
}

std::shared_ptr<const TransferOptions> CurlTransferService::CurrentOptions() const {
  const std::lock_guard lock(options_mutex_);
  return options_;
}

std::unique_ptr<Activity> CurlTransferService::StartDownload(
    DownloadTask task, std::shared_ptr<DownloadEvents> events) {
  const std::shared_ptr<const TransferOptions> options = CurrentOptions();
  const TransferContext context{broker_, audit_,  *options, disks_,
                                syncs_,  engine_, chunks_,  options};
  auto download = std::make_shared<Download>(context, std::move(task), std::move(events));
  download->Start();
  return std::make_unique<DownloadActivity>(engine_, std::move(download));
}

std::unique_ptr<Activity> CurlTransferService::StartCompletion(
    CompletionTask task, std::function<void(std::vector<PlacedFile>, absl::Status)> done) {
  auto completion = std::make_shared<Completion>(
      broker_, audit_, disks_.NewStrand(task.owner.ToString()), std::move(task), std::move(done));
  completion->Start();
  return std::make_unique<CompletionActivity>(std::move(completion));
}

std::unique_ptr<Activity> CurlTransferService::StartCleanup(CleanupTask task, CleanupDone done) {
  const auto strand = disks_.NewStrand(task.owner.ToString());
  auto errand = std::make_shared<Errand>(
      [this, task = std::move(task), done = std::move(done)](const Errand::GoesOn& goes_on) {
        CleanupEnd end = RemoveTemporaries(broker_, audit_, task, goes_on);
        done(std::move(end.left), std::move(end.untried));
      });
  strand->Post([errand] { errand->Run(); });
  return std::make_unique<ErrandActivity>(std::move(errand));
}

std::unique_ptr<Activity> CurlTransferService::StartCheck(CheckTask task,
                                                          std::function<void(absl::Status)> done) {
  const Sid identity = task.local.sid;
  auto errand =
      std::make_shared<Errand>([this, task = std::move(task), done](const Errand::GoesOn& goes_on) {
        const JobFiles files(broker_, audit_, task.job, task.owner);
        absl::Status status = files.CheckDirectories(task, goes_on);
        if (goes_on()) done(std::move(status));
      });
  if (!checks_.Post(identity, [errand] { errand->Run(); })) {
    errand = std::make_shared<Errand>([done = std::move(done)](const Errand::GoesOn& goes_on) {
      if (!goes_on()) return;
      done(error::LimitReached(
          "too many files of this identity wait to be checked: try again when its file system "
          "answers"));
    });
    disks_.NewStrand()->Post([errand] { errand->Run(); });
  }
  return std::make_unique<ErrandActivity>(std::move(errand));
}

std::unique_ptr<Activity> CurlTransferService::StartLook(
    LookTask task, std::function<void(std::vector<uint32_t>)> done) {
  const auto strand = disks_.NewStrand(task.owner.ToString());
  auto errand = std::make_shared<Errand>(
      [this, task = std::move(task), done = std::move(done)](const Errand::GoesOn& goes_on) {
        const JobFiles files(broker_, audit_, task.job, task.owner);
        std::vector<uint32_t> lost = FindLost(files, task, goes_on);
        if (goes_on()) done(std::move(lost));
      });
  strand->Post([errand] { errand->Run(); });
  return std::make_unique<ErrandActivity>(std::move(errand));
}

}  // namespace bitsd
