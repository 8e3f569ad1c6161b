// What bad input gets from the real bitsd: a clear error, and nothing else suffers.

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "gmock/gmock.h"
#include "tests/testing/bitsd/bitsd_fixture.h"

namespace bitsd::tests {
namespace {

using bits::v1::JOB_STATE_ERROR;

class BadInputTest : public BitsdTest {
 protected:
  void SetUp() override {
    BitsdTest::SetUp();
    if (IsSkipped()) return;
    fetcher_ = As("fetcher");
    job_ = CreateJob(*fetcher_);
  }

  std::string AddUrl(const std::string& url) { return Add(url, FolderOf("fetcher") + "/file"); }
  std::string AddPath(const std::string& path) { return Add(web().Url("file"), path); }
  std::string Add(const std::string& url, const std::string& path) {
    bits::v1::AddFileSetRequest request;
    request.set_job_id(job_);
    auto* file = request.add_files();
    file->set_remote_name(url);
    file->set_local_name(path);
    return ErrorText(fetcher_->AddFileSet(request).status());
  }

  std::optional<bits::Client> fetcher_;
  std::string job_;
};

TEST_F(BadInputTest, RemoteNamesThatAreNotPlainHttpUrlsAreRefused) {
  for (const std::string& url : std::vector<std::string>{
           "", "ftp://192.0.2.1/f", "file:///etc/passwd", "http://", "http:///f", "//192.0.2.1/f",
           "http://user:secret@192.0.2.1/f", "http://192.0.2.1:0/f", "http://192.0.2.1:65536/f",
           "http://192.0.2.1/a b", std::string("http://192.0.2.1/\0f", 19), "http://[::1/f",
           "http://192.0.2.1/" + std::string(2200, 'a')}) {
    EXPECT_EQ(AddUrl(url).substr(0, 12), "E_INVALIDARG") << url.substr(0, 60);
  }
}

TEST_F(BadInputTest, DeniedAddressesAreRefusedInEverySpelling) {
  for (const char* host :
       {"127.0.0.1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "0.0.0.0", "[::1]", "[::]",
        "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "169.254.169.254", "[fe80::1]", "224.0.0.1",
        "255.255.255.255", "[64:ff9b::127.0.0.1]", "[2002:7f00:1::]"}) {
    EXPECT_EQ(AddUrl(std::string("http://") + host + "/f"), "E_ACCESSDENIED/address_denied")
        << host;
  }
  EXPECT_EQ(AddUrl("http://" + bitsd().endpoint() + "/f"), "E_ACCESSDENIED/address_denied")
      << "its own listener";
}

TEST_F(BadInputTest, ANameOrARedirectThatLeadsToADeniedAddressFailsTheJob) {
  const std::string folder = FolderOf("fetcher");
  ASSERT_EQ(Add("http://localhost:1/f", folder + "/file"), "OK") << "names are judged later";
  ASSERT_TRUE(fetcher_->Resume(job_).ok());
  const bits::v1::Job job = WaitForState(*fetcher_, job_, JOB_STATE_ERROR);
  EXPECT_EQ(job.error().rule(), "address_denied");
}

TEST_F(BadInputTest, LocalNamesThatAreNotPlainAbsolutePathsAreRefused) {
  const std::string folder = FolderOf("fetcher");
  for (const std::string& path : std::vector<std::string>{
           "", "relative", "./file", folder + "/../file", folder + "//file", folder + "/",
           folder + "/.", folder + std::string("/a\0b", 4), folder + "/" + std::string(256, 'a'),
           "/" + std::string(4096, 'a')}) {
    EXPECT_EQ(AddPath(path).substr(0, 12), "E_INVALIDARG") << path.substr(0, 60);
  }
}

TEST_F(BadInputTest, LinksPseudoFileSystemsAndBitsdsOwnFoldersAreOutOfReach) {
  const std::string folder = FolderOf("fetcher");
  const std::string link = bitsd().folder().File("link");
  std::filesystem::create_symlink(folder, link);
  EXPECT_EQ(AddPath(link + "/file"), "E_ACCESSDENIED/path_is_link");
  for (const std::string path : {"/proc/self/file", "/sys/kernel/file", "/dev/shm/file"}) {
    // A bare root may lack one of them.
    if (!std::filesystem::exists(path.substr(0, path.rfind('/')))) continue;
    EXPECT_EQ(AddPath(path).substr(0, 14), "E_ACCESSDENIED") << path;
  }
  for (const char* own : {"etc", "pki", "own/state", "own/run", "own/log"}) {
    EXPECT_EQ(AddPath(bitsd().folder().File(own) + "/file").substr(0, 14), "E_ACCESSDENIED") << own;
  }
  const std::string same = bitsd().folder().File("etc") + "/bitsd.yaml";
  EXPECT_EQ(AddPath(same), "E_ACCESSDENIED/path_protected");
}

TEST_F(BadInputTest, ALinkSwappedInAfterAddFileWritesNowhere) {
  web().PutRandom("file", 1000);
  const std::string folder = FolderOf("fetcher");
  const std::string inner = folder + "/inner";
  std::filesystem::create_directory(inner);
  GiveTo(inner, Demo("fetcher").uid, Demo("fetcher").uid);
  ASSERT_EQ(AddPath(inner + "/file"), "OK");
  const std::string target = FolderOf("alice");
  std::filesystem::remove(inner);
  std::filesystem::create_symlink(target, inner);
  ASSERT_TRUE(fetcher_->Resume(job_).ok());
  const bits::v1::Job job = WaitForState(*fetcher_, job_, JOB_STATE_ERROR);
  EXPECT_EQ(job.error().rule(), "path_is_link");
  EXPECT_TRUE(std::filesystem::is_empty(target));
}

TEST_F(BadInputTest, ADestinationThatIsNoRegularFileIsNotReplaced) {
  web().PutRandom("file", 1000);
  const std::string path = FolderOf("fetcher") + "/fifo";
  ASSERT_EQ(mkfifo(path.c_str(), 0666), 0);
  if (AddPath(path) != "OK") return;
  ASSERT_TRUE(fetcher_->Resume(job_).ok());
  WaitForState(*fetcher_, job_, bits::v1::JOB_STATE_TRANSFERRED);
  EXPECT_EQ(ErrorText(fetcher_->Complete(job_).status()), "E_ACCESSDENIED/path_not_regular");
  EXPECT_TRUE(std::filesystem::is_fifo(path));
}

TEST_F(BadInputTest, NamesIdsTokensAndFlagsOutOfBoundsAreRefused) {
  bits::v1::CreateJobRequest create;
  EXPECT_EQ(ErrorText(fetcher_->CreateJob(create).status()), "E_INVALIDARG");
  create.set_display_name(std::string(257, 'a'));
  EXPECT_EQ(ErrorText(fetcher_->CreateJob(create).status()), "E_INVALIDARG");
  create.set_display_name("job");
  create.set_description(std::string(1025, 'a'));
  EXPECT_EQ(ErrorText(fetcher_->CreateJob(create).status()), "BG_E_STRING_TOO_LONG");
  create.clear_description();
  create.set_type(bits::v1::JOB_TYPE_UPLOAD);
  EXPECT_EQ(ErrorText(fetcher_->CreateJob(create).status()), "E_NOTIMPL");
  EXPECT_EQ(ErrorText(fetcher_->GetJob("nonsense").status()), "E_INVALIDARG");
  EXPECT_EQ(ErrorText(fetcher_->GetJob("00000000-0000-4000-8000-000000000000").status()),
            "BG_E_NOT_FOUND");
  bits::v1::ListJobsRequest list;
  list.set_page_token("elsewhere");
  EXPECT_EQ(ErrorText(fetcher_->ListJobs(list).status()), "E_INVALIDARG");
  const bits::Handle handle = HandleFor(*fetcher_, job_, "alice");
  EXPECT_EQ(ErrorText(fetcher_->SetHelperTokenFlags(handle, 4)), "E_INVALIDARG");
  EXPECT_EQ(ErrorText(fetcher_->SetHelperTokenFlags(handle, 0x80000001)), "E_INVALIDARG");
}

TEST_F(BadInputTest, HandlesThatAreNotWholeAndOwnAreRefused) {
  const std::string other = CreateJob(*fetcher_);
  const std::string first = HandleFor(*fetcher_, job_, "alice").bytes();
  const std::string second = HandleFor(*fetcher_, other, "alice").bytes();
  const auto read = [&](const std::string& bytes) {
    return ErrorText(fetcher_->GetHelperTokenFlags(*bits::Handle::FromBytes(bytes)).status());
  };
  EXPECT_EQ(read(first), "OK");
  EXPECT_EQ(read(first.substr(0, 16) + second.substr(16)), "RPC_E_DISCONNECTED");
  EXPECT_EQ(read(std::string(32, 'x')), "RPC_E_DISCONNECTED");
  for (int i = 0; i < 15; ++i) HandleFor(*fetcher_, job_, "alice");
  EXPECT_EQ(ErrorText(fetcher_->QueryInterface(job_, std::nullopt).status()), "E_OUTOFMEMORY");
}

TEST_F(BadInputTest, OthersCannotOpenTheJob) {
  const bits::Client mallory = As("mallory");
  const std::string text = "E_ACCESSDENIED/job_access";
  EXPECT_EQ(ErrorText(mallory.GetJob(job_).status()), text);
  EXPECT_EQ(ErrorText(mallory.Suspend(job_).status()), text);
  EXPECT_EQ(ErrorText(mallory.Cancel(job_).status()), text);
  EXPECT_EQ(ErrorText(mallory.Complete(job_).status()), text);
  EXPECT_EQ(ErrorText(mallory.QueryInterface(job_, std::nullopt).status()), text);
  EXPECT_EQ(ErrorText(mallory.ListAllFiles(job_).status()), text);
  EXPECT_EQ(ErrorText(mallory.ListAllJobs(true).status()), "E_ACCESSDENIED/all_users");
}

TEST_F(BadInputTest, NoHandleReachesALogOrAJob) {
  const bits::Handle handle = HandleFor(*fetcher_, job_, "alice");
  ASSERT_TRUE(As("alice").SetHelperToken(handle, Demo("alice").sid).ok());
  ASSERT_TRUE(bitsd().Stop().ok());
  const std::string audit = ReadFile(bitsd().folder().File("own/log/audit.log"));
  ASSERT_NE(audit.find("handle_acquired"), std::string::npos);
  const std::string secret = handle.ToHex().substr(32);
  EXPECT_EQ(audit.find(secret), std::string::npos);
  EXPECT_EQ(bitsd().Log().find(secret), std::string::npos);
}

}  // namespace
}  // namespace bitsd::tests
