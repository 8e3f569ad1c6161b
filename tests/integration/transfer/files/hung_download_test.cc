// Downloads whose disk hangs: what the job is told, and who else notices.

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "tests/integration/transfer/transfer_fixture.h"
#include "tests/testing/frozen_disk.h"
#include "tests/testing/wait.h"

namespace bitsd::tests {
namespace {

class HungDownloadTest : public TransferTest {
 protected:
  void SetUp() override {
    if (!disk_.problem().empty()) GTEST_SKIP() << disk_.problem();
    options_.disk_patience = absl::Seconds(1);
    options_.disk_threads = 2;
    Restart();
  }

  FileRecord OnDisk(const std::string& path, const std::string& name) const {
    FileRecord file = File(path, name);
    file.local_name = disk_.path() + "/" + name;
    return file;
  }

  FrozenDisk disk_;
};

TEST_F(HungDownloadTest, TheJobIsToldAndGoesOnLaterAndTheDisksThreadsAreReplaced) {
  std::vector<Running> hung;
  for (int i = 0; i < 6; ++i) {
    hung.push_back(Start({OnDisk("/slow/3000000/hung", std::to_string(i))}));
    ASSERT_TRUE(WaitFor([&] { return hung.back().live->bytes > 0; }));
  }
  ASSERT_TRUE(disk_.Freeze());
  for (const Running& running : hung) {
    ASSERT_TRUE(running.recorder->WaitForEnd());
    const auto failure = running.recorder->failure();
    ASSERT_TRUE(failure.has_value());
    EXPECT_TRUE(failure->transient);
    EXPECT_EQ(failure->error.hresult, Hresult::kDestinationLocked);
    EXPECT_EQ(failure->error.context, ErrorContext::kLocalFile);
  }
  // More threads hang than there are.
  EXPECT_TRUE(Run({File("/plain/1000000/other", "other")})->done());
  ASSERT_TRUE(disk_.Thaw());
  for (Running& running : hung) {
    ASSERT_TRUE(running.Stop());
    EXPECT_FALSE(running.recorder->event_after_stopped());
    const auto again = Run(running.recorder->files());
    ASSERT_TRUE(again->done());
    EXPECT_TRUE(TemporaryContent(again->files()[0]) == MisbehavingServer::Content(3'000'000));
  }
}

TEST_F(HungDownloadTest, StoppingOneThatHangsReportsNothingMore) {
  Running running = Start({OnDisk("/slow/8000000/stopped", "stopped")});
  ASSERT_TRUE(WaitFor([&] { return running.live->bytes > 0; }));
  ASSERT_TRUE(disk_.Freeze());
  std::string self = ReadFile("/proc/self/comm");
  self.pop_back();  // The newline.
  ASSERT_TRUE(WaitFor([&] { return FrozenDisk::HoldsUp(self); }));
  std::atomic<bool> stopped{false};
  running.activity->Stop([&stopped, recorder = running.recorder] {
    recorder->MarkStopped();
    stopped = true;
  });
  // Others find a thread, though no new one could be started were this one not replaced.
  EXPECT_TRUE(Run({File("/plain/1000/other", "other")})->done());
  EXPECT_FALSE(stopped);
  ASSERT_TRUE(disk_.Thaw());
  EXPECT_TRUE(WaitFor([&] { return stopped.load(); }));
  EXPECT_FALSE(running.recorder->failure().has_value());
  EXPECT_FALSE(running.recorder->event_after_stopped());
}

/// How many connections of this process lead to `port`.
int ConnectionsTo(uint16_t port) {
  int count = 0;
  for (int fd = 3; fd < 1024; ++fd) {
    sockaddr_in peer{};
    socklen_t size = sizeof(peer);
    const int known = ::getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &size);
    if (known == 0 && peer.sin_family == AF_INET && ntohs(peer.sin_port) == port) ++count;
  }
  return count;
}

TEST_F(HungDownloadTest, AStopEndsTheNetworkThoughTheDiskHangs) {
  Running running = Start({OnDisk("/slow/8000000/ended", "ended")});
  ASSERT_TRUE(WaitFor([&] { return running.live->bytes > 0; }));
  ASSERT_TRUE(disk_.Freeze());
  std::string self = ReadFile("/proc/self/comm");
  self.pop_back();  // The newline.
  ASSERT_TRUE(WaitFor([&] { return FrozenDisk::HoldsUp(self); }));
  EXPECT_GT(ConnectionsTo(server().port()), 0);
  std::atomic<bool> stopped{false};
  running.activity->Stop([&stopped] { stopped = true; });
  EXPECT_TRUE(WaitFor([&] { return ConnectionsTo(server().port()) == 0; }));
  EXPECT_FALSE(stopped) << "the disk still hangs";
  ASSERT_TRUE(disk_.Thaw());
  EXPECT_TRUE(WaitFor([&] { return stopped.load(); }));
}

}  // namespace
}  // namespace bitsd::tests
