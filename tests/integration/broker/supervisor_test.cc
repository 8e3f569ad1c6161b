// The supervisor with a real broker and a server that is a function of the test.

#include "server/broker/supervisor.h"

#include <grp.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <functional>

#include "tests/integration/broker/broker_fixture.h"

namespace bitsd {
namespace {

class SupervisorTest : public testing::Test {
 protected:
  void SetUp() override {
    if (::getuid() != 0) GTEST_SKIP() << "leaving root needs root";
    alices_ = folder_.MakeFolder("alice", kAliceUid, kAliceUid, 0700);
    options_.run_as_uid = kServiceUid;
    options_.run_as_gid = kServiceUid;
    options_.broker = TestBrokerOptions(folder_.MakeFolder("state"));
  }
  void TearDown() override {
    if (supervisor_ <= 0) return;
    ::kill(supervisor_, SIGKILL);
    ::waitpid(supervisor_, nullptr, 0);
  }

  /// Runs a supervisor, in a process that `prepare` has made what it should start as.
  void Start(
      const std::function<int(UniqueFd)>& server, const std::function<void()>& prepare = [] {}) {
    supervisor_ = ::fork();
    if (supervisor_ != 0) return;
    test_end_.Reset();
    prepare();
    ::_exit(RunSupervised(options_, server));
  }

