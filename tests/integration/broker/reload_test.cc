// The broker's own copy of its files: read again when they change, believed only when it may be.

#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "server/base/private_file.h"
#include "server/error/errors.h"
#include "tests/integration/broker/broker_fixture.h"

namespace bitsd {
namespace {

/// A directory with alice, and with bob when the file says so.
class AliceAndMaybeBob : public AccountDirectory {
 public:
  explicit AliceAndMaybeBob(bool bob) : bob_(bob) {}
  std::shared_ptr<const Account> Find(const Sid& sid) const override {
    const ActingIdentity who = sid == Bob().sid ? Bob() : Alice();
    if (sid != who.sid || (sid == Bob().sid && !bob_)) return nullptr;
    auto account = std::make_shared<Account>();
    account->sid = sid;
    account->posix = who.posix;
    return account;
  }

 private:
  const bool bob_;
};

/// The file holds "bob" or nothing; after a newline an allowed root may follow.
absl::StatusOr<BrokerFiles> Load(const std::string& path, uid_t owner) {
  absl::StatusOr<std::string> text = ReadPrivateFile(path, owner, 1000);
  if (!text.ok()) return text.status();
  if (text->starts_with("broken")) return error::InvalidArgument("accounts: broken");
  BrokerFiles files{std::make_shared<const AliceAndMaybeBob>(text->starts_with("bob")), {}};
  if (const size_t line = text->find('\n'); line != std::string::npos) {
    files.allowed_roots = {text->substr(line + 1)};
  }
  return files;
}

class BrokerReloadTest : public BrokerTest {
 protected:
  void SetUp() override {
    BrokerTest::SetUp();
    if (IsSkipped()) return;
    file_ = folder_.MakeFolder("etc", 0755) + "/accounts";
    Write("bob");
    options_.watched_files = {file_};
    options_.load = [file = file_](uid_t owner) { return Load(file, owner); };
    StartBroker();
  }

  void Write(const std::string& text) {
    const std::string next = file_ + ".new";
    std::ofstream(next) << text;
    ASSERT_EQ(::chmod(next.c_str(), 0644), 0);
    ASSERT_EQ(::rename(next.c_str(), file_.c_str()), 0);
  }

  std::string AskAsBob() { return Refusal(client_->CheckDirectory(Bob(), bobs_)); }
  std::string AskAsAlice() { return Refusal(client_->CheckDirectory(Alice(), alices_)); }

  std::string file_;
};

TEST_F(BrokerReloadTest, TheWorkerOfAnIdentityThatIsGoneEndsByItself) {
  ASSERT_EQ(AskAsBob(), "ok");
  const pid_t worker = OnlyWorker();
  Write("");
  EXPECT_TRUE(Eventually([&] { return !IsAlive(worker); }));
  EXPECT_EQ(AskAsBob(), "unknown_identity");
  EXPECT_EQ(AskAsAlice(), "ok");
}

TEST_F(BrokerReloadTest, TheWorkerOfAnIdentityThatStaysGoesOn) {
  ASSERT_EQ(AskAsAlice(), "ok");
  const pid_t worker = OnlyWorker();
  Write("");
  EXPECT_EQ(AskAsBob(), "unknown_identity");
  EXPECT_EQ(AskAsAlice(), "ok");
  EXPECT_EQ(OnlyWorker(), worker);
}

TEST_F(BrokerReloadTest, ANewIdentityIsKnownAtTheFirstRequest) {
  Write("");
  ASSERT_EQ(AskAsBob(), "unknown_identity");
  Write("bob");
  EXPECT_EQ(AskAsBob(), "ok") << "no wait between the change and the request";
}

TEST_F(BrokerReloadTest, ABrokenFileLeavesTheOldOneInForce) {
  ASSERT_EQ(AskAsBob(), "ok");
  const pid_t worker = OnlyWorker();
  Write("broken");
  EXPECT_EQ(AskAsAlice(), "ok") << "the broker has seen the file, and goes by the old one";
  EXPECT_TRUE(IsAlive(worker));
  Write("");
  EXPECT_TRUE(Eventually([&] { return AskAsBob() == "unknown_identity"; }));
}

TEST_F(BrokerReloadTest, AFileThatOthersMayWriteOrOwnIsNotBelieved) {
  Write("");
  ASSERT_EQ(AskAsBob(), "unknown_identity");
  const std::string next = file_ + ".new";
  for (const bool owned : {false, true}) {
    std::ofstream(next) << "bob";
    ASSERT_EQ(::chmod(next.c_str(), owned ? 0644 : 0666), 0);
    // Not even the service's own user, which the server is.
    ASSERT_EQ(::chown(next.c_str(), owned ? kServiceUid : 0, 0), 0);
    ASSERT_EQ(::rename(next.c_str(), file_.c_str()), 0);
    EXPECT_EQ(AskAsBob(), "unknown_identity") << owned;
  }
  ASSERT_EQ(::unlink(file_.c_str()), 0);
  EXPECT_EQ(AskAsBob(), "unknown_identity");
  EXPECT_EQ(AskAsAlice(), "ok");
}

TEST_F(BrokerReloadTest, NewAllowedRootsBindWorkersThatRanBefore) {
  ASSERT_EQ(AskAsAlice(), "ok");
  Write("bob\n" + bobs_);
  EXPECT_EQ(AskAsBob(), "ok");  // A new worker: the broker has seen the change.
  EXPECT_TRUE(Eventually([&] { return AskAsAlice() == "path_outside_roots"; }));
}

TEST_F(BrokerReloadTest, ABrokerDoesNotStartOnFilesThatOthersCanWrite) {
  ASSERT_EQ(::chmod(file_.c_str(), 0664), 0);
  EXPECT_FALSE(Broker::Make(options_, true).ok());
  ASSERT_EQ(::chmod(file_.c_str(), 0644), 0);
  EXPECT_TRUE(Broker::Make(options_, true).ok());
}

}  // namespace
}  // namespace bitsd
