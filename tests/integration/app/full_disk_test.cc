// The disk of the store is full: changes are refused, withdrawals hold, reads go on, and it
// recovers by itself.

#include "tests/testing/full_disk.h"

#include <sqlite3.h>

#include <utility>

#include "gmock/gmock.h"
#include "tests/testing/bitsd/bitsd_fixture.h"

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
    sqlite3_close(std::exchange(reader_, nullptr));
    if (disk_) bitsd().Kill();  // It must be gone before its disk is.
  }

  static absl::Status Describe(const bits::Client& client, const std::string& id,
                               const std::string& text) {
    bits::v1::UpdateJobRequest request;
    request.mutable_job()->set_id(id);
    request.mutable_job()->set_description(text);
    request.mutable_update_mask()->add_paths("description");
    return client.UpdateJob(request).status();
  }

  /// Nothing more can be stored, not even in the room that is left within files: somebody who reads
  /// the store, as a backup does, keeps the journal from being begun anew.
  void FillUp() {
    const std::string id = CreateJob(As("admin"));
    ASSERT_EQ(sqlite3_open((bitsd().StateFolder() + "/bitsd.db").c_str(), &reader_), SQLITE_OK);
    ASSERT_EQ(sqlite3_exec(reader_, "BEGIN; SELECT count(*) FROM jobs", nullptr, nullptr, nullptr),
              SQLITE_OK);
    disk_->Fill();
    ASSERT_TRUE(WaitFor([&] { return !Describe(As("admin"), id, "more").ok(); }));
  }
  void MakeRoom() {
    sqlite3_close(std::exchange(reader_, nullptr));
    disk_->Free();
  }

  std::string Running() {
    web().PutRandom("file", 16 << 20);
    const std::string id = CreateJob(*fetcher_);
    EXPECT_TRUE(AddFile(*fetcher_, id, "slow/file", FolderOf("fetcher") + "/file").ok());
    EXPECT_TRUE(fetcher_->Resume(id).ok());
    EXPECT_TRUE(WaitFor([&] { return fetcher_->GetJob(id)->progress().bytes_transferred() > 0; }));
    return id;
  }

  sqlite3* reader_ = nullptr;
  std::optional<FullDisk> disk_;
  std::optional<bits::Client> fetcher_;
};

TEST_F(FullDiskTest, ChangesAreRefusedReadsGoOnAndItRecoversByItself) {
  const std::string id = CreateJob(*fetcher_);
  ASSERT_TRUE(Describe(*fetcher_, id, "before").ok());
  FillUp();
  const absl::Status refused = Describe(*fetcher_, id, "while full");
  EXPECT_TRUE(absl::IsResourceExhausted(refused)) << refused;
  EXPECT_EQ(bits::ErrorOf(refused).hresult, 0x80070070u);
  const std::string description = fetcher_->GetJob(id)->description();
  EXPECT_NE(description, "while full");
  EXPECT_EQ(fetcher_->ListAllJobs(false)->size(), 1u);
  MakeRoom();
  EXPECT_TRUE(WaitFor([&] { return Describe(*fetcher_, id, "after").ok(); }));
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
  MakeRoom();
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
  MakeRoom();
  ASSERT_TRUE(WaitFor([&] { return fetcher_->Resume(id).ok(); }));
  FillUp();
  MakeRoom();
  WaitForState(*fetcher_, id, JOB_STATE_TRANSFERRED);
  ASSERT_TRUE(fetcher_->Complete(id).ok());
  EXPECT_EQ(ReadFile(path), content);
}

}  // namespace
}  // namespace bitsd::tests
