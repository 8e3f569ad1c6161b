// What tests of downloads share: the odd server, a transfer service over real files, and a recorder
// of what a download tells its job.
//
// Thread safety: the recorder takes events on any thread; everything else is for the test's thread.

#ifndef BITSD_TESTS_INTEGRATION_TRANSFER_TRANSFER_FIXTURE_H_
#define BITSD_TESTS_INTEGRATION_TRANSFER_TRANSFER_FIXTURE_H_

#include <gtest/gtest.h>

#include <condition_variable>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "server/transfer/transfer_engine.h"
#include "tests/testing/fakes/direct_file_broker.h"
#include "tests/testing/servers/misbehaving_server.h"
#include "tests/testing/temp_folder.h"

namespace bitsd::tests {

/// Keeps audit events.
class AuditMemory : public AuditLog {
 public:
  void Write(AuditEvent event) override;
  /// "name field=value ..." of every event called `name`.
  std::vector<std::string> Lines(std::string_view name) const;

 private:
  mutable std::mutex mutex_;
  std::vector<AuditEvent> events_;
};

/// Plays the job: keeps the newest progress of each file and how the download ended.
class Recorder : public DownloadEvents {
 public:
  explicit Recorder(std::vector<FileRecord> files) : files_(std::move(files)) {}

  void OnPhase(bool transferring) override;
  void OnFiles(std::vector<FileNews> news, std::function<void(bool)> recorded) override;
  void OnDone() override;
  void OnFailed(TransferFailure failure) override;

  /// False when it does not end in time.
  bool WaitForEnd();
  /// Until the files together have `bytes` synced, or the end.
  bool WaitForSynced(uint64_t bytes);
  void MarkStopped();

  std::vector<FileRecord> files() const;
  bool done() const;
  std::optional<TransferFailure> failure() const;
  std::vector<bool> phases() const;
  std::vector<TemporaryFile> abandoned() const;
  bool event_after_stopped() const;

 private:
  void Event();

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<FileRecord> files_;
  std::vector<bool> phases_;
  std::vector<TemporaryFile> abandoned_;
  bool done_ = false;
  std::optional<TransferFailure> failure_;
  bool stopped_ = false;
  bool event_after_stopped_ = false;
};

/// A download that is going on.
struct Running {
  std::shared_ptr<Recorder> recorder;
  std::shared_ptr<LiveProgress> live;
  std::unique_ptr<Activity> activity;

  /// Stops it; false when that does not happen in time.
  bool Stop();
};

class TransferTest : public ::testing::Test {
 protected:
  TransferTest();

  static MisbehavingServer& server();
  /// A file of the job: `path` of the odd server, or a whole URL.
  FileRecord File(const std::string& path, const std::string& name) const;
  Running Start(std::vector<FileRecord> files, const std::string& context = "owner/owner");
  /// Runs a download to its end.
  std::shared_ptr<Recorder> Run(std::vector<FileRecord> files,
                                const std::string& context = "owner/owner");
  /// Runs it and expects it to fail with `hresult`, and what it says to be kept by the store.
  TransferFailure Fails(const std::string& path, Hresult hresult);
  std::pair<std::vector<PlacedFile>, absl::Status> Complete(const std::vector<FileRecord>& files);
  /// Starts the service anew with the options as they are.
  void Restart();
  /// What the server was asked for under `path`.
  static std::vector<nlohmann::json> Requests(const std::string& path);
  static std::string TemporaryContent(const FileRecord& file);

  const TempFolder folder_;
  DirectFileBroker broker_;
  AuditMemory audit_;
  TransferOptions options_;
  ActingIdentity who_;
  NetworkTask network_;  ///< Of the downloads; each has a context of its own.
  policy::LoanLimits loan_;
  std::unique_ptr<TransferEngine> service_;
};

}  // namespace bitsd::tests

#endif  // BITSD_TESTS_INTEGRATION_TRANSFER_TRANSFER_FIXTURE_H_
