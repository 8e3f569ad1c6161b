// A compromised server that speaks to the broker and its workers as it likes.

#include <fcntl.h>
#include <unistd.h>

#include <filesystem>
#include <random>

#include "server/broker/wire/wire.h"
#include "tests/integration/broker/broker_fixture.h"

namespace bitsd {
namespace {

Deadline Soon() { return std::chrono::steady_clock::now() + std::chrono::seconds(20); }

class HostileServerTest : public BrokerTest {
 protected:
  /// Sends `bytes` and returns the refusal, "ok", or "no reply".
  static std::string Say(int channel, const std::string& bytes, UniqueFd* worker = nullptr) {
    Packet packet;
    if (Exchange(channel, bytes, Soon(), &packet) != ExchangeResult::kReply) return "no reply";
    const auto reply = wire::DecodeReply(packet.bytes);
    if (!reply.ok()) return "no sense";
    if (worker != nullptr) *worker = packet.TakeFirst();
    return Refusal(reply->status);
  }

  static std::string OpenAlice() {
    return wire::Encode(wire::OpenWorkerRequest{Alice().sid, Alice().posix});
  }

  /// Neither garbage in any shape nor its amount stops `channel` from answering.
  static void Torment(int channel, const std::string& valid) {
    for (size_t size = 1; size < valid.size(); ++size) {
      EXPECT_EQ(Say(channel, valid.substr(0, size)), "E_INVALIDARG") << size;
    }
    EXPECT_EQ(Say(channel, valid + '\0'), "E_INVALIDARG");
    EXPECT_EQ(Say(channel, std::string(kMaxPacket, '\xff')), "E_INVALIDARG");
    EXPECT_EQ(Say(channel, std::string(kMaxPacket + 1, 'x')), "E_INVALIDARG");
    EXPECT_EQ(Say(channel, std::string(100'000, 'x')), "E_INVALIDARG");
    for (int operation = 0; operation < 256; ++operation) {
      EXPECT_EQ(Say(channel, std::string(1, static_cast<char>(operation))), "E_INVALIDARG");
    }
    std::minstd_rand random(7);
    for (int i = 0; i < 10'000; ++i) {
      std::string noise = valid;
      for (int flips = 0; flips < 3; ++flips)
        noise[random() % noise.size()] = static_cast<char>(random());
      const std::string answer = Say(channel, noise);
      ASSERT_NE(answer, "no reply") << i;
      ASSERT_NE(answer, "no sense") << i;
    }
  }
};

TEST_F(HostileServerTest, TheBrokerAnswersGarbageAndGoesOn) {
  const UniqueFd channel = StartRawBroker();
  // No identity that differs by noise from this one exists: noise may start no worker but its own.
  const std::string unknown =
      wire::Encode(wire::OpenWorkerRequest{Sid(5, {21, 9, 9, 9, 999}), {61999, 61999, {61998}}});
  Torment(channel.get(), unknown);
  EXPECT_TRUE(ChildrenOf(broker_).empty());
  EXPECT_EQ(Say(channel.get(), OpenAlice()), "ok");
}

TEST_F(HostileServerTest, AWorkerAnswersGarbageAndGoesOn) {
  const UniqueFd channel = StartRawBroker();
  UniqueFd worker;
  ASSERT_EQ(Say(channel.get(), OpenAlice(), &worker), "ok");
  wire::FileRequest request;
  request.operation = wire::Operation::kPublish;
  request.path = alices_ + "/" + kTemporaryName;
  request.destination = alices_ + "/file";
  request.next.push_back({".BITfedcba9876543210.tmp", "other", {}, absl::InfinitePast()});
  Torment(worker.get(), wire::Encode(request));
  request.next.clear();
  request.operation = wire::Operation::kCreateTemporary;
  EXPECT_EQ(Say(worker.get(), wire::Encode(request)), "ok");
}

TEST_F(HostileServerTest, AWorkerChecksEveryNameItself) {
  const UniqueFd channel = StartRawBroker();
  UniqueFd worker;
  ASSERT_EQ(Say(channel.get(), OpenAlice(), &worker), "ok");
  wire::FileRequest request;
  request.operation = wire::Operation::kCreateTemporary;
  for (const std::string& path :
       {std::string(), std::string("/"), std::string("relative"), alices_ + "/file",
        alices_ + "/../alice/" + kTemporaryName, alices_ + "//" + kTemporaryName,
        alices_ + std::string("/\0/", 3) + kTemporaryName, alices_ + "/" + kTemporaryName + "/"}) {
    request.path = path;
    EXPECT_EQ(Say(worker.get(), wire::Encode(request)), "E_INVALIDARG") << path;
  }
  EXPECT_TRUE(std::filesystem::is_empty(alices_));
}

TEST_F(HostileServerTest, AnIdentityGetsAtMostFourWorkers) {
  const UniqueFd channel = StartRawBroker();
  std::vector<UniqueFd> workers(5);
  for (int i = 0; i < 4; ++i) EXPECT_EQ(Say(channel.get(), OpenAlice(), &workers[i]), "ok");
  EXPECT_EQ(Say(channel.get(), OpenAlice()), "unavailable");
  workers.pop_back();
  workers.pop_back();
  EXPECT_TRUE(Eventually([&] { return ChildrenOf(broker_).size() == 3; }));
  EXPECT_EQ(Say(channel.get(), OpenAlice()), "ok");
}

TEST_F(HostileServerTest, ThereAreAtMost256Workers) {
  const UniqueFd channel = StartRawBroker();
  std::vector<UniqueFd> workers;
  for (int i = 0; i < 256; ++i) {
    const ActingIdentity who = Identity(61100 + static_cast<uid_t>(i % 64));
    UniqueFd worker;
    ASSERT_EQ(
        Say(channel.get(), wire::Encode(wire::OpenWorkerRequest{who.sid, who.posix}), &worker),
        "ok")
        << i;
    workers.push_back(std::move(worker));
  }
  EXPECT_EQ(Say(channel.get(), OpenAlice()), "unavailable");
}

TEST_F(HostileServerTest, DescriptorsSentToTheBrokerAreClosed) {
  const UniqueFd channel = StartRawBroker();
  ASSERT_EQ(Say(channel.get(), "x"), "E_INVALIDARG");
  const size_t before = DescriptorsOf(broker_).size();
  const UniqueFd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  for (int i = 0; i < 100; ++i) {
    ASSERT_EQ(SendPacket(channel.get(), "x", null.get()), SendResult::kSent);
    Packet packet;
    ASSERT_EQ(ReceivePacket(channel.get(), &packet), ReceiveResult::kPacket);
  }
  EXPECT_TRUE(Eventually([&] { return DescriptorsOf(broker_).size() == before; }));
}

}  // namespace
}  // namespace bitsd
