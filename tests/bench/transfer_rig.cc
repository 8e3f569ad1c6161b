#include "tests/bench/transfer_rig.h"

#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <future>
#include <iostream>
#include <utility>

#include "bitsd/client/async_client.h"
#include "tests/bench/cpu.h"
#include "tests/bench/must.h"

namespace bitsd::bench {
namespace {

using Clock = std::chrono::steady_clock;

[[noreturn]] void Fail(const std::string& why) {
  std::cerr << why << "\n";
  std::abort();
}

double SecondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

}  // namespace

TransferRig::TransferRig(tests::BitsdOptions options)
    : bitsd_(Must(tests::BitsdServer::Start(std::move(options)))),
      client_(Must(bitsd_->Connect(kOwner))) {
  const uid_t uid = tests::Demo(kOwner).uid;
  folder_ = bitsd_->folder().MakeFolder("home", uid, uid);
}

Sample TransferRig::RunJobs(const std::vector<std::vector<Transfer>>& jobs) {
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

Sample TransferRig::RunCommand(const std::string& command) {
  Empty();
  const double cpu = ChildCpuSeconds();
  const auto start = Clock::now();
  const tests::Finished finished = tests::Run({"/bin/sh", "-c", command}, scratch_.path());
  if (finished.status != 0) Fail(command + ": " + finished.output);
  return {SecondsSince(start), ChildCpuSeconds() - cpu};
}

// What is left of the last run goes, and its blocks with it, outside of what is measured.
void TransferRig::Empty() {
  for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
    std::filesystem::remove_all(entry.path());
  }
  ::sync();
}

// At once, as curl's transfers end.
void TransferRig::CompleteAll(const std::set<std::string>& ids) {
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

std::string TransferRig::StartJob(const std::vector<Transfer>& files) {
  bits::v1::CreateJobRequest create;
  create.set_display_name("bench");
  create.set_priority(bits::v1::JOB_PRIORITY_FOREGROUND);
  std::string id = Must(client_->CreateJob(std::move(create))).id();
  if (prepare) prepare(*client_, id);
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

Result ThroughputOf(const Goal& goal, std::vector<Pair> pairs, uint64_t bytes) {
  for (Pair& pair : pairs) {
    for (Sample* sample : {&pair.ours, &pair.peer}) {
      sample->front() = static_cast<double>(bytes) / sample->front();
    }
  }
  return RatioOf(goal, pairs, 0, 1.0 / (1 << 20), "MiB/s");
}

}  // namespace bitsd::bench
