#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <future>
#include <iostream>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "bitsd/client/async_client.h"
#include "tests/bench/benches.h"
#include "tests/bench/cpu.h"
#include "tests/bench/must.h"
#include "tests/bench/nginx.h"
#include "tests/testing/bitsd_server.h"

namespace bitsd::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr char kOwner[] = "fetcher";
constexpr size_t kJobs = 25;
constexpr size_t kFilesPerJob = 200;
constexpr uint64_t kSmallFile = 4096;

struct Transfer {
  std::string url;
  std::string path;
};

/// A web server, a bitsd that may reach it, and a folder that its owner may write.
class TransferBench {
 public:
  TransferBench() : nginx_(Must(Nginx::Start())) {
    tests::BitsdOptions options;
    options.allowed_addresses = {nginx_->Address()};
    options.config = "log_level: warning";
    bitsd_ = Must(tests::BitsdServer::Start(std::move(options)));
    client_ = Must(bitsd_->Connect(kOwner));
    const uid_t uid = tests::Demo(kOwner).uid;
    folder_ = bitsd_->folder().MakeFolder("home", uid, uid);
  }

  Nginx& nginx() { return *nginx_; }
  /// Where files are written; emptied before each run.
  const std::string& folder() const { return folder_; }

  /// Runs one FOREGROUND job for each list, from CreateJob to Complete: {seconds, CPU seconds}.
  Sample RunJobs(const std::vector<std::vector<Transfer>>& jobs) {
    Empty();
    const pid_t pid = bitsd_->process().pid();
    const double cpu = CpuSeconds(pid);
    const auto start = Clock::now();
    std::set<std::string> ids;
    bits::JobWatch watch = client_->WatchJobs({});
    for (const auto& files : jobs) ids.insert(StartJob(files));
    const std::set<std::string> all = ids;
    while (!ids.empty()) {
      const auto event = Must(watch.Next());
      const bits::v1::Job& job = event->job();
      if (job.state() == bits::v1::JOB_STATE_ERROR) Fail(job.ShortDebugString());
      if (job.state() == bits::v1::JOB_STATE_TRANSFERRED) ids.erase(job.id());
    }
    CompleteAll(all);
    return {SecondsSince(start), CpuSeconds(pid) - cpu};
  }

  /// Runs a shell command on an empty folder: {seconds, CPU seconds}.
  Sample RunCommand(const std::string& command) {
    Empty();
    const double cpu = ChildCpuSeconds();
    const auto start = Clock::now();
    const tests::Finished finished = tests::Run({"/bin/sh", "-c", command}, scratch_.path());
    if (finished.status != 0) Fail(command + ": " + finished.output);
    return {SecondsSince(start), ChildCpuSeconds() - cpu};
  }

  const tests::TempFolder& scratch() const { return scratch_; }

 private:
  [[noreturn]] static void Fail(const std::string& why) {
    std::cerr << why << "\n";
    std::abort();
  }

  static double SecondsSince(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
  }

  /// What is left of the last run goes, and its blocks with it, outside of what is measured.
  void Empty() {
    for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
      std::filesystem::remove_all(entry.path());
    }
    ::sync();
  }

  /// At once, as curl's transfers end.
  void CompleteAll(const std::set<std::string>& ids) {
    const bits::AsyncClient async(*client_);
    std::vector<std::future<absl::Status>> ended;
    for (const std::string& id : ids) {
      auto promise = std::make_shared<std::promise<absl::Status>>();
      ended.push_back(promise->get_future());
      bits::v1::CompleteRequest request;
      request.set_job_id(id);
      async.Complete(std::move(request),
                     [promise](const absl::StatusOr<bits::v1::CompleteResponse>& answer) {
                       promise->set_value(answer.status());
                     });
    }
    for (auto& end : ended) {
      if (const absl::Status status = end.get(); !status.ok()) Fail(status.ToString());
    }
  }

  std::string StartJob(const std::vector<Transfer>& files) {
    bits::v1::CreateJobRequest create;
    create.set_display_name("bench");
    create.set_priority(bits::v1::JOB_PRIORITY_FOREGROUND);
    const std::string id = Must(client_->CreateJob(std::move(create))).id();
    bits::v1::AddFileSetRequest add;
    add.set_job_id(id);
    for (const Transfer& file : files) {
      bits::v1::FileInfo* info = add.add_files();
      info->set_remote_name(file.url);
      info->set_local_name(file.path);
    }
    Must(client_->AddFileSet(std::move(add)));
    Must(client_->Resume(id));
    return id;
  }

  const tests::TempFolder scratch_;
  std::unique_ptr<Nginx> nginx_;
  std::unique_ptr<tests::BitsdServer> bitsd_;
  std::optional<bits::Client> client_;
  std::string folder_;
};

