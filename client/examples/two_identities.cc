// A download that the owner asks for and that is written as the helper: BITS' example "Adding a
// Helper Token to a Job", step by step.
//
// usage: two_identities ENDPOINT ROOTS OWNER HELPER URL FILE
//   OWNER and HELPER stand for the PEM files OWNER.crt, OWNER.key, HELPER.crt, HELPER.key.

#include <bitsd/client/client.h>
#include <bitsd/client/error.h>
#include <bitsd/client/impersonation.h>

#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string>

namespace {

constexpr uint32_t kLocalFile = 1;

// An example ends at the first failure; a service would say so and go on.
void Check(const absl::Status& status, const std::string& what) {
  if (status.ok()) return;
  const bits::CallError error = bits::ErrorOf(status);
  std::cerr << what << ": " << status.message() << " (" << error.reason << " "
            << bits::HresultText(error.hresult) << " " << error.rule << ")\n";
  std::exit(EXIT_FAILURE);
}

template <typename T>
T Need(absl::StatusOr<T> value, const std::string& what) {
  Check(value.status(), what);
  return *std::move(value);
}

bits::Identity IdentityOf(const std::string& name, const std::string& roots) {
  return Need(bits::LoadIdentity(name + ".crt", name + ".key", roots), name);
}

// What the helper lends for: files in the folder of `path`, and nothing else.
bits::v1::TokenScope ScopeFor(const std::string& path) {
  bits::v1::TokenScope scope;
  scope.add_local_roots(path.substr(0, path.rfind('/')));
  scope.set_usage_flags(kLocalFile);
  return scope;
}

// Waits until the job is transferred; the feed outlives a restart of bitsd.
void WaitForTransfer(const bits::Client& client, const std::string& job_id) {
  bits::v1::WatchJobsRequest request;
  request.add_job_ids(job_id);
  bits::JobFeed feed = client.FollowJobs(request);
  while (true) {
    const auto event = Need(feed.Next(), "following the job");
    if (!event || event->kind != bits::JobFeed::Kind::kJob) continue;
    if (event->job.state() == bits::v1::JOB_STATE_TRANSFERRED) return;
    if (event->job.state() == bits::v1::JOB_STATE_ERROR) {
      Check(absl::AbortedError(event->job.error().message()), "the transfer");
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 7) {
    std::cerr << "usage: two_identities ENDPOINT ROOTS OWNER HELPER URL FILE\n";
    return 2;
  }
  const std::string roots = argv[2];
  bits::ClientOptions options;
  options.endpoint = argv[1];
  options.identity = IdentityOf(argv[3], roots);
  const bits::Client client = Need(bits::Client::Connect(options), "connecting");
  const auto helper =
      Need(bits::ImpersonationToken::Create(IdentityOf(argv[4], roots)), "the helper");

  bits::v1::CreateJobRequest create;
  create.set_display_name("two identities");
  const std::string job_id = Need(client.CreateJob(create), "CreateJob").id();

  // As the owner: the access check is made here, once. Only the helper may use this handle, too.
  const bits::Handle handle = Need(client.QueryInterface(job_id, helper.sid()), "QueryInterface");
  Check(client.SetHelperTokenFlags(handle, kLocalFile), "SetHelperTokenFlags");
  {
    const bits::ScopedImpersonation as_helper(helper);
    Need(client.SetHelperToken(handle, helper.sid(), ScopeFor(argv[6])), "SetHelperToken");
  }

  // As the owner again.
  bits::v1::AddFileSetRequest add;
  add.set_job_id(job_id);
  bits::v1::FileInfo& file = *add.add_files();
  file.set_remote_name(argv[5]);
  file.set_local_name(argv[6]);
  Need(client.AddFileSet(add), "AddFileSet");
  Need(client.Resume(job_id), "Resume");
  WaitForTransfer(client, job_id);
  Need(client.Complete(job_id), "Complete");
  std::cout << argv[6] << " is here, written as " << helper.sid() << "\n";
}
