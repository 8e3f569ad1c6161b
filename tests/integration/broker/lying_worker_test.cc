// A worker that was taken over and answers as it likes: what the server believes of it.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "server/broker/broker_client.h"
#include "server/broker/broker_link.h"
#include "server/broker/wire/wire.h"
#include "server/error/errors.h"
#include "tests/testing/file_facts.h"
#include "tests/testing/temp_folder.h"

namespace bitsd {
namespace {

/// Plays a broker whose every worker gives one answer, of the test's choice.
class LyingWorkerTest : public testing::Test {
 protected:
  LyingWorkerTest() {
    ChannelPair control = MakeChannelPair();
    ChannelPair broker = MakeChannelPair();
    SendPacket(control.first.get(), EncodeBrokerHello(true), broker.second.get());
    supervisor_ = std::move(control.first);
    broker_ = std::move(broker.first);
    client_ = *BrokerClient::Connect(std::move(control.second), absl::Seconds(20));
    thread_ = std::thread([this] { Serve(); });
    broker.second.Reset();
  }
  ~LyingWorkerTest() override {
    client_.reset();
    thread_.join();
  }

  void Serve() {
    Packet packet;
    while (ReceivePacket(broker_.get(), &packet) == ReceiveResult::kPacket) {
      ChannelPair worker = MakeChannelPair();
      SendPacket(broker_.get(), wire::Encode(wire::Reply{}), worker.second.get());
      worker.second.Reset();
      if (ReceivePacket(worker.first.get(), &packet) != ReceiveResult::kPacket) continue;
      const std::lock_guard lock(mutex_);
      SendPacket(worker.first.get(), wire::Encode(reply_), fds_);
    }
  }

  void AnswerWith(wire::Reply reply, std::vector<int> fds) {
    const std::lock_guard lock(mutex_);
    reply_ = std::move(reply);
    fds_ = std::move(fds);
  }

  std::string Create(const std::vector<FileId>& ids, const std::vector<int>& fds,
                     absl::Status answer = absl::OkStatus()) {
    AnswerWith({std::move(answer), ids}, fds);
    std::vector<OpenTemporary> created;
    const ActingIdentity who{Sid(5, {21, 1, 2, 3, 61001}), {61001, 61001, {}}};
    const absl::Status status = client_->CreateTemporaries(
        who, {"/d/.BIT0000000000000001.tmp", "/d/.BIT0000000000000002.tmp"}, &created);
    EXPECT_EQ(created.size(), status.ok() ? 2u : 0u);
    return Refusal(status);
  }

  std::string Publish(size_t count, const std::vector<int>& fds = {},
                      absl::Status answer = absl::OkStatus()) {
    AnswerWith({std::move(answer), std::vector<FileId>(count), std::vector<uint32_t>(count)}, fds);
    const ActingIdentity who{Sid(5, {21, 1, 2, 3, 61001}), {61001, 61001, {}}};
    const std::vector<Publication> files(
        2, {"/d/.BIT0000000000000001.tmp", {1, 2}, "/d/f", absl::InfinitePast()});
    std::vector<uint32_t> published;
    const absl::Status status = client_->PublishFiles(who, files, &published);
    EXPECT_EQ(published.size(), status.ok() ? 2u : 0u);
    return Refusal(status);
  }

  std::string OpenSource(const std::vector<FileId>& ids, const std::vector<int>& fds,
                         absl::Status answer = absl::OkStatus()) {
    AnswerWith({std::move(answer), ids}, fds);
    const ActingIdentity who{Sid(5, {21, 1, 2, 3, 61001}), {61001, 61001, {}}};
    return Refusal(client_->OpenSource(who, "/d/report").status());
  }

  UniqueFd Open(const std::string& path, int access) const {
    return UniqueFd(::open(path.c_str(), access | O_CLOEXEC));
  }