/// Another downloader, shown beside curl: median seconds of three runs, as a ratio to curl's.
Result Show(TransferBench& bench, const std::string& name, const std::string& command,
            const std::function<Sample()>& curl) {
  const auto pairs = Interleave(
      3, [&] { return bench.RunCommand(command); }, curl);
  return RatioOf({name + "_seconds", Better::kLower, std::nullopt}, pairs, 0, 1, "s");
}

/// The throughput ratio of pairs of {seconds, ...}: the inverse of the time ratio.
Result ThroughputOf(const Goal& goal, std::vector<Pair> pairs, uint64_t bytes) {
  for (Pair& pair : pairs) {
    for (Sample* sample : {&pair.ours, &pair.peer}) {
      sample->front() = static_cast<double>(bytes) / sample->front();
    }
  }
  return RatioOf(goal, pairs, 0, 1.0 / (1 << 20), "MiB/s");
}

}  // namespace

std::vector<Result> LargeDownload(const Settings& settings) {
  TransferBench bench;
  bench.nginx().Put("large", settings.download_bytes);
  const std::string url = bench.nginx().Url("large");
  const std::string path = bench.folder() + "/large";
  const auto ours = [&] { return bench.RunJobs({{{url, path}}}); };
  const std::string sync = " && sync -d " + path;
  const auto curl = [&] { return bench.RunCommand("curl -sSf -o " + path + " " + url + sync); };
  const auto pairs = Interleave(settings.pairs, ours, curl);
  return {
      ThroughputOf({"download_throughput", Better::kHigher, 0.95}, pairs, settings.download_bytes),
      RatioOf({"download_cpu", Better::kLower, 1.15}, pairs, 1, 1, "CPU s"),
      Show(bench, "aria2c_to_curl",
           "aria2c -q --file-allocation=none -d " + bench.folder() + " -o large " + url + sync,
           curl),
      Show(bench, "wget2_to_curl", "wget2 -q -O " + path + " " + url + sync, curl)};
}

std::vector<Result> SmallFiles(const Settings& settings) {
  TransferBench bench;
  std::vector<std::vector<Transfer>> jobs(kJobs);
  std::ofstream list(bench.scratch().File("curl.conf"));
  for (size_t i = 0; i < kJobs * kFilesPerJob; ++i) {
    const std::string name = "small" + std::to_string(i);
    bench.nginx().Put(name, kSmallFile);
    const Transfer file{bench.nginx().Url(name), bench.folder() + "/" + name};
    jobs[i % kJobs].push_back(file);
    list << "url = " << file.url << "\noutput = " << file.path << "\n";
  }
  list.close();
  const std::string curl = "curl -sSf --parallel --parallel-max 25 -K " +
                           bench.scratch().File("curl.conf") + " && cd " + bench.folder() +
                           " && sync -d small*";
  const auto pairs = Interleave(
      settings.pairs, [&] { return bench.RunJobs(jobs); }, [&] { return bench.RunCommand(curl); });
  return {RatioOf({"small_files", Better::kLower, 1.0}, pairs, 0, 1, "s")};
}

}  // namespace bitsd::bench
