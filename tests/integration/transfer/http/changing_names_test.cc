// Host names that lead to other addresses than they seem to: what is judged is what is connected
// to.
//
// The names are real ones: each test has an /etc/hosts of its own, in a mount namespace of its own,
// and changes it while the service runs.

#include <gmock/gmock.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>

#include "tests/integration/transfer/transfer_fixture.h"

namespace bitsd::tests {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class ChangingNamesTest : public TransferTest {
 protected:
  void SetUp() override {
    server();  // Starts in the namespace that stays.
    WriteFile(hosts_, "");
    const bool apart = unshare(CLONE_NEWNS) == 0 &&
                       mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
                       mount(hosts_.c_str(), "/etc/hosts", nullptr, MS_BIND, nullptr) == 0;
    if (!apart) GTEST_SKIP() << "needs root: /etc/hosts is replaced for this test alone";
    Restart();  // Its threads resolve names in the new namespace.
    denied_.Reset(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(server().port());
    address.sin_addr.s_addr = htonl(0x7f000002);
    ASSERT_EQ(bind(denied_.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    ASSERT_EQ(listen(denied_.get(), 8), 0);
  }

  void TearDown() override {
    if (!denied_.valid()) return;
    pollfd entry{denied_.get(), POLLIN, 0};
    EXPECT_EQ(poll(&entry, 1, 0), 0) << "somebody connected to the denied address";
    umount2("/etc/hosts", MNT_DETACH);
  }

  std::string Url(const std::string& host, const std::string& path) const {
    return "http://" + host + ":" + std::to_string(server().port()) + path;
  }

  const std::string hosts_ = folder_.File("hosts");
  UniqueFd denied_;  ///< Listens on 127.0.0.2, which no job may reach.
};

TEST_F(ChangingNamesTest, ANameThatChangesAfterItWasAllowedIsJudgedAnew) {
  WriteFile(hosts_, "127.0.0.1 rebind.test\n");
  ASSERT_TRUE(Run({File(Url("rebind.test", "/plain/10/one"), "one")})->done());
  WriteFile(hosts_, "127.0.0.2 rebind.test\n");
  // Another context has neither the connection nor the address of the first.
  const auto recorder = Run({File(Url("rebind.test", "/plain/10/two"), "two")}, "other/other");
  ASSERT_TRUE(recorder->failure());
  EXPECT_EQ(recorder->failure()->error.rule, "address_denied");
  EXPECT_THAT(recorder->failure()->error.message, HasSubstr("127.0.0.2"));
  EXPECT_FALSE(recorder->failure()->transient);
}

TEST_F(ChangingNamesTest, ANameMayEndInADot) {
  WriteFile(hosts_, "127.0.0.1 dot.test dot.test.\n");
  const auto recorder = Run({File(Url("dot.test.", "/plain/10/dot"), "one")});
  EXPECT_TRUE(recorder->done()) << recorder->failure()->error.message;
}

TEST_F(ChangingNamesTest, ANameThatNobodyKnowsIsTriedAgain) {
  const auto recorder = Run({File(Url("nobody.invalid", "/x"), "one")});
  ASSERT_TRUE(recorder->failure());
  EXPECT_TRUE(recorder->failure()->transient);
  EXPECT_EQ(recorder->failure()->error.hresult, Hresult::kConnectFailure);
  EXPECT_THAT(recorder->failure()->error.message, HasSubstr("nobody.invalid"));
}

TEST_F(ChangingNamesTest, OfTwoAddressesOnlyTheAllowedOneIsConnectedTo) {
  WriteFile(hosts_, "127.0.0.2 two.test\n127.0.0.1 two.test\n");
  ASSERT_TRUE(Run({File(Url("two.test", "/plain/10/allowed"), "one")})->done());
  EXPECT_THAT(audit_.Lines("request_sent"), SizeIs(1));
  EXPECT_THAT(audit_.Lines("request_sent")[0], HasSubstr("address=127.0.0.1:"));
}

TEST_F(ChangingNamesTest, ARedirectToANameIsJudgedByItsAddress) {
  WriteFile(hosts_, "127.0.0.2 inside.test\n");
  const auto failure =
      Fails("/to?" + Url("inside.test", "/plain/10/redirected"), Hresult::kAccessDenied);
  EXPECT_EQ(failure.error.rule, "address_denied");
}

TEST_F(ChangingNamesTest, AMappedAddressBehindANameIsJudgedAsWhatItMaps) {
  WriteFile(hosts_, "::ffff:127.0.0.2 mapped.test\n::ffff:169.254.169.254 metadata.test\n");
  for (const char* name : {"mapped.test", "metadata.test"}) {
    const auto recorder = Run({File(Url(name, "/x"), "x")});
    ASSERT_TRUE(recorder->failure()) << name;
    EXPECT_EQ(recorder->failure()->error.rule, "address_denied") << name;
  }
  EXPECT_THAT(audit_.Lines("request_sent"), IsEmpty());
}

}  // namespace
}  // namespace bitsd::tests