  int ExitStatus() {
    int status = 0;
    EXPECT_EQ(::waitpid(supervisor_, &status, 0), supervisor_);
    supervisor_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

  /// Starts a server that answers each packet of the test with what CheckDirectory answers alice.
  void StartAnsweringServer() {
    ChannelPair pair = MakeChannelPair();
    test_end_ = std::move(pair.first);
    Start([this, channel = pair.second.get()](UniqueFd control) {
      return Answer(channel, std::move(control));
    });
  }
  int Answer(int channel, UniqueFd control) {
    auto client = BrokerClient::Connect(std::move(control), absl::Seconds(20));
    if (!client.ok()) return 9;
    Packet packet;
    while (ReceivePacket(channel, &packet) == ReceiveResult::kPacket) {
      if (packet.bytes.starts_with("exit")) return 7;
      const std::string answer = Refusal((*client)->CheckDirectory(Alice(), alices_));
      if (SendPacket(channel, answer) != SendResult::kSent) return 8;
    }
    return 0;
  }
  std::string Ask() {
    Packet reply;
    const Deadline deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    if (Exchange(test_end_.get(), "ask", deadline, &reply) != ExchangeResult::kReply) return "lost";
    return reply.bytes;
  }

  /// The supervisor's child with these effective capabilities: broker or server.
  pid_t ChildWith(const std::string& capabilities) const {
    for (const pid_t child : ChildrenOf(supervisor_)) {
      if (StatusOf(child, "CapEff") == capabilities) return child;
    }
    return -1;
  }
  pid_t BrokerPid() const { return ChildWith("00000000000000c0"); }
  pid_t ServerPid() const { return ChildWith("0000000000000000"); }

  tests::TempFolder folder_;
  SupervisorOptions options_;
  std::string alices_;
  UniqueFd test_end_;
  pid_t supervisor_ = -1;
};

TEST_F(SupervisorTest, TheStatusOfTheServerIsTheStatusOfAll) {
  Start([](UniqueFd) { return 42; });
  EXPECT_EQ(ExitStatus(), 42);
  Start([](UniqueFd) { return ::raise(SIGKILL); });
  EXPECT_EQ(ExitStatus(), 128 + SIGKILL);
}

TEST_F(SupervisorTest, EveryProcessHasOnlyThePrivilegesItNeeds) {
  StartAnsweringServer();
  ASSERT_EQ(Ask(), "ok");
  const pid_t broker = BrokerPid();
  const pid_t server = ServerPid();
  ASSERT_GT(broker, 0);
  ASSERT_GT(server, 0);
  for (const pid_t pid : {supervisor_, broker, server}) {
    EXPECT_EQ(StatusOf(pid, "Uid"), "61000\t61000\t61000\t61000");
    EXPECT_EQ(StatusOf(pid, "Gid"), "61000\t61000\t61000\t61000");
    EXPECT_EQ(StatusOf(pid, "Groups"), "");
    EXPECT_EQ(StatusOf(pid, "NoNewPrivs"), "1");
    EXPECT_EQ(StatusOf(pid, "CapAmb"), "0000000000000000");
    EXPECT_EQ(StatusOf(pid, "CapInh"), "0000000000000000");
    EXPECT_EQ(StatusOf(pid, "CapBnd"), "00000000000000c0");
    EXPECT_EQ(Stat("/proc/" + std::to_string(pid) + "/mem").st_uid, 0u) << "it can be dumped";
  }
  EXPECT_EQ(StatusOf(server, "CapPrm"), "0000000000000000");
  EXPECT_EQ(StatusOf(supervisor_, "CapPrm"), "00000000000000c0");
}

TEST_F(SupervisorTest, ABrokerThatIsKilledIsStartedAgainAndTheServerRecovers) {
  StartAnsweringServer();
  ASSERT_EQ(Ask(), "ok");
  const size_t descriptors = DescriptorsOf(supervisor_).size();
  for (int i = 0; i < 3; ++i) {
    const pid_t broker = BrokerPid();
    ASSERT_EQ(::kill(broker, SIGKILL), 0);
    EXPECT_TRUE(Eventually([&] { return StatusOf(broker, "State").empty(); }))
        << "a zombie is left";
    EXPECT_TRUE(Eventually([&] { return Ask() == "ok"; }));
    EXPECT_NE(BrokerPid(), broker);
  }
  EXPECT_EQ(DescriptorsOf(supervisor_).size(), descriptors);
}

TEST_F(SupervisorTest, AllEndWithTheSupervisor) {
  StartAnsweringServer();
  ASSERT_EQ(Ask(), "ok");
  const pid_t broker = BrokerPid();
  const pid_t server = ServerPid();
  const std::set<pid_t> workers = ChildrenOf(broker);
  ASSERT_EQ(workers.size(), 1u);
  ASSERT_EQ(::kill(supervisor_, SIGKILL), 0);
  EXPECT_EQ(ExitStatus(), -1);
  EXPECT_TRUE(Eventually(
      [&] { return !IsAlive(broker) && !IsAlive(server) && !IsAlive(*workers.begin()); }));
}

TEST_F(SupervisorTest, AllEndWithTheServer) {
  StartAnsweringServer();
  ASSERT_EQ(Ask(), "ok");
  const pid_t broker = BrokerPid();
  const std::set<pid_t> workers = ChildrenOf(broker);
  ASSERT_EQ(workers.size(), 1u);
  ASSERT_EQ(SendPacket(test_end_.get(), "exit"), SendResult::kSent);
  EXPECT_EQ(ExitStatus(), 7);
  EXPECT_TRUE(StatusOf(broker, "State").empty());
  EXPECT_TRUE(Eventually([&] { return !IsAlive(*workers.begin()); }));
}

TEST_F(SupervisorTest, SignalsAreTheServersToHandle) {
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) {
    ChannelPair pair = MakeChannelPair();
    Start([&](UniqueFd) {
      sigset_t all;
      ::sigfillset(&all);
      ::sigprocmask(SIG_BLOCK, &all, nullptr);
      SendPacket(pair.second.get(), "ready");
      int received = 0;
      ::sigwait(&all, &received);
      return received;
    });
    Packet packet;
    ASSERT_EQ(ReceivePacket(pair.first.get(), &packet), ReceiveResult::kPacket);
    ASSERT_EQ(::kill(supervisor_, signal), 0);
    EXPECT_EQ(ExitStatus(), signal);
  }
}

TEST_F(SupervisorTest, TheServerInheritsNoDescriptorOfSupervisorOrBroker) {
  std::set<std::string> before;
  for (const std::string& descriptor : DescriptorsOf(::getpid())) before.insert(descriptor);
  StartAnsweringServer();
  ASSERT_EQ(Ask(), "ok");
  const pid_t server = ServerPid();
  // The test's own channel end, the control socket, the broker's and the worker's channel.
  std::vector<std::string> added;
  for (const std::string& descriptor : DescriptorsOf(server)) {
    if (!before.contains(descriptor)) added.push_back(descriptor);
  }
  EXPECT_EQ(added.size(), 4u) << testing::PrintToString(added);
  EXPECT_EQ(DescriptorsOf(ServerPid()).size(), DescriptorsOf(server).size());
}

TEST_F(SupervisorTest, RootWithoutAnotherUserToBecomeIsRefused) {
  const auto never = [](UniqueFd) { return 42; };
  options_.run_as_uid.reset();
  Start(never);
  EXPECT_EQ(ExitStatus(), EXIT_FAILURE);
  options_.run_as_uid = 0;
  Start(never);
  EXPECT_EQ(ExitStatus(), EXIT_FAILURE);
  options_.run_as_uid = kServiceUid;
  options_.run_as_gid = 0;
  Start(never);
  EXPECT_EQ(ExitStatus(), EXIT_FAILURE);
}

TEST_F(SupervisorTest, ABrokerThatCannotLoadItsFilesKeepsTheServerFromStarting) {
  options_.broker.load = [](uid_t) { return error::InvalidArgument("line 3: what is this?"); };
  Start([](UniqueFd) { return 42; });
  EXPECT_EQ(ExitStatus(), EXIT_FAILURE);
}

TEST_F(SupervisorTest, WithoutCapabilitiesOnlyItsOwnUserIsServedAndOnlyBelowTheRoots) {
  const std::string own = folder_.MakeFolder("own", 0777);
  std::vector<std::string> roots;
  const auto server = [&](UniqueFd control) {
    auto client = BrokerClient::Connect(std::move(control), absl::Seconds(20));
    if (!client.ok() || (*client)->identity_switching()) return 1;
    const ActingIdentity self = Identity(kServiceUid);
    if (Refusal((*client)->CheckDirectory(Alice(), own)) != "identity_switching_unavailable") {
      return 2;
    }
    const std::string expected = roots.empty() ? "path_outside_roots" : "ok";
    if (Refusal((*client)->CheckDirectory(self, own)) != expected) return 3;
    if (Refusal((*client)->CheckDirectory(self, "/tmp")) != "path_outside_roots") return 4;
    return 0;
  };
  const auto leave_root = [] {
    if (::setgroups(0, nullptr) != 0 || ::setresgid(kServiceUid, kServiceUid, kServiceUid) != 0 ||
        ::setresuid(kServiceUid, kServiceUid, kServiceUid) != 0) {
      ::_exit(99);
    }
  };
  Start(server, leave_root);
  EXPECT_EQ(ExitStatus(), 0);
  roots = {own};
  options_.broker.load = [own](uid_t) {
    return BrokerFiles{std::make_shared<const TestDirectory>(), {own}};
  };
  Start(server, leave_root);
  EXPECT_EQ(ExitStatus(), 0);
}

}  // namespace
}  // namespace bitsd
