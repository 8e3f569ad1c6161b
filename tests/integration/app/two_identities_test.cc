// Jobs of one identity whose files are written as another, through the real bitsd.

#include <sys/stat.h>

#include <filesystem>

#include "gmock/gmock.h"
#include "tests/testing/bitsd/bitsd_fixture.h"

namespace bitsd::tests {
namespace {

using bits::v1::JOB_STATE_ERROR;
using bits::v1::JOB_STATE_SUSPENDED;
using bits::v1::JOB_STATE_TRANSFERRED;
using testing::IsEmpty;
using testing::SizeIs;

constexpr uint32_t kLocalFile = 1;

class TwoIdentitiesTest : public BitsdTest {
 protected:
  /// A job of fetcher with LOCAL_FILE set and a handle for alice.
  void SetUp() override {
    BitsdTest::SetUp();
    if (IsSkipped()) return;
    fetcher_ = As("fetcher");
    alice_ = As("alice");
    job_ = CreateJob(*fetcher_);
    handle_ = HandleFor(*fetcher_, job_, "alice");
    ASSERT_TRUE(fetcher_->SetHelperTokenFlags(*handle_, kLocalFile).ok());
  }

  absl::Status Lend() { return alice_->SetHelperToken(*handle_, Demo("alice").sid).status(); }

