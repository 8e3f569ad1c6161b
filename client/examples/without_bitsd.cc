// A unit test of code that uses bitsd, without a bitsd: the service is a fake in memory.
//
// usage: without_bitsd        status 0 when the code under test does what it should

#include <bitsd/client/client.h>
#include <bitsd/client/error.h>
#include <bitsd/client/testing/fake_service.h>

#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>

namespace {

constexpr char kMe[] = "S-1-5-21-1-2-3-1001";

// ---- the code under test ----

// Starts a download and returns the job's id.
absl::StatusOr<std::string> StartDownload(const bits::Client& client, const std::string& url,
                                          const std::string& path) {
  bits::v1::CreateJobRequest create;
  create.set_display_name(path);
  const auto job = client.CreateJob(create);
  if (!job.ok()) return job.status();
  bits::v1::AddFileSetRequest add;
  add.set_job_id(job->id());
  bits::v1::FileInfo& file = *add.add_files();
  file.set_remote_name(url);
  file.set_local_name(path);
  absl::Status status = client.AddFileSet(add).status();
  if (status.ok()) status = client.Resume(job->id()).status();
  // A job that cannot start is of no use.
  if (!status.ok()) client.Cancel(job->id()).IgnoreError();
  if (!status.ok()) return status;
  return job->id();
}

// ---- the test ----

void Expect(bool holds, const std::string& what) {
  if (holds) return;
  std::cerr << "failed: " << what << "\n";
  std::exit(EXIT_FAILURE);
}

void ADownloadIsStarted() {
  const auto service = std::make_shared<bits::FakeService>();
  const bits::Client client = *bits::Client::Over(service, kMe);
  const auto id = StartDownload(client, "https://example.com/image", "/srv/image");
  Expect(id.ok(), "the download is started");
  Expect(client.GetJob(*id)->state() == bits::v1::JOB_STATE_QUEUED, "its job is queued");
  Expect(service->Transfer(*id).ok(), "the network does its part");
  Expect(client.Complete(*id).ok(), "the job can be completed");
}

void AJobThatCannotStartIsCancelled() {
  const auto service = std::make_shared<bits::FakeService>();
  const bits::Client client = *bits::Client::Over(service, kMe);
  service->FailNext("AddFileSet", bits::MakeStatus(absl::StatusCode::kPermissionDenied,
                                                   {0x80070005, "E_ACCESSDENIED", "url_denied"},
                                                   "this address is not allowed"));
  const auto id = StartDownload(client, "https://example.com/image", "/srv/image");
  Expect(bits::ErrorOf(id.status()).rule == "url_denied", "the refusal is passed on");
  Expect(client.ListAllJobs(/*all_users=*/false)->empty(), "no job is left");
}

}  // namespace

int main() {
  ADownloadIsStarted();
  AJobThatCannotStartIsCancelled();
  std::cout << "passed\n";
}
