// Who gets in when many connect, and when descriptors run out; and who loses connections.

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <atomic>
#include <mutex>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "server/error/errors.h"
#include "server/rpc/door/connection_table.h"
#include "server/rpc/door/door_limits.h"
#include "server/rpc/door/front_door.h"
#include "server/rpc/door/listener_watchdog.h"
#include "server/rpc/door/peer_address.h"
#include "tests/testing/wait.h"

namespace bitsd::rpc {
namespace {

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define BITSD_OBJECTS_NEED_DESCRIPTORS
#endif
#endif
#ifdef BITSD_OBJECTS_NEED_DESCRIPTORS
constexpr bool kObjectsNeedDescriptors = true;
#else
constexpr bool kObjectsNeedDescriptors = false;
#endif

const Sid kAlice{5, {21, 1, 2, 3, 1001}};
const Sid kBob{5, {21, 1, 2, 3, 1002}};

PeerAddress Peer(const std::string& place, int port) {
  return {place + ":" + std::to_string(port), place};
}

/// Both ends of a connection over loopback.
struct Pair {
  UniqueFd far;
  UniqueFd near;

  /// The far end was closed by us.
  bool Ended() const {
    char byte = 0;
    return recv(far.get(), &byte, 1, MSG_DONTWAIT) == 0;
  }
  UniqueFd Second() const { return UniqueFd(fcntl(near.get(), F_DUPFD_CLOEXEC, 0)); }
};

UniqueFd ConnectTo(const SocketAddress& address) {
  UniqueFd fd(socket(address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const auto* where = reinterpret_cast<const sockaddr*>(&address.storage);
  if (!fd.valid() || connect(fd.get(), where, address.size) != 0) fd.Reset();
  return fd;
}

Pair MakePair() {
  const auto listener = Listen("127.0.0.1:0");
  EXPECT_TRUE(listener.ok());
  Pair pair;
  pair.far = ConnectTo(listener->bound);
  tests::WaitFor([&] {
    pair.near.Reset(accept4(listener->fd.get(), nullptr, nullptr, SOCK_CLOEXEC));
    return pair.near.valid();
  });
  EXPECT_TRUE(pair.far.valid() && pair.near.valid());
  return pair;
}

DoorLimits Limits(size_t connections, size_t per_address, size_t per_identity) {
  DoorLimits limits;
  limits.connections = connections;
  limits.per_address = per_address;
  limits.per_identity = per_identity;
  return limits;
}

TEST(DoorLimitsTest, HalfOfTheDescriptorsIsForOtherThings) {
  const DoorLimits fitting = FitInto(Limits(1000, 250, 100), 512);
  EXPECT_EQ(fitting.connections, 128u);
  EXPECT_EQ(fitting.per_address, 64u);
  EXPECT_EQ(fitting.per_identity, 32u);
  const DoorLimits enough = FitInto(Limits(1000, 250, 100), 65536);
  EXPECT_EQ(enough.connections, 1000u);
  EXPECT_EQ(enough.per_address, 250u);
  EXPECT_EQ(enough.per_identity, 100u);
}

PeerAddress OfText(const std::string& text) {
  const auto address = ParseSocketAddress(text);
  return address ? PeerAddressOf(address->storage) : PeerAddress{};
}

TEST(PeerAddressTest, ASocketAndGrpcNameAConnectionAlike) {
  EXPECT_EQ(OfText("127.0.0.1:4711").connection, ConnectionOf("ipv4:127.0.0.1:4711"));
  EXPECT_EQ(OfText("[::ffff:10.1.2.3]:80").connection, ConnectionOf("ipv4:10.1.2.3:80"));
  EXPECT_EQ(OfText("[2001:db8::1]:80").connection, ConnectionOf("ipv6:%5B2001:db8::1%5D:80"));
  EXPECT_EQ(OfText("[fe80::1]:80").connection, ConnectionOf("ipv6:%5Bfe80::1%25eth0%5D:80"));
  EXPECT_EQ(ConnectionOf("unix:/x"), "");
}

TEST(PeerAddressTest, AllAddressesOfANetworkOfIpv6AreOnePlace) {
  EXPECT_EQ(OfText("[2001:db8::1]:1").place, OfText("[2001:db8::ffff:1]:2").place);
  EXPECT_NE(OfText("[2001:db8::1]:1").place, OfText("[2001:db8:0:1::1]:1").place);
  EXPECT_NE(OfText("10.0.0.1:1").place, OfText("10.0.0.2:1").place);
}

TEST(ConnectionTableTest, ANewConnectionTakesThePlaceOfTheOldestSilentOneOfItsAddress) {
  ConnectionTable table(Limits(10, 2, 2));
  const Pair first = MakePair();
  const Pair second = MakePair();
  const Pair third = MakePair();
  EXPECT_TRUE(table.Admit(Peer("a", 1), first.Second()).admitted);
  EXPECT_TRUE(table.Admit(Peer("a", 2), second.Second()).admitted);
  const auto admission = table.Admit(Peer("a", 3), third.Second());
  EXPECT_TRUE(admission.admitted && admission.another_ended);
  EXPECT_TRUE(tests::WaitFor([&] { return first.Ended(); }));
  EXPECT_FALSE(second.Ended());
  EXPECT_EQ(table.size(), 2u);
}

TEST(ConnectionTableTest, AnAddressAtItsLimitLeavesOtherAddressesTheirPlaces) {
  ConnectionTable table(Limits(10, 2, 10));
  for (int port : {1, 2}) {
    ASSERT_TRUE(table.Admit(Peer("a", port), UniqueFd()).admitted);
    ASSERT_TRUE(table.Called(Peer("a", port).connection, &kAlice, 0).ok());
  }
  EXPECT_FALSE(table.Admit(Peer("a", 3), UniqueFd()).admitted) << "callers are not put out";
  EXPECT_TRUE(table.Admit(Peer("b", 1), UniqueFd()).admitted);
}

TEST(ConnectionTableTest, AFullHouseTakesFromTheAddressWithTheMostSilentConnections) {
  ConnectionTable table(Limits(4, 3, 10));
  ASSERT_TRUE(table.Admit(Peer("b", 1), UniqueFd()).admitted);
  for (int port : {1, 2, 3}) ASSERT_TRUE(table.Admit(Peer("a", port), UniqueFd()).admitted);
  EXPECT_TRUE(table.Admit(Peer("c", 1), UniqueFd()).another_ended);
  EXPECT_TRUE(table.Admit(Peer("a", 4), UniqueFd()).another_ended) << "one of a is gone";
  ASSERT_TRUE(table.Called(Peer("b", 1).connection, &kBob, 0).ok());
  EXPECT_EQ(table.size(), 4u);
}

TEST(ConnectionTableTest, AnIdentityAtItsLimitIsToldAndLosesTheNewConnection) {
  ConnectionTable table(Limits(10, 10, 2));
  std::vector<Pair> pairs;
  for (int port = 1; port <= 4; ++port) {
    pairs.push_back(MakePair());
    ASSERT_TRUE(table.Admit(Peer("a", port), pairs.back().Second()).admitted);
  }
  EXPECT_TRUE(table.Called("a:1", &kAlice, 0).ok());
  EXPECT_TRUE(table.Called("a:2", &kAlice, 0).ok());
  EXPECT_EQ(DetailOf(table.Called("a:3", &kAlice, 0)).hresult, Hresult::kOutOfMemory);
  EXPECT_EQ(DetailOf(table.Called("a:3", &kAlice, 0)).hresult, Hresult::kOutOfMemory);
  EXPECT_TRUE(table.Called("a:4", &kBob, 0).ok()) << "another does not notice";
  EXPECT_TRUE(tests::WaitFor([&] {
    table.EndUnfinished();
    return pairs[2].Ended();
  }));
  EXPECT_FALSE(pairs[0].Ended() || pairs[1].Ended() || pairs[3].Ended());
}

TEST(ConnectionTableTest, OfTwoConnectionsOfOneNameTheFirstEnds) {
  ConnectionTable table(Limits(10, 10, 10));
  const Pair first = MakePair();
  const Pair second = MakePair();
  ASSERT_TRUE(table.Admit(Peer("a", 1), first.Second()).admitted);
  ASSERT_TRUE(table.Admit(Peer("a", 1), second.Second()).admitted) << "to another address of ours";
  EXPECT_TRUE(first.Ended()) << "nobody counts it any more";
  EXPECT_FALSE(second.Ended());
  EXPECT_EQ(table.size(), 1u);
}

TEST(ConnectionTableTest, AClosedConnectionGivesItsPlaceBack) {
  ConnectionTable table(Limits(1, 1, 1));
  const auto first = table.Admit(Peer("a", 1), UniqueFd());
  ASSERT_TRUE(table.Called("a:1", &kAlice, 0).ok());
  table.Closed(first.number);
  table.Closed(first.number);
  EXPECT_EQ(table.size(), 0u);
  EXPECT_TRUE(table.Admit(Peer("a", 1), UniqueFd()).admitted);
  EXPECT_TRUE(table.Called("a:1", &kAlice, 0).ok());
}

/// Two callers, each with a connection.
class UnfinishedTest : public testing::Test {
 protected:
  UnfinishedTest() {
    limits_.unfinished_per_caller = 20'000;
    table_.emplace(limits_);
    EXPECT_TRUE(table_->Admit(Peer("a", 1), alice_.Second()).admitted);
    EXPECT_TRUE(table_->Admit(Peer("a", 2), bob_.Second()).admitted);
    EXPECT_TRUE(table_->Called("a:1", &kAlice, 0).ok());
    EXPECT_TRUE(table_->Called("a:2", &kBob, 0).ok());
  }
  static void Send(const Pair& pair, size_t bytes) {
    const std::string text(bytes, 'x');
    ASSERT_EQ(send(pair.far.get(), text.data(), text.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes));
  }
  bool EndsSoon(const Pair& pair) {
    for (int i = 0; i < 50; ++i) {
      table_->EndUnfinished();
      if (pair.Ended()) return true;
    }
    return false;
  }

  DoorLimits limits_;
  std::optional<ConnectionTable> table_;
  const Pair alice_ = MakePair();
  const Pair bob_ = MakePair();
};

TEST_F(UnfinishedTest, RequestsThatNeverEndEndTheirOwnCallersConnection) {
  Send(alice_, 50'000);
  Send(bob_, 10'000);
  EXPECT_TRUE(tests::WaitFor([&] {
    table_->EndUnfinished();
    return alice_.Ended();
  }));
  EXPECT_FALSE(bob_.Ended());
}

TEST_F(UnfinishedTest, RequestsThatCallsHaveTakenDoNotCount) {
  for (int i = 0; i < 20; ++i) {
    Send(alice_, 10'000);
    std::string read(10'000, '\0');  // As gRPC does, before there is a call.
    ASSERT_EQ(recv(alice_.near.get(), read.data(), read.size(), MSG_WAITALL), 10'000);
    ASSERT_TRUE(table_->Called("a:1", &kAlice, 10'000).ok());
    table_->EndUnfinished();
  }
  EXPECT_FALSE(EndsSoon(alice_));
}

TEST_F(UnfinishedTest, WhatCallsTookIsNoCreditForLater) {
  ASSERT_TRUE(table_->Called("a:1", &kAlice, 1'000'000).ok());
  table_->EndUnfinished();
  Send(alice_, 50'000);
  EXPECT_TRUE(tests::WaitFor([&] {
    table_->EndUnfinished();
    return alice_.Ended();
  }));
}

/// A door whose connections are kept until they are let go.
class FrontDoorTest : public testing::Test {
 protected:
  void Open(const DoorLimits& limits) {
    auto socket = Listen("127.0.0.1:0");
    ASSERT_TRUE(socket.ok());
    bound_ = socket->bound;
    table_.emplace(limits);
    auto door = FrontDoor::Open(*std::move(socket), *table_, [this](UniqueFd connection) {
      const std::lock_guard lock(mutex_);
      taken_.push_back(std::move(connection));
    });
    ASSERT_TRUE(door.ok());
    door_ = *std::move(door);
  }
  size_t Taken() {
    const std::lock_guard lock(mutex_);
    return taken_.size();
  }
  /// As gRPC does it.
  void LetGo() {
    const std::lock_guard lock(mutex_);
    for (const UniqueFd& fd : taken_) shutdown(fd.get(), SHUT_RDWR);
    taken_.clear();
  }

  SocketAddress bound_;
  std::optional<ConnectionTable> table_;
  std::mutex mutex_;
  std::vector<UniqueFd> taken_;
  std::unique_ptr<FrontDoor> door_;
};

TEST_F(FrontDoorTest, WhatEndsGivesItsPlaceBack) {
  Open(Limits(10, 10, 10));
  std::vector<UniqueFd> far;
  for (int i = 0; i < 5; ++i) far.push_back(ConnectTo(bound_));
  ASSERT_TRUE(tests::WaitFor([&] { return Taken() == 5; }));
  EXPECT_EQ(table_->size(), 5u);
  LetGo();
  EXPECT_TRUE(tests::WaitFor([&] { return table_->size() == 0; }));
}

TEST_F(FrontDoorTest, AProcessWithoutDescriptorsAcceptsAgainLater) {
  if (kObjectsNeedDescriptors) GTEST_SKIP() << "the sanitizer looks at objects by descriptors";
  Open(Limits(1000, 1000, 1000));
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  std::vector<UniqueFd> far;
  for (int i = 0; i < 40; ++i) far.push_back(UniqueFd(socket(AF_INET, SOCK_STREAM, 0)));
  // Room for a few of the connections that come, and not for all of them.
  const rlimit tight{static_cast<rlim_t>(far.back().get()) + 20, before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &tight), 0);
  const auto* where = reinterpret_cast<const sockaddr*>(&bound_.storage);
  for (const UniqueFd& fd : far) ASSERT_EQ(connect(fd.get(), where, bound_.size), 0);
  EXPECT_TRUE(tests::WaitFor([&] { return Taken() >= 3; }));
  far.clear();
  LetGo();
  EXPECT_TRUE(tests::WaitFor([&] {
    LetGo();
    const UniqueFd late = ConnectTo(bound_);
    return late.valid() && tests::WaitFor([&] { return Taken() > 0; });
  }));
  setrlimit(RLIMIT_NOFILE, &before);
}

TEST_F(FrontDoorTest, ConnectionsAboveTheLimitTakeThePlacesOfSilentOnes) {
  Open(Limits(3, 3, 3));
  std::vector<UniqueFd> far;
  for (int i = 0; i < 20; ++i) far.push_back(ConnectTo(bound_));
  ASSERT_TRUE(tests::WaitFor([&] { return Taken() == 20; })) << "each takes another's place";
  EXPECT_LE(table_->size(), 3u);
}

/// A watchdog of a listener, and what it has noticed.
class ListenerWatchdogTest : public FrontDoorTest {
 protected:
  void Watch(const SocketAddress& listener, absl::Duration patience) {
    if (!table_) table_.emplace(DoorLimits{});
    auto watchdog =
        ListenerWatchdog::Start(listener, patience, *table_, [this] { noticed_ = true; });
    ASSERT_TRUE(watchdog.ok());
    watchdog_ = *std::move(watchdog);
  }
  /// More than three times what the watchdogs of these tests wait, with a connection now and again.
  void Flood() {
    const absl::Time end = absl::Now() + 4 * kPatience;
    for (int port = 1; absl::Now() < end; ++port) {
      table_->Admit(Peer("b", port), UniqueFd());
      absl::SleepFor(absl::Milliseconds(5));
    }
  }
  bool Noticed() {
    return tests::WaitFor([this] { return noticed_.load(); });
  }

  static constexpr absl::Duration kPatience = absl::Milliseconds(300);
  std::atomic<bool> noticed_ = false;
  std::unique_ptr<ListenerWatchdog> watchdog_;
};

TEST_F(ListenerWatchdogTest, AListenerThatTakesNobodyIsNoticed) {
  const auto silent = Listen("127.0.0.1:0");
  ASSERT_TRUE(silent.ok());
  Watch(silent->bound, kPatience);
  EXPECT_TRUE(Noticed());
}

TEST_F(ListenerWatchdogTest, AListenerThatIsGoneIsNoticed) {
  auto gone = Listen("127.0.0.1:0");
  ASSERT_TRUE(gone.ok());
  gone->fd.Reset();
  Watch(gone->bound, kPatience);
  EXPECT_TRUE(Noticed());
}

TEST_F(ListenerWatchdogTest, AListenerThatIsBusyWithOthersIsLeftAlone) {
  const auto crowded = Listen("127.0.0.1:0");
  ASSERT_TRUE(crowded.ok());
  Watch(crowded->bound, kPatience);
  Flood();
  EXPECT_FALSE(noticed_);
  EXPECT_TRUE(Noticed()) << "once nobody is taken any more";
}

TEST_F(ListenerWatchdogTest, ADoorThatTakesTheWatchdogAndDoesNotAnswerIsNoticed) {
  Open(DoorLimits{});
  Watch(bound_, kPatience);
  Flood();
  EXPECT_TRUE(noticed_) << "however many others are taken";
}

TEST_F(ListenerWatchdogTest, AListenerThatAnswersIsLeftAlone) {
  const auto listener = Listen("0.0.0.0:0");
  ASSERT_TRUE(listener.ok());
  Watch(listener->bound, absl::Seconds(30));
  std::string heard;
  EXPECT_TRUE(tests::WaitFor([&] {
    const UniqueFd fd(accept4(listener->fd.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!fd.valid()) return false;
    char text[3] = {};
    const ssize_t size = recv(fd.get(), text, sizeof(text), MSG_WAITALL);
    heard.assign(text, size > 0 ? static_cast<size_t>(size) : 0);
    return true;
  }));
  EXPECT_EQ(heard.substr(0, 2), std::string("\x16\x03", 2)) << "a handshake of TLS begins so";
  EXPECT_FALSE(noticed_);
}

TEST_F(ListenerWatchdogTest, ItEndsAtOnceThoughNobodyAnswersIt) {
  const auto silent = Listen("127.0.0.1:0");
  ASSERT_TRUE(silent.ok());
  Watch(silent->bound, absl::Minutes(3));
  const absl::Time began = absl::Now();
  watchdog_.reset();
  EXPECT_LT(absl::Now() - began, absl::Seconds(20));
}

}  // namespace
}  // namespace bitsd::rpc