  std::optional<bits::Client> fetcher_;
  std::optional<bits::Client> alice_;
  std::optional<bits::Handle> handle_;
  std::string job_;
};

TEST_F(TwoIdentitiesTest, AFileIsWrittenAsTheHelperWhoLentHerToken) {
  const std::string content = web().PutRandom("file", 3'000'000);
  const std::string path = FolderOf("alice") + "/file";
  ASSERT_TRUE(Lend().ok());
  ASSERT_TRUE(AddFile(*fetcher_, job_, "file", path).ok());
  ASSERT_TRUE(fetcher_->Resume(job_).ok());
  const bits::v1::Job job = WaitForState(*fetcher_, job_, JOB_STATE_TRANSFERRED);
  EXPECT_EQ(job.progress().bytes_transferred(), content.size());
  EXPECT_EQ(OwnerOf(path), static_cast<uid_t>(-1)) << "not in place before Complete";
  const auto done = fetcher_->Complete(job_);
  ASSERT_TRUE(done.ok()) << done.status();
  EXPECT_EQ(done->hresult(), 0u);
  EXPECT_EQ(ReadFile(path), content);
  EXPECT_EQ(OwnerOf(path), Demo("alice").uid);
  struct stat info {};
  ASSERT_EQ(stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0644u);
  for (const char* event : {"temporary_created", "file_published"}) {
    const auto lines = bitsd().AwaitAudit(event, 1);
    ASSERT_THAT(lines, SizeIs(1)) << event;
    EXPECT_EQ(lines[0].value("acting_sid", ""), Demo("alice").sid);
    EXPECT_EQ(lines[0].value("owner_sid", ""), Demo("fetcher").sid);
    EXPECT_EQ(lines[0].value("role", ""), "helper");
  }
}

TEST_F(TwoIdentitiesTest, AFileOfTheHelpersIsNotPutInPlaceByTheOwnerButAgainByTheHelper) {
  const std::string content = web().PutRandom("file", 100'000);
  // The owner may write here, too: it is the file that is not his.
  const std::string path = bitsd().folder().MakeFolder("shared", 0, 0, 0777) + "/file";
  ASSERT_TRUE(Lend().ok());
  ASSERT_TRUE(AddFile(*fetcher_, job_, "file", path).ok());
  ASSERT_TRUE(fetcher_->Resume(job_).ok());
  WaitForState(*fetcher_, job_, JOB_STATE_TRANSFERRED);
  ASSERT_TRUE(alice_->ClearHelperToken(*handle_).ok());
  EXPECT_EQ(ErrorText(fetcher_->Complete(job_).status()), "BG_E_TOKEN_REQUIRED");
  ASSERT_TRUE(fetcher_->SetHelperTokenFlags(*handle_, 0).ok());
  const absl::Status refused = fetcher_->Complete(job_).status();
  EXPECT_EQ(ErrorText(refused), "E_ACCESSDENIED/created_by_another");
  EXPECT_THAT(std::string(refused.message()), testing::HasSubstr(Demo("alice").sid));
  EXPECT_EQ(fetcher_->GetJob(job_)->state(), JOB_STATE_TRANSFERRED);
  EXPECT_EQ(OwnerOf(path), static_cast<uid_t>(-1));
  ASSERT_TRUE(fetcher_->SetHelperTokenFlags(*handle_, kLocalFile).ok());
  ASSERT_TRUE(Lend().ok());
  ASSERT_TRUE(fetcher_->Complete(job_).ok());
  EXPECT_EQ(ReadFile(path), content);
  EXPECT_EQ(OwnerOf(path), Demo("alice").uid);
}

TEST_F(TwoIdentitiesTest, ResumeStartsAFileOfTheHelpersAgainAsTheOwner) {
  const std::string content = web().PutRandom("file", 100'000);
  const std::string folder = bitsd().folder().MakeFolder("shared", 0, 0, 0777);
  ASSERT_TRUE(Lend().ok());
  ASSERT_TRUE(AddFile(*fetcher_, job_, "file", folder + "/file").ok());
  ASSERT_TRUE(fetcher_->Resume(job_).ok());
  WaitForState(*fetcher_, job_, JOB_STATE_TRANSFERRED);
  ASSERT_TRUE(fetcher_->Resume(job_).ok());
  EXPECT_EQ(fetcher_->GetJob(job_)->state(), JOB_STATE_TRANSFERRED) << "alice can put it in place";
  ASSERT_TRUE(alice_->ClearHelperToken(*handle_).ok());
  ASSERT_TRUE(fetcher_->SetHelperTokenFlags(*handle_, 0).ok());
  ASSERT_TRUE(fetcher_->Resume(job_).ok());
  WaitForState(*fetcher_, job_, JOB_STATE_TRANSFERRED);
  const auto completed = fetcher_->Complete(job_);
  ASSERT_TRUE(completed.ok()) << completed.status();
  EXPECT_EQ(ReadFile(folder + "/file"), content);
  EXPECT_EQ(OwnerOf(folder + "/file"), Demo("fetcher").uid);
}

TEST_F(TwoIdentitiesTest, ResumeStartsATransferredFileAgainWhoseTemporaryFileIsGone) {
  const std::string content = web().PutRandom("file", 100'000);
  const std::string folder = FolderOf("alice");
  ASSERT_TRUE(Lend().ok());
  ASSERT_TRUE(AddFile(*fetcher_, job_, "file", folder + "/file").ok());
  ASSERT_TRUE(fetcher_->Resume(job_).ok());
  WaitForState(*fetcher_, job_, JOB_STATE_TRANSFERRED);
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    std::filesystem::remove(entry.path());
  }
  const absl::Status refused = fetcher_->Complete(job_).status();
  EXPECT_EQ(ErrorText(refused), "E_ACCESSDENIED/file_replaced");
  EXPECT_THAT(std::string(refused.message()), testing::HasSubstr("Resume starts that file again"));
  ASSERT_TRUE(fetcher_->Resume(job_).ok());
  WaitForState(*fetcher_, job_, JOB_STATE_TRANSFERRED);
  const auto completed = fetcher_->Complete(job_);
  ASSERT_TRUE(completed.ok()) << completed.status();
  EXPECT_EQ(completed->hresult(), 0u);
  EXPECT_EQ(ReadFile(folder + "/file"), content);
}

TEST_F(TwoIdentitiesTest, AFlagWithoutATokenStopsTheJobAndLendingRecoversIt) {
  const std::string content = web().PutRandom("file", 100'000);
  const std::string path = FolderOf("alice") + "/file";
  ASSERT_TRUE(AddFile(*fetcher_, job_, "file", path).ok()) << "nothing is checked without a token";
  ASSERT_TRUE(fetcher_->Resume(job_).ok());
  const bits::v1::Job failed = WaitForState(*fetcher_, job_, JOB_STATE_ERROR);
  EXPECT_EQ(failed.error().hresult(), 0x80200056u);
  EXPECT_EQ(failed.error().reason(), "BG_E_TOKEN_REQUIRED");
  EXPECT_EQ(failed.waiting_for(), bits::v1::WAITING_FOR_TOKEN);
  ASSERT_TRUE(Lend().ok());
  ASSERT_TRUE(fetcher_->Resume(job_).ok());
  WaitForState(*fetcher_, job_, JOB_STATE_TRANSFERRED);
  ASSERT_TRUE(fetcher_->Complete(job_).ok());
  EXPECT_EQ(OwnerOf(path), Demo("alice").uid);
}

TEST_F(TwoIdentitiesTest, WithoutTheFlagTheOwnerIsRefusedTheHelpersFolder) {
  ASSERT_TRUE(fetcher_->SetHelperTokenFlags(*handle_, 0).ok());
  ASSERT_TRUE(Lend().ok());
  EXPECT_EQ(ErrorText(AddFile(*fetcher_, job_, "file", FolderOf("alice") + "/file")),
            "E_ACCESSDENIED/not_permitted");
}

TEST_F(TwoIdentitiesTest, AddFileChecksTheFolderAsTheHelper) {
  ASSERT_TRUE(Lend().ok());
  EXPECT_EQ(ErrorText(AddFile(*fetcher_, job_, "file", FolderOf("fetcher") + "/file")),
            "E_ACCESSDENIED/not_permitted");
  EXPECT_EQ(ErrorText(AddFile(*fetcher_, job_, "file", FolderOf("alice") + "/file")), "OK");
}

TEST_F(TwoIdentitiesTest, SomebodyElsesHandleIsRefused) {
  const bits::Client mallory = As("mallory");
  const std::string text = "E_ACCESSDENIED/handle_bound_to_another";
  EXPECT_EQ(ErrorText(mallory.SetHelperToken(*handle_, Demo("mallory").sid).status()), text);
  EXPECT_EQ(ErrorText(mallory.ClearHelperToken(*handle_)), text);
  EXPECT_EQ(ErrorText(mallory.GetHelperTokenFlags(*handle_).status()), text);
  EXPECT_EQ(ErrorText(mallory.SetHelperTokenFlags(*handle_, 3)), text);
}

TEST_F(TwoIdentitiesTest, AnAdministratorsTokenIsRefusedOnAnUnelevatedJob) {
  const bits::Client admin = As("admin");
  const bits::Handle owners = HandleFor(*fetcher_, job_, "admin");
  EXPECT_EQ(ErrorText(admin.SetHelperToken(owners, Demo("admin").sid).status()),
            "E_ACCESSDENIED/admin_token_needs_administrator");
  const bits::Handle own = HandleFor(admin, job_, "admin");
  EXPECT_EQ(ErrorText(admin.SetHelperToken(own, Demo("admin").sid).status()),
            "E_ACCESSDENIED/admin_token_on_unelevated_job");
  EXPECT_EQ(ErrorText(own.bytes().empty() ? absl::OkStatus() : Lend()), "OK");
}

TEST_F(TwoIdentitiesTest, AFilteredAdministratorMayLendHerFilteredIdentity) {
  auto options = bitsd().ClientOptionsOf("admin");
  options->filter_admin = true;
  const auto filtered = bits::Client::Connect(*std::move(options));
  const std::string content = web().PutRandom("file", 1000);
  const bits::Handle handle = HandleFor(*fetcher_, job_, "admin");
  ASSERT_EQ(ErrorText(filtered->SetHelperToken(handle, Demo("admin").sid).status()), "OK");
  const std::string folder =
      bitsd().folder().MakeFolder("filtered", Demo("admin").filtered_uid, 0, 0755);
  ASSERT_EQ(ErrorText(AddFile(*fetcher_, job_, "file", folder + "/file")), "OK");
  ASSERT_TRUE(fetcher_->Resume(job_).ok());
  WaitForState(*fetcher_, job_, JOB_STATE_TRANSFERRED);
  ASSERT_TRUE(fetcher_->Complete(job_).ok());
  EXPECT_EQ(OwnerOf(folder + "/file"), Demo("admin").filtered_uid);
}

TEST_F(TwoIdentitiesTest, AFilteredTokenWithoutAnIdentityLendsNothing) {
  auto options = bitsd().ClientOptionsOf("rawadmin");
  options->filter_admin = true;
  const auto filtered = bits::Client::Connect(*std::move(options));
  const bits::Handle handle = HandleFor(*fetcher_, job_, "rawadmin");
  EXPECT_EQ(ErrorText(filtered->SetHelperToken(handle, Demo("rawadmin").sid).status()),
            "E_ACCESSDENIED/filtered_token_has_no_identity");
}

TEST_F(TwoIdentitiesTest, BelowImpersonateNothingIsLent) {
  auto options = bitsd().ClientOptionsOf("alice");
  options->impersonation_level = bits::ImpersonationLevel::kIdentify;
  const auto identify = bits::Client::Connect(*std::move(options));
  EXPECT_EQ(ErrorText(identify->SetHelperToken(*handle_, Demo("alice").sid).status()),
            "CO_E_FAILEDTOIMPERSONATE/impersonation_level");
}

TEST_F(TwoIdentitiesTest, ClearingTheTokenInMidTransferStopsItAtOnce) {
  web().PutRandom("big", 30'000'000);
  ASSERT_TRUE(Lend().ok());
  ASSERT_TRUE(AddFile(*fetcher_, job_, "slow/big", FolderOf("alice") + "/big").ok());
  ASSERT_TRUE(fetcher_->Resume(job_).ok());
  ASSERT_TRUE(WaitFor([&] { return fetcher_->GetJob(job_)->progress().bytes_transferred() > 0; }));
  ASSERT_TRUE(alice_->ClearHelperToken(*handle_).ok());
  const bits::v1::Job stopped = *fetcher_->GetJob(job_);
  EXPECT_EQ(stopped.state(), JOB_STATE_ERROR);
  EXPECT_EQ(stopped.error().reason(), "BG_E_TOKEN_REQUIRED");
  EXPECT_FALSE(stopped.has_helper_token_sid());
}

TEST_F(TwoIdentitiesTest, ATransferGoesOnByRangesUnderARefreshedToken) {
  const std::string content = web().PutRandom("big", 6'000'000);
  ASSERT_TRUE(Lend().ok());
  const std::string path = FolderOf("alice") + "/big";
  ASSERT_TRUE(AddFile(*fetcher_, job_, "slow/big", path).ok());
  ASSERT_TRUE(fetcher_->Resume(job_).ok());
  ASSERT_TRUE(
      WaitFor([&] { return fetcher_->GetJob(job_)->progress().bytes_transferred() > 1'000'000; }));
  ASSERT_TRUE(alice_->ClearHelperToken(*handle_).ok());
  EXPECT_GT(fetcher_->GetJob(job_)->progress().bytes_transferred(), 0u);
  ASSERT_TRUE(Lend().ok());
  ASSERT_TRUE(fetcher_->Resume(job_).ok());
  WaitForState(*fetcher_, job_, JOB_STATE_TRANSFERRED);
  ASSERT_TRUE(fetcher_->Complete(job_).ok());
  EXPECT_EQ(ReadFile(path), content);
  const auto requests = web().Requests();
  ASSERT_THAT(requests, SizeIs(2));
  EXPECT_EQ(requests[1].status, 206);
  EXPECT_FALSE(requests[1].if_range.empty());
}

TEST_F(TwoIdentitiesTest, CancelRemovesTheHelpersTemporaryFilesAndNoDestination) {
  web().PutRandom("big", 30'000'000);
  const std::string folder = FolderOf("alice");
  WriteFile(folder + "/big", "precious");
  ASSERT_TRUE(Lend().ok());
  ASSERT_TRUE(AddFile(*fetcher_, job_, "slow/big", folder + "/big").ok());
  ASSERT_TRUE(fetcher_->Resume(job_).ok());
  ASSERT_TRUE(WaitFor([&] { return fetcher_->GetJob(job_)->progress().bytes_transferred() > 0; }));
  const auto cancelled = fetcher_->Cancel(job_);
  ASSERT_TRUE(cancelled.ok()) << cancelled.status();
  EXPECT_EQ(cancelled->hresult(), 0u);
  EXPECT_THAT(cancelled->job().undeleted_files(), IsEmpty());
  EXPECT_EQ(ReadFile(folder + "/big"), "precious");
  EXPECT_THAT(bitsd().AwaitAudit("temporary_removed", 1), SizeIs(1));
}

TEST_F(TwoIdentitiesTest, WhatNobodyAtHandCanRemoveIsListed) {
  web().PutRandom("big", 30'000'000);
  ASSERT_TRUE(Lend().ok());
  ASSERT_TRUE(AddFile(*fetcher_, job_, "slow/big", FolderOf("alice") + "/big").ok());
  ASSERT_TRUE(fetcher_->Resume(job_).ok());
  ASSERT_TRUE(WaitFor([&] { return fetcher_->GetJob(job_)->progress().bytes_transferred() > 0; }));
  ASSERT_TRUE(alice_->ClearHelperToken(*handle_).ok());
  const auto cancelled = fetcher_->Cancel(job_);
  ASSERT_TRUE(cancelled.ok()) << cancelled.status();
  EXPECT_EQ(cancelled->hresult(), 0x0020001Au);
  EXPECT_THAT(cancelled->job().undeleted_files(), SizeIs(1));
}

TEST_F(TwoIdentitiesTest, TheFiveCallsAreRefusedOnAFinishedJob) {
  ASSERT_TRUE(fetcher_->Cancel(job_).ok());
  const std::string text = "BG_E_INVALID_STATE";
  EXPECT_EQ(ErrorText(Lend()), text);
  EXPECT_EQ(ErrorText(alice_->ClearHelperToken(*handle_)), text);
  EXPECT_EQ(ErrorText(fetcher_->SetHelperTokenFlags(*handle_, 0)), text);
  EXPECT_EQ(ErrorText(fetcher_->GetHelperTokenFlags(*handle_).status()), text);
  EXPECT_EQ(ErrorText(fetcher_->GetHelperTokenSid(*handle_).status()), text);
}

TEST_F(TwoIdentitiesTest, ATokenIsAtAnEndWhenBitsdStartsAgain) {
  ASSERT_TRUE(Lend().ok());
  ASSERT_TRUE(bitsd().Stop().ok());
  ASSERT_TRUE(bitsd().StartAgain().ok());
  EXPECT_EQ(ErrorText(As("alice").SetHelperToken(*handle_, Demo("alice").sid).status()),
            "RPC_E_DISCONNECTED");
}

}  // namespace
}  // namespace bitsd::tests