  tests::TempFolder folder_;
  UniqueFd supervisor_;
  UniqueFd broker_;
  std::unique_ptr<BrokerClient> client_;
  std::mutex mutex_;  ///< Guards the answer: reply_ and fds_.
  wire::Reply reply_;
  std::vector<int> fds_;
  std::thread thread_;
};

TEST_F(LyingWorkerTest, OnlyAsManyFilesAsWereAskedForAndAreThereCount) {
  const std::string one = folder_.MakeFile("one");
  const std::string two = folder_.MakeFile("two");
  const UniqueFd first = Open(one, O_RDWR);
  const UniqueFd second = Open(two, O_RDWR);
  const FileId a = IdOf(one);
  const FileId b = IdOf(two);
  EXPECT_EQ(Create({a, b}, {first.get(), second.get()}), "ok");
  EXPECT_EQ(Create({a, b}, {first.get()}), "unavailable");
  EXPECT_EQ(Create({a}, {first.get(), second.get()}), "unavailable");
  EXPECT_EQ(Create({a}, {first.get()}), "unavailable") << "it says that it made both";
  EXPECT_EQ(Create({a, b, a}, {first.get(), second.get(), first.get()}), "unavailable");
  EXPECT_EQ(Create({b, a}, {first.get(), second.get()}), "unavailable");
}

TEST_F(LyingWorkerTest, AnErrorOfAFileThatIsNoneIsNotBelieved) {
  const std::string one = folder_.MakeFile("one");
  const UniqueFd first = Open(one, O_RDWR);
  const absl::Status refused = error::AccessDenied(Rule::kNotPermitted, "all are done");
  EXPECT_EQ(Create({IdOf(one), IdOf(one)}, {first.get(), first.get()}, refused), "unavailable");
  EXPECT_EQ(Publish(2, {}, refused), "unavailable");
}

TEST_F(LyingWorkerTest, WhatIsNoFileToWriteIsNotTaken) {
  const std::string one = folder_.MakeFile("one");
  const UniqueFd first = Open(one, O_RDWR);
  const UniqueFd unwritable = Open(one, O_RDONLY);
  const UniqueFd device = Open("/dev/null", O_RDWR);
  EXPECT_EQ(Create({IdOf(one), IdOf(one)}, {first.get(), unwritable.get()}), "unavailable");
  EXPECT_EQ(Create({IdOf(one), IdOf("/dev/null")}, {first.get(), device.get()}), "unavailable");
}

TEST_F(LyingWorkerTest, AllOfWhatItSaysThatItPublishedWasAskedFor) {
  const UniqueFd device = Open("/dev/null", O_RDWR);
  EXPECT_EQ(Publish(2), "ok");
  EXPECT_EQ(Publish(3), "unavailable");
  EXPECT_EQ(Publish(1), "unavailable");
  EXPECT_EQ(Publish(2, {device.get()}), "unavailable");
}

TEST_F(LyingWorkerTest, ASourceIsOneRegularFileOpenForReadingAlone) {
  const std::string one = folder_.MakeFile("one");
  const std::string pipe = folder_.File("pipe");
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  const FileId id = IdOf(one);
  const UniqueFd file = Open(one, O_RDONLY);
  const UniqueFd writable = Open(one, O_RDWR);
  const UniqueFd unreadable = Open(one, O_PATH);
  const UniqueFd device = Open("/dev/null", O_RDONLY);
  const UniqueFd reader = Open(pipe, O_RDONLY | O_NONBLOCK);
  const UniqueFd folder = Open(folder_.path(), O_RDONLY);
  EXPECT_EQ(OpenSource({id}, {file.get()}), "ok");
  EXPECT_EQ(OpenSource({id}, {writable.get()}), "unavailable");
  EXPECT_EQ(OpenSource({id}, {unreadable.get()}), "unavailable");
  EXPECT_EQ(OpenSource({IdOf("/dev/null")}, {device.get()}), "unavailable");
  EXPECT_EQ(OpenSource({IdOf(pipe)}, {reader.get()}), "unavailable");
  EXPECT_EQ(OpenSource({IdOf(folder_.path())}, {folder.get()}), "unavailable");
  EXPECT_EQ(OpenSource({FileId{1, 2}}, {file.get()}), "unavailable");
  EXPECT_EQ(OpenSource({id, id}, {file.get(), file.get()}), "unavailable");
  EXPECT_EQ(OpenSource({id}, {}), "unavailable");
  EXPECT_EQ(OpenSource({}, {}), "unavailable") << "it says that it opened it";
  EXPECT_EQ(OpenSource({id}, {file.get()}, error::AccessDenied(Rule::kNotPermitted, "it is open")),
            "unavailable");
}

}  // namespace
}  // namespace bitsd
