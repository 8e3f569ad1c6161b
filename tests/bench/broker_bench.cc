#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "server/identity/file_account_directory.h"
#include "server/transfer/transfer_engine.h"
#include "tests/bench/benches.h"
#include "tests/bench/must.h"
#include "tests/bench/nginx.h"
#include "tests/testing/bitsd/demo_identities.h"
#include "tests/testing/broker_process.h"
#include "tests/testing/fakes/direct_file_broker.h"

namespace bitsd::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t kFiles = 1000;
constexpr uint64_t kFileSize = 4096;
constexpr absl::Duration kBrokerDeadline = absl::Seconds(30);
constexpr char kHelper[] = "alice";

[[noreturn]] void Give(const std::string& what) {
  std::cerr << what << "\n";
  std::abort();
}

class NoAudit : public AuditLog {
  void Write(AuditEvent) override {}
};

/// Plays the job: keeps the progress of its files.
class Job : public DownloadEvents {
 public:
  explicit Job(std::vector<FileRecord> files) : files_(std::move(files)) {}

  void OnPhase(bool) override {}
  void OnFiles(std::vector<FileNews> news, std::function<void(bool)> recorded) override {
    for (FileNews& file : news) files_[file.index].progress = std::move(file.progress);
    if (recorded != nullptr) recorded(true);
  }
  void OnDone() override { End(); }
  void OnFailed(TransferFailure failure) override { Give(failure.error.message); }

  void End() {
    const std::lock_guard lock(mutex_);
    ended_ = true;
    changed_.notify_all();
  }
  void AwaitEnd() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return std::exchange(ended_, false); });
  }
  FileList files() const { return std::make_shared<const FileRecords>(files_); }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool ended_ = false;
  std::vector<FileRecord> files_;
};

BrokerOptions BrokerOptionsOf(const std::string& accounts) {
  BrokerOptions options;
  options.load = [accounts](uid_t) -> absl::StatusOr<BrokerFiles> {
    auto directory = LoadAccountDirectory(accounts, {});
    if (!directory.ok()) return directory.status();
    return BrokerFiles{*std::move(directory), {}};
  };
  return options;
}

class BrokerBench {
 public:
  BrokerBench() {
    tests::WriteFile(scratch_.File("accounts.yaml"),
                     tests::AccountDirectoryYaml({tests::Demo(kHelper)}));
    broker_ = std::make_unique<tests::BrokerProcess>(
        BrokerOptionsOf(scratch_.File("accounts.yaml")), tests::kBitsdUser);
    client_ = Must(broker_->Connect(kBrokerDeadline));
    nginx_ = Must(Nginx::Start());
    for (size_t i = 0; i < kFiles; ++i) nginx_->Put(NameOf(i), kFileSize);
    const uid_t uid = tests::Demo(kHelper).uid;
    folder_ = scratch_.MakeFolder("helper", uid, uid);
    helper_.sid = Must(Sid::Parse(tests::Demo(kHelper).sid));
    helper_.posix = {uid, uid, {}};
    TransferOptions options;
    options.remote_rules.allowed = {Must(policy::ParseEndpoint(nginx_->Address()))};
    through_broker_ = std::make_unique<TransferEngine>(*client_, audit_, options);
    in_process_ = std::make_unique<TransferEngine>(direct_, audit_, options);
  }

  /// {seconds} of a job whose files are opened by a worker.
  Sample ThroughBroker() {
    const uint64_t before = client_->messages_sent();
    const Sample sample = Run(*through_broker_);
    messages_ = static_cast<double>(client_->messages_sent() - before) / kFiles;
    return sample;
  }
  /// {seconds} of the same job whose files this process opens and renames.
  Sample InProcess() { return Run(*in_process_); }

  /// Of the last run, for each file.
  double messages() const { return messages_; }

 private:
  static std::string NameOf(size_t i) { return "file" + std::to_string(i); }

  Sample Run(TransferService& service) {
    for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
      std::filesystem::remove(entry.path());
    }
    ::sync();
    std::vector<FileRecord> files(kFiles);
    for (size_t i = 0; i < kFiles; ++i) {
      files[i].remote_name = nginx_->Url(NameOf(i));
      files[i].local_name = folder_ + "/" + NameOf(i);
    }
    const auto start = Clock::now();
    const auto job = std::make_shared<Job>(files);
    DownloadTask download;
    download.owner = helper_.sid;
    download.files = job->files();
    download.local = helper_;
    download.network.context = "bench/owner";
    download.progress = std::make_shared<LiveProgress>();
    const auto downloading = service.StartDownload(std::move(download), job);
    job->AwaitEnd();
    const auto completing = service.StartCompletion(
        {JobId(), helper_.sid, job->files(), helper_, {}},
        [&](const std::vector<PlacedFile>& published, const absl::Status& status) {
          if (!status.ok() || published.size() != kFiles) Give(status.ToString());
          job->End();
        });
    job->AwaitEnd();
    return {std::chrono::duration<double>(Clock::now() - start).count()};
  }

  const tests::TempFolder scratch_;
  NoAudit audit_;
  tests::DirectFileBroker direct_;
  std::unique_ptr<tests::BrokerProcess> broker_;
  std::unique_ptr<BrokerClient> client_;
  std::unique_ptr<Nginx> nginx_;
  std::string folder_;
  ActingIdentity helper_;
  std::unique_ptr<TransferEngine> through_broker_;
  std::unique_ptr<TransferEngine> in_process_;
  double messages_ = 0;
};

}  // namespace

std::vector<Result> BrokerCost(const Settings& settings) {
  BrokerBench bench;
  std::vector<Pair> pairs = Interleave(
      settings.pairs, [&] { return bench.ThroughBroker(); }, [&] { return bench.InProcess(); });
  std::vector<Pair> speeds;
  for (const Pair& pair : pairs) {
    speeds.push_back({{kFiles / pair.ours.front()}, {kFiles / pair.peer.front()}});
  }
  const std::vector<Pair> messages(pairs.size(), Pair{{bench.messages()}, {1}});
  return {RatioOf({"broker_cost", Better::kHigher, 0.9}, speeds, 0, 1, "files/s"),
          RatioOf({"broker_messages", Better::kLower, 3.0}, messages, 0, 1, "per file")};
}

}  // namespace bitsd::bench
