#include "tests/integration/transfer/transfer_fixture.h"

#include <unistd.h>

#include <future>

#include "server/job/changes/job_changes.h"
#include "server/job/changes/transfer_changes.h"
#include "tests/testing/fakes/row_store.h"
#include "tests/testing/process.h"
#include "tests/testing/wait.h"

namespace bitsd::tests {
namespace {

/// What a server made the service say becomes a part of the job: the store takes it, and gives it
/// back.
void ExpectThatItIsKept(const std::vector<FileRecord>& files, const TransferFailure& failure) {
  auto record = std::make_shared<JobRecord>();
  record->id = JobId::Random();
  record->display_name = "job";
  record->owner = kLocalSystemSid;
  record->state = JobState::kQueued;
  record->files = std::make_shared<const FileRecords>(files);
  std::vector<FileNews> news;
  for (const FileRecord& file : files) {
    news.push_back({static_cast<uint32_t>(news.size()), file.progress, std::nullopt});
  }
  auto failed = change::FilesProgressed({record, nullptr}, news);
  if (failed.ok()) failed = change::Failed(*failed, failure, false, absl::Now());
  ASSERT_TRUE(failed.ok()) << failed.status();
  RowStore store;
  StoreChange put;
  put.put = failed->record;
  store.Commit({std::move(put)}, [](const absl::Status& status) { EXPECT_TRUE(status.ok()); });
  JobRecordPtr kept;
  StoreVisitor visitor;
  visitor.job = [&](JobRecordPtr job) { kept = std::move(job); };
  EXPECT_TRUE(store.Load(visitor).ok());
  EXPECT_EQ(store.faults(), "");
  ASSERT_NE(kept, nullptr);
  EXPECT_EQ(kept->error, failed->record->error);
  EXPECT_EQ(*kept->files, *failed->record->files);
}

}  // namespace

void AuditMemory::Write(AuditEvent event) {
  std::lock_guard lock(mutex_);
  events_.push_back(std::move(event));
}

std::vector<std::string> AuditMemory::Lines(std::string_view name) const {
  std::lock_guard lock(mutex_);
  std::vector<std::string> lines;
  for (const AuditEvent& event : events_) {
    if (event.name != name) continue;
    std::string line(name);
    for (const auto& [key, value] : event.fields) line += " " + std::string(key) + "=" + value;
    lines.push_back(line);
  }
  return lines;
}

void Recorder::Event() {
  event_after_stopped_ = event_after_stopped_ || stopped_;
  changed_.notify_all();
}

void Recorder::OnPhase(bool transferring) {
  std::lock_guard lock(mutex_);
  phases_.push_back(transferring);
  Event();
}

void Recorder::OnFiles(std::vector<FileNews> news, std::function<void(bool)> recorded) {
  {
    std::lock_guard lock(mutex_);
    for (FileNews& file : news) {
      EXPECT_TRUE(file.progress.temporary.has_value());
      EXPECT_LE(file.progress.synced, file.progress.size);
      files_.at(file.index).progress = std::move(file.progress);
      if (file.abandoned) abandoned_.push_back(*std::move(file.abandoned));
    }
    Event();
  }
  if (recorded != nullptr) recorded(true);
}

void Recorder::OnDone() {
  std::lock_guard lock(mutex_);
  EXPECT_FALSE(done_ || failure_);
  done_ = true;
  Event();
}

void Recorder::OnFailed(TransferFailure failure) {
  std::lock_guard lock(mutex_);
  EXPECT_FALSE(done_ || failure_);
  failure_ = std::move(failure);
  Event();
}

bool Recorder::WaitForEnd() {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, kPatience, [this] { return done_ || failure_; });
}

bool Recorder::WaitForSynced(uint64_t bytes) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, kPatience, [&] {
    uint64_t synced = 0;
    for (const FileRecord& file : files_) synced += file.progress.synced;
    return synced >= bytes || done_ || failure_;
  });
}

void Recorder::MarkStopped() {
  std::lock_guard lock(mutex_);
  stopped_ = true;
}

