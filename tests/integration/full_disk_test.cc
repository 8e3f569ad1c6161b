// The disk of the store is full: changes are refused, withdrawals hold, reads go on, and it
// recovers by itself.

#include "tests/testing/full_disk.h"

#include "gmock/gmock.h"
#include "tests/testing/bitsd_test.h"

namespace bitsd::tests {
namespace {

using bits::v1::JOB_STATE_SUSPENDED;
using bits::v1::JOB_STATE_TRANSFERRED;
using bits::v1::WAITING_FOR_STORE;

class FullDiskTest : public BitsdTest {
 protected:
  void SetUp() override {
    BitsdTest::SetUp();
    if (IsSkipped()) return;
    ASSERT_TRUE(bitsd().Stop().ok());
    disk_.emplace(bitsd().StateFolder(), size_t{4} << 20, kBitsdUser);
    ASSERT_TRUE(disk_->mounted());
    ASSERT_TRUE(bitsd().StartAgain().ok());
    fetcher_ = As("fetcher");
  }
  void TearDown() override {
    if (disk_) bitsd().Kill();  // It must be gone before its disk is.
  }

  absl::Status Describe(const std::string& id, const std::string& text) {
    bits::v1::UpdateJobRequest request;
    request.mutable_job()->set_id(id);
    request.mutable_job()->set_description(text);
    request.mutable_update_mask()->add_paths("description");
    return fetcher_->UpdateJob(request).status();
  }

  /// Nothing more can be stored: also the room that is left within files is used up.
  void FillUp() {
    disk_->Fill();
    bits::v1::CreateJobRequest request;
    request.set_display_name("more");
    request.set_description(std::string(1000, 'x'));
    const bits::Client admin = As("admin");
    ASSERT_TRUE(WaitFor([&] { return !admin.CreateJob(request).ok(); }));
  }

  std::string Running() {
    web().PutRandom("file", 16 << 20);
    const std::string id = CreateJob(*fetcher_);
    EXPECT_TRUE(AddFile(*fetcher_, id, "slow/file", FolderOf("fetcher") + "/file").ok());
    EXPECT_TRUE(fetcher_->Resume(id).ok());
    EXPECT_TRUE(WaitFor([&] { return fetcher_->GetJob(id)->progress().bytes_transferred() > 0; }));
    return id;
  }

  std::optional<FullDisk> disk_;
  std::optional<bits::Client> fetcher_;
};

TEST_F(FullDiskTest, ChangesAreRefusedReadsGoOnAndItRecoversByItself) {
  const std::string id = CreateJob(*fetcher_);
  ASSERT_TRUE(Describe(id, "before").ok());
  FillUp();
  const absl::Status refused = Describe(id, "while full");
  EXPECT_TRUE(absl::IsResourceExhausted(refused)) << refused;
  EXPECT_EQ(bits::ErrorOf(refused).hresult, 0x80070070u);
  const std::string description = fetcher_->GetJob(id)->description();
  EXPECT_NE(description, "while full");
  EXPECT_EQ(fetcher_->ListAllJobs(false)->size(), 1u);
  disk_->Free();
  EXPECT_TRUE(WaitFor([&] { return Describe(id, "after").ok(); }));
  bitsd().Kill();
  ASSERT_TRUE(bitsd().StartAgain().ok());
  EXPECT_EQ(As("fetcher").GetJob(id)->description(), "after");
}

TEST_F(FullDiskTest, WithdrawalsHoldAndAreStoredOnceThereIsRoom) {
  const std::string id = Running();
  const bits::Handle handle = HandleFor(*fetcher_, id, "alice");
  ASSERT_TRUE(As("alice").SetHelperToken(handle, Demo("alice").sid).ok());
  FillUp();
  EXPECT_EQ(ErrorText(fetcher_->Suspend(id).status()), "ERROR_DISK_FULL");
  EXPECT_EQ(ErrorText(As("alice").ClearHelperToken(handle)), "ERROR_DISK_FULL");
  const bits::v1::Job stopped = *fetcher_->GetJob(id);
  EXPECT_EQ(stopped.state(), JOB_STATE_SUSPENDED);
  EXPECT_EQ(stopped.waiting_for(), WAITING_FOR_STORE);
  EXPECT_EQ(*fetcher_->GetHelperTokenSid(handle), std::nullopt);
  disk_->Free();
  EXPECT_TRUE(WaitFor([&] { return fetcher_->GetJob(id)->waiting_for() != WAITING_FOR_STORE; }));
  bitsd().Kill();
  ASSERT_TRUE(bitsd().StartAgain().ok());
  EXPECT_EQ(As("fetcher").GetJob(id)->state(), JOB_STATE_SUSPENDED);
}

TEST_F(FullDiskTest, ARunningTransferWaitsAndGoesOn) {
  const std::string content = web().PutRandom("small", 100'000);
  const std::string id = CreateJob(*fetcher_);
  const std::string path = FolderOf("fetcher") + "/small";
  ASSERT_TRUE(AddFile(*fetcher_, id, "small", path).ok());
  FillUp();
  // Room for a moment: the job begins, and what it has to record comes when there is none.
  disk_->Free();
  ASSERT_TRUE(WaitFor([&] { return fetcher_->Resume(id).ok(); }));
  FillUp();
  disk_->Free();
  WaitForState(*fetcher_, id, JOB_STATE_TRANSFERRED);
  ASSERT_TRUE(fetcher_->Complete(id).ok());
  EXPECT_EQ(ReadFile(path), content);
}

}  // namespace
}  // namespace bitsd::tests
