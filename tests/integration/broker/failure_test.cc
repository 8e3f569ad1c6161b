// What ends when something hangs or dies, and what does not.

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <thread>

#include "server/broker/broker_link.h"
#include "server/broker/wire/wire.h"
#include "tests/integration/broker/broker_fixture.h"

namespace bitsd {
namespace {

TEST_F(BrokerTest, AHungWorkerCostsOnlyItsOwnIdentityAndOnlyTheDeadline) {
  StartBroker(absl::Milliseconds(500));
  ASSERT_EQ(Refusal(client_->CheckDirectory(Alice(), alices_)), "ok");
  const pid_t hung = OnlyWorker();
  ASSERT_EQ(::kill(hung, SIGSTOP), 0);
  const absl::Time start = absl::Now();
  std::vector<std::thread> threads;
  threads.reserve(8);
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      const std::string answer = Refusal(client_->CheckDirectory(Alice(), alices_));
      EXPECT_TRUE(answer == "unavailable" || answer == "ok") << answer;
    });
  }
  EXPECT_EQ(Refusal(client_->CheckDirectory(Bob(), bobs_)), "ok");
  for (std::thread& thread : threads) thread.join();
  EXPECT_LT(absl::Now() - start, absl::Seconds(5));
  EXPECT_EQ(Refusal(client_->CheckDirectory(Alice(), alices_)), "ok");
  EXPECT_TRUE(client_->healthy());
  ASSERT_EQ(::kill(hung, SIGCONT), 0);
  EXPECT_TRUE(Eventually([&] { return !IsAlive(hung); })) << "its channel is closed";
}

TEST_F(BrokerTest, AWorkerThatDiedIsReplacedUnnoticed) {
  StartBroker();
  ASSERT_EQ(Refusal(client_->CheckDirectory(Alice(), alices_)), "ok");
  const pid_t worker = OnlyWorker();
  ASSERT_EQ(::kill(worker, SIGKILL), 0);
  EXPECT_TRUE(Eventually([&] { return StatusOf(worker, "State").empty(); })) << "a zombie is left";
  EXPECT_EQ(Refusal(client_->CheckDirectory(Alice(), alices_)), "ok");
}

TEST_F(BrokerTest, WorkersEndWithTheirBrokerAlthoughTheyAreOthers) {
  StartBroker();
  ASSERT_EQ(Refusal(client_->CheckDirectory(Alice(), alices_)), "ok");
  const pid_t worker = OnlyWorker();
  ASSERT_EQ(::kill(broker_, SIGKILL), 0);
  EXPECT_TRUE(Eventually([&] { return !IsAlive(worker); }));
  EXPECT_TRUE(Eventually([&] { return !client_->healthy(); }));
  EXPECT_EQ(Refusal(client_->CheckDirectory(Alice(), alices_)), "unavailable");
}

TEST_F(BrokerTest, BrokerAndWorkersEndWithTheServer) {
  StartBroker();
  ASSERT_EQ(Refusal(client_->CheckDirectory(Alice(), alices_)), "ok");
  const pid_t worker = OnlyWorker();
  client_.reset();
  EXPECT_TRUE(Eventually([&] { return !IsAlive(worker) && !IsAlive(broker_); }));
}

TEST_F(BrokerTest, ABrokerThatHangsCostsTheDeadline) {
  StartBroker(absl::Milliseconds(300));
  ASSERT_EQ(::kill(broker_, SIGSTOP), 0);
  EXPECT_EQ(Refusal(client_->CheckDirectory(Alice(), alices_)), "unavailable");
}

TEST_F(BrokerTest, ACallerThatComesLateDoesNotCostTheOthersTheirBroker) {
  const UniqueFd channel = StartRawBroker();
  ChannelPair control = MakeChannelPair();
  ASSERT_EQ(SendPacket(control.first.get(), EncodeBrokerHello(true), channel.get()),
            SendResult::kSent);
  BrokerLink link(std::move(control.second));
  const std::string request = wire::Encode(wire::OpenWorkerRequest{Alice().sid, Alice().posix});
  EXPECT_EQ(Refusal(link.Open(request, std::chrono::steady_clock::now()).status()), "ok");
  EXPECT_TRUE(link.healthy());
}

}  // namespace
}  // namespace bitsd
