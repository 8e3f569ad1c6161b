// Who gets in when many connect and when descriptors run out, and whether the listener answers.

#include "server/rpc/door/front_door.h"

#include <sys/resource.h>
#include <sys/socket.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "server/rpc/door/connection_table.h"
#include "server/rpc/door/listener_watchdog.h"
#include "tests/integration/rpc/door/door_fixture.h"
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
