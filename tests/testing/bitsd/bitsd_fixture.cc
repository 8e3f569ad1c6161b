#include "tests/testing/bitsd/bitsd_fixture.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <iostream>
#include <utility>

#include "tests/testing/temp_folder.h"

namespace bitsd::tests {
namespace {

// What a test cannot go on without. Fatal assertions do not work in functions that return a value.
template <typename T>
T Need(absl::StatusOr<T> value, std::string_view what) {
  if (value.ok()) return *std::move(value);
  std::cerr << what << ": " << value.status() << "\n";
  std::abort();
}

}  // namespace

void BitsdTest::SetUp() {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root: bitsd opens files as several users";
  absl::StatusOr<std::unique_ptr<WebServer>> web = WebServer::Start(WebDirectives());
  ASSERT_TRUE(web.ok()) << web.status();
  web_ = *std::move(web);
  BitsdOptions options = Options();
  options.allowed_addresses.push_back(web_->Address());
  absl::StatusOr<std::unique_ptr<BitsdServer>> bitsd = BitsdServer::Start(std::move(options));
  ASSERT_TRUE(bitsd.ok()) << bitsd.status();
  bitsd_ = *std::move(bitsd);
}

bits::Client BitsdTest::As(std::string_view name) {
  return Need(bitsd_->Connect(name), "the client of " + std::string(name));
}

std::string BitsdTest::FolderOf(std::string_view name) {
  const std::string folder = "home-" + std::string(name);
  std::string path = bitsd_->folder().File(folder);
  if (::access(path.c_str(), F_OK) == 0) return path;
  const uid_t uid = Demo(name).uid;
  return bitsd_->folder().MakeFolder(folder, uid, uid);
}

std::string BitsdTest::CreateJob(const bits::Client& owner, bits::v1::JobPriority priority) {
  bits::v1::CreateJobRequest request;
  request.set_priority(priority);
  request.set_display_name("test");
  return Need(owner.CreateJob(request), "CreateJob").id();
}

absl::Status BitsdTest::AddFile(const bits::Client& owner, const std::string& job_id,
                                std::string_view file, const std::string& local_name) {
  bits::v1::AddFileSetRequest request;
  request.set_job_id(job_id);
  bits::v1::FileInfo* info = request.add_files();
  info->set_remote_name(web_->Url(file));
  info->set_local_name(local_name);
  return owner.AddFileSet(request).status();
}

bits::Handle BitsdTest::HandleFor(const bits::Client& owner, const std::string& job_id,
                                  std::string_view helper) {
  return Need(owner.QueryInterface(job_id, Demo(helper).sid), "QueryInterface");
}

bits::v1::Job BitsdTest::WaitForState(const bits::Client& owner, const std::string& job_id,
                                      bits::v1::JobState state) {
  bits::v1::Job job;
  WaitFor([&] {
    absl::StatusOr<bits::v1::Job> seen = owner.GetJob(job_id);
    if (seen.ok()) job = *std::move(seen);
    return job.state() == state;
  });
  EXPECT_EQ(job.state(), state) << job.ShortDebugString() << "\n" << bitsd_->Log();
  return job;
}

std::string ErrorText(const absl::Status& status) {
  if (status.ok()) return "OK";
  const bits::CallError error = bits::ErrorOf(status);
  if (error.reason.empty()) return status.ToString();
  return error.rule.empty() ? error.reason : error.reason + "/" + error.rule;
}

uid_t OwnerOf(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 ? info.st_uid : static_cast<uid_t>(-1);
}

}  // namespace bitsd::tests
