#include "server/transfer/transfer_engine.h"

#include <utility>

#include "server/error/errors.h"
#include "server/policy/url.h"
#include "server/transfer/common/job_files.h"
#include "server/transfer/files/cleanup.h"
#include "server/transfer/files/completion.h"
#include "server/transfer/files/errand.h"
#include "server/transfer/files/local_files.h"
#include "server/transfer/files/look.h"

namespace bitsd {
namespace {

/// Checks of directories that one identity may have waiting.
constexpr size_t kMaxChecks = 64;

/// A download: a source, and the local side that it writes to.
class DownloadActivity : public Activity {
 public:
  DownloadActivity(Executor& executor, std::shared_ptr<ContentSource> source,
                   std::shared_ptr<LocalFiles> files)
      : executor_(executor), source_(std::move(source)), files_(std::move(files)) {}
  ~DownloadActivity() override {
    // What it has of its executor is let go there.
    executor_.Post([source = std::move(source_)] { source->Halt(); });
  }
  DownloadActivity(const DownloadActivity&) = delete;
  DownloadActivity& operator=(const DownloadActivity&) = delete;

  void Stop(std::function<void()> stopped) override {
    // At once: a disk that hangs does not hold back what ends on the network.
    executor_.Post([source = source_] { source->Halt(); });
    files_->Stop(std::move(stopped));
  }

 private:
  Executor& executor_;
  std::shared_ptr<ContentSource> source_;
  const std::shared_ptr<LocalFiles> files_;
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

TransferEngine::TransferEngine(FileBroker& broker, AuditLog& audit, TransferOptions options)
    : broker_(broker),
      audit_(audit),
      options_(std::make_shared<const TransferOptions>(std::move(options))),
      chunks_(std::make_shared<ChunkPool>()),
      checks_(disks_, kMaxChecks),
      syncs_(disks_),
      disks_(options_->disk_threads),
      http_(options_->idle_connections) {}

void TransferEngine::Reconfigure(TransferOptions options) {
  std::shared_ptr<const TransferOptions> last;  // Goes after the lock.
  const std::lock_guard lock(options_mutex_);
  options.generation = options_->generation + 1;
  last = std::exchange(options_, std::make_shared<const TransferOptions>(std::move(options)));
}

std::shared_ptr<const TransferOptions> TransferEngine::CurrentOptions() const {
  const std::lock_guard lock(options_mutex_);
  return options_;
}

Protocol& TransferEngine::ProtocolOf(const std::string& remote_name) {
  switch (policy::SchemeOf(remote_name).value_or(policy::Scheme::kHttp)) {
    case policy::Scheme::kHttp:
    case policy::Scheme::kHttps: break;
  }
  return http_;
}

std::unique_ptr<Activity> TransferEngine::StartDownload(DownloadTask task,
                                                        std::shared_ptr<DownloadEvents> events) {
  const TransferContext context{broker_, audit_,           CurrentOptions(),
                                disks_,  http_.executor(), chunks_};
  // The files of a job are of one protocol.
  Protocol& protocol = ProtocolOf(task.files->empty() ? "" : (*task.files)[0].remote_name);
  auto files = std::make_shared<LocalFiles>(context, syncs_, task, std::move(events));
  auto source = protocol.NewSource(context, task, files->sink());
  files->Start(source);
  return std::make_unique<DownloadActivity>(http_.executor(), std::move(source), std::move(files));
}

std::unique_ptr<Activity> TransferEngine::StartCompletion(
    CompletionTask task, std::function<void(std::vector<PlacedFile>, absl::Status)> done) {
  auto completion = std::make_shared<Completion>(
      broker_, audit_, disks_.NewStrand(task.owner.ToString()), std::move(task),
      [this](const FileRecord& file) {
        return ProtocolOf(file.remote_name).ModifiedAt(file.progress.version);
      },
      std::move(done));
  completion->Start();
  return std::make_unique<CompletionActivity>(std::move(completion));
}

std::unique_ptr<Activity> TransferEngine::StartCleanup(CleanupTask task, CleanupDone done) {
  const auto strand = disks_.NewStrand(task.owner.ToString());
  auto errand = std::make_shared<Errand>(
      [this, task = std::move(task), done = std::move(done)](const Errand::GoesOn& goes_on) {
        CleanupEnd end = RemoveTemporaries(broker_, audit_, task, goes_on);
        done(std::move(end.left), std::move(end.untried));
      });
  strand->Post([errand] { errand->Run(); });
  return std::make_unique<ErrandActivity>(std::move(errand));
}

std::unique_ptr<Activity> TransferEngine::StartCheck(CheckTask task,
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

std::unique_ptr<Activity> TransferEngine::StartLook(
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
