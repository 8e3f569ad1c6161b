// A name server that never answers: it holds up whose names it is asked for, costs a bounded number
// of threads, and nobody else notices.
//
// The test has a resolv.conf and an /etc/hosts of its own, in a mount namespace of its own.

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>

#include <filesystem>

#include "server/transfer/http/resolver.h"
#include "tests/integration/transfer/transfer_fixture.h"
#include "tests/testing/wait.h"

namespace bitsd::tests {
namespace {

using ::testing::HasSubstr;

constexpr size_t kPlaces = Resolver::Limits{}.per_owner;

size_t ResolverThreads() {
  size_t count = 0;
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    if (ReadFile(task.path().string() + "/comm") == std::string(kResolverThread) + "\n") ++count;
  }
  return count;
}

class SilentNameServerTest : public TransferTest {
 protected:
  void SetUp() override {
    server();  // Starts in the namespace that stays.
    WriteFile(folder_.File("hosts"), "127.0.0.1 known.test\n");
    WriteFile(folder_.File("resolv.conf"),
              "nameserver 127.0.0.99\noptions timeout:30 attempts:5\n");
    WriteFile(folder_.File("nsswitch.conf"), "hosts: files dns\n");
    bool apart = unshare(CLONE_NEWNS) == 0 &&
                 mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
    for (const char* name : {"hosts", "resolv.conf", "nsswitch.conf"}) {
      apart = apart && mount(folder_.File(name).c_str(), (std::string("/etc/") + name).c_str(),
                             nullptr, MS_BIND, nullptr) == 0;
    }
    silent_.Reset(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(53);
    address.sin_addr.s_addr = htonl(0x7f000063);
    apart =
        apart && bind(silent_.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0;
    if (!apart) GTEST_SKIP() << "needs root: the name server of this test alone is replaced";
    options_.connect_timeout = absl::Seconds(2);
    Restart();  // Its threads resolve names in the new namespace.
  }

  std::string Url(const std::string& host, const std::string& path) const {
    return "http://" + host + ":" + std::to_string(server().port()) + path;
  }

  /// Until the name server was asked.
  bool Asked() const {
    return WaitFor([&] {
      char packet[512];
      return recv(silent_.get(), packet, sizeof(packet), MSG_DONTWAIT) > 0;
    });
  }

  UniqueFd silent_;
};

TEST_F(SilentNameServerTest, ItHoldsUpWhoAskedItAndNobodyElse) {
  // Far more look-ups than an owner has places; each is given up at once.
  for (int round = 0; round < 8; ++round) {
    std::vector<Running> jobs;
    for (int i = 0; i < 20; ++i) {
      const std::string host = "h" + std::to_string(round * 20 + i) + ".nowhere.test";
      jobs.push_back(Start({File(Url(host, "/plain/10/x"), "x" + std::to_string(i))}));
    }
    ASSERT_TRUE(round > 0 || Asked());
    for (Running& job : jobs) ASSERT_TRUE(job.Stop());
  }
  EXPECT_LE(ResolverThreads(), kPlaces);
  EXPECT_GT(ResolverThreads(), 0u);

  // The owner's own next look-up has no place, and is told so in the end.
  const auto late = Run({File(Url("late.nowhere.test", "/plain/10/late"), "late")});
  ASSERT_TRUE(late->failure());
  EXPECT_TRUE(late->failure()->transient);
  EXPECT_EQ(late->failure()->error.hresult, Hresult::kConnectFailure);
  EXPECT_THAT(late->failure()->error.message, HasSubstr("other jobs of this owner"));
  // An address needs no look-up.
  EXPECT_TRUE(Run({File(Url("127.0.0.1", "/plain/10/own"), "own")})->done());
  EXPECT_TRUE(Run({File(Url("localhost", "/plain/10/own-local"), "local")})->done());

  who_.sid = Sid(5, {21, 1, 2, 3, 1002});
  EXPECT_TRUE(Run({File(Url("127.0.0.1", "/plain/10/other"), "address")}, "other/other")->done());
  EXPECT_TRUE(
      Run({File(Url("known.test", "/plain/10/other-name"), "known")}, "other/other")->done());
  const auto silent = Run({File(Url("her.nowhere.test", "/plain/10/x"), "her")}, "other/other");
  ASSERT_TRUE(silent->failure());
  EXPECT_THAT(silent->failure()->error.message, HasSubstr("no name server has answered"));
  EXPECT_LE(ResolverThreads(), kPlaces + 1);
}

}  // namespace
}  // namespace bitsd::tests
