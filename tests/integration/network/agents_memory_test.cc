// What a loan leaves behind: a server process is looked through, while the loan lasts and after.

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <future>
#include <iostream>
#include <string>

#include "gmock/gmock.h"
#include "server/app/early_binding.h"
#include "server/base/wiped_memory.h"
#include "server/network/agent_process.h"
#include "tests/integration/network/agents_fixture.h"
#include "tests/testing/credential_caches.h"
#include "tests/testing/process_memory.h"
#include "tests/testing/wait.h"

namespace bitsd::tests {
namespace {

using testing::IsEmpty;

Secret ReadCache(const std::string& path) {
  char bytes[16 * 1024];
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  const ssize_t size = ::read(file.get(), bytes, sizeof(bytes));
  Secret cache(std::string_view(bytes, size > 0 ? static_cast<size_t>(size) : 0));
  explicit_bzero(bytes, sizeof(bytes));
  return cache;
}

/// Tells `talk` each step, and goes on when it hears of it.
void Step(int talk, char what) {
  char answer = 0;
  if (::write(talk, &what, 1) != 1 || ::read(talk, &answer, 1) != 1) ::_exit(1);
}

/// A server that borrows, uses and gives back.
[[noreturn]] void BorrowingServer(BrokerProcess& broker, const std::string& path, int talk) {
  WipeFreedMemory();
  auto client = broker.Connect(absl::Seconds(10));
  if (!client.ok()) ::_exit(1);
  Timer timer;
  network::AgentIdentities networks(
      [&](const auto& who, Deadline deadline) { return (*client)->OpenAgent(who, deadline); },
      timer, {});
  std::promise<absl::StatusOr<NetworkIdentities::Delegated>> taken;
  networks.Take(kAliceSid, ReadCache(path),
                [&](auto result) { taken.set_value(std::move(result)); });
  auto lent = taken.get_future().get();
  if (!lent.ok()) ::_exit(2);
  std::promise<absl::StatusOr<std::string>> token;
  lent->identity->Negotiate("localhost", [&](auto result) { token.set_value(std::move(result)); });
  if (!token.get_future().get().ok()) ::_exit(3);
  Step(talk, 'l');
  lent->identity.reset();
  Step(talk, 'g');
  ::_exit(0);
}

TEST_F(AgentsTest, TheServerHasNothingOfALoanInItsMemory) {
  const std::string path = kdc().folder().File("alice.cc");
  ASSERT_TRUE(kdc().WriteCache("alice", path).ok());
  CredentialsOf(kAliceSid).delegated = {{"alice@TEST.LOCAL"}};
  ChannelPair talk = MakeChannelPair();
  std::unique_ptr<BrokerProcess> broker = StartBroker();
  const pid_t server = ::fork();
  if (server == 0) BorrowingServer(*broker, path, talk.second.get());
  talk.second.Reset();
  // Only now does this process read the cache: the other one has no copy of its memory.
  const std::string key = TgtKey(path);
  ASSERT_GE(key.size(), 16u);
  char step = 0;
  ASSERT_EQ(::read(talk.first.get(), &step, 1), 1) << "it could not borrow";
  EXPECT_THAT(FindInMemory(server, key), IsEmpty()) << "while it lasts";
  // Nor have the registers of whoever copied it been saved on a stack.
  const std::string cache = ReadFile(path);
  for (size_t back = 32; back <= 128; back += 32) {
    const std::string part = cache.substr(cache.size() - back, 16);
    EXPECT_THAT(FindInMemory(server, part), IsEmpty()) << back << " bytes before its end";
  }
  EXPECT_GT(
      CountInMemory(server, "S-1-5-21-1-2-3-1002") + CountInMemory(server, "alice@TEST.LOCAL"), 0)
      << "what is looked at is its memory";
  const std::set<pid_t> agents = ChildrenOf(broker->pid());
  ASSERT_EQ(agents.size(), 1u);
  EXPECT_GT(CountInMemory(*agents.begin(), key), 0) << "the agent has it";
  ASSERT_EQ(::write(talk.first.get(), "g", 1), 1);
  ASSERT_EQ(::read(talk.first.get(), &step, 1), 1);
  EXPECT_THAT(FindInMemory(server, key), IsEmpty()) << "afterwards";
  EXPECT_THAT(FindInMemory(broker->pid(), key), IsEmpty());
  EXPECT_TRUE(WaitFor([&] { return ChildrenOf(broker->pid()).empty(); }));
  ::kill(server, SIGKILL);
  ::waitpid(server, nullptr, 0);
}

}  // namespace
}  // namespace bitsd::tests

// The server here is a copy of this process: it has to be as bitsd is.
int main(int argc, char** argv) {
  if (const absl::Status bound = bitsd::BindEarly(argv); !bound.ok()) {
    std::cerr << bound << "\n";
    return EXIT_FAILURE;
  }
  testing::InitGoogleMock(&argc, argv);
  return RUN_ALL_TESTS();
}