std::vector<FileRecord> Recorder::files() const {
  std::lock_guard lock(mutex_);
  return files_;
}
bool Recorder::done() const {
  std::lock_guard lock(mutex_);
  return done_;
}
std::optional<TransferFailure> Recorder::failure() const {
  std::lock_guard lock(mutex_);
  return failure_;
}
std::vector<bool> Recorder::phases() const {
  std::lock_guard lock(mutex_);
  return phases_;
}
std::vector<TemporaryFile> Recorder::abandoned() const {
  std::lock_guard lock(mutex_);
  return abandoned_;
}
bool Recorder::event_after_stopped() const {
  std::lock_guard lock(mutex_);
  return event_after_stopped_;
}

bool Running::Stop() {
  auto stopped = std::make_shared<std::promise<void>>();
  activity->Stop([stopped, recorder = recorder] {
    recorder->MarkStopped();
    stopped->set_value();
  });
  return stopped->get_future().wait_for(kPatience) == std::future_status::ready;
}

TransferTest::TransferTest() {
  who_.sid = Sid(5, {21, 1, 2, 3, 1001});
  who_.posix = {getuid(), getgid(), {}};
  options_.network.ca_file = server().ca_file();
  options_.stall_timeout = absl::Seconds(2);
  for (const uint16_t port : {server().port(), server().secure_port()}) {
    options_.remote_rules.allowed.push_back(
        *policy::ParseEndpoint("127.0.0.1:" + std::to_string(port)));
  }
  Restart();
}

void TransferTest::Restart() {
  service_.reset();
  service_ = std::make_unique<TransferEngine>(broker_, audit_, options_);
}

MisbehavingServer& TransferTest::server() {
  static MisbehavingServer server;
  return server;
}

FileRecord TransferTest::File(const std::string& path, const std::string& name) const {
  FileRecord file;
  file.remote_name = path.front() == '/' ? server().Url(path) : path;
  file.local_name = folder_.File(name);
  return file;
}

Running TransferTest::Start(std::vector<FileRecord> files, const std::string& context) {
  Running running{std::make_shared<Recorder>(files), std::make_shared<LiveProgress>(), nullptr};
  DownloadTask task{JobId::Random(),
                    who_.sid,
                    std::make_shared<const FileRecords>(std::move(files)),
                    who_,
                    network_,
                    running.live,
                    loan_};
  task.network.context = context;
  running.activity = service_->StartDownload(std::move(task), running.recorder);
  return running;
}

std::shared_ptr<Recorder> TransferTest::Run(std::vector<FileRecord> files,
                                            const std::string& context) {
  Running running = Start(std::move(files), context);
  EXPECT_TRUE(running.recorder->WaitForEnd());
  EXPECT_TRUE(running.Stop());
  return running.recorder;
}

TransferFailure TransferTest::Fails(const std::string& path, Hresult hresult) {
  const auto recorder = Run({File(path, "failing")});
  const auto failure = recorder->failure();
  EXPECT_TRUE(failure) << path;
  if (!failure) return {};
  EXPECT_EQ(failure->error.hresult, hresult) << path << ": " << failure->error.message;
  EXPECT_EQ(failure->error.file_index, 0u);
  ExpectThatItIsKept(recorder->files(), *failure);
  return *failure;
}

std::pair<std::vector<PlacedFile>, absl::Status> TransferTest::Complete(
    const std::vector<FileRecord>& files) {
  std::promise<std::pair<std::vector<PlacedFile>, absl::Status>> result;
  CompletionTask task{
      JobId::Random(), who_.sid, std::make_shared<const FileRecords>(files), who_, {}};
  const auto activity =
      service_->StartCompletion(std::move(task), [&](std::vector<PlacedFile> done, absl::Status s) {
        result.set_value({std::move(done), std::move(s)});
      });
  return result.get_future().get();
}

std::vector<nlohmann::json> TransferTest::Requests(const std::string& path) {
  const TempFolder folder;
  const Finished log =
      bitsd::tests::Run({"/usr/bin/curl", "-s", server().Url("/log")}, folder.path());
  std::vector<nlohmann::json> found;
  for (const auto& request : nlohmann::json::parse(log.output)) {
    if (request["path"] == path) found.push_back(request);
  }
  return found;
}

std::string TransferTest::TemporaryContent(const FileRecord& file) {
  return file.progress.temporary ? ReadFile(file.progress.temporary->path) : "";
}

}  // namespace bitsd::tests
