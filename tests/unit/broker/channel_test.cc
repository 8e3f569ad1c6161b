// Packets and descriptors between processes, also from hostile ones.

#include "server/broker/channel.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace bitsd {
namespace {

Deadline In(int milliseconds) {
  return std::chrono::steady_clock::now() + std::chrono::milliseconds(milliseconds);
}

TEST(ChannelTest, ADescriptorTravelsWithItsPacket) {
  ChannelPair pair = MakeChannelPair();
  const UniqueFd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  ASSERT_EQ(SendPacket(pair.first.get(), "hello", null.get()), SendResult::kSent);
  Packet packet;
  ASSERT_EQ(ReceivePacket(pair.second.get(), &packet), ReceiveResult::kPacket);
  EXPECT_EQ(packet.bytes, "hello");
  const UniqueFd fd = packet.TakeFirst();
  ASSERT_TRUE(fd.valid());
  EXPECT_NE(::fcntl(fd.get(), F_GETFD) & FD_CLOEXEC, 0);
}

TEST(ChannelTest, APacketThatIsTooLongIsMalformedAndTheNextOneIsNot) {
  ChannelPair pair = MakeChannelPair();
  ASSERT_EQ(SendPacket(pair.first.get(), std::string(kMaxPacket + 1, 'x')), SendResult::kSent);
  ASSERT_EQ(SendPacket(pair.first.get(), std::string(kMaxPacket, 'x')), SendResult::kSent);
  Packet packet;
  EXPECT_EQ(ReceivePacket(pair.second.get(), &packet), ReceiveResult::kMalformed);
  EXPECT_EQ(ReceivePacket(pair.second.get(), &packet), ReceiveResult::kPacket);
  EXPECT_EQ(packet.bytes.size(), kMaxPacket);
}

/// Sends `count` descriptors in one packet, as only a hostile peer does.
void SendDescriptors(int socket, int count) {
  char byte = 'x';
  iovec part{&byte, 1};
  alignas(cmsghdr) char control[CMSG_SPACE(8 * sizeof(int))] = {};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = CMSG_SPACE(count * sizeof(int));
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(count * sizeof(int));
  for (int i = 0; i < count; ++i) {
    std::memcpy(CMSG_DATA(header) + i * sizeof(int), &socket, sizeof(int));
  }
  ASSERT_EQ(::sendmsg(socket, &message, 0), 1);
}

TEST(ChannelTest, DescriptorsNobodyAskedForAreClosed) {
  ChannelPair pair = MakeChannelPair();
  const UniqueFd before(::dup(0));
  for (const int count : {2, 4, 8}) {
    SendDescriptors(pair.first.get(), count);
    Packet packet;
    const size_t wanted = static_cast<size_t>(count) - 1;
    EXPECT_EQ(ReceivePacket(pair.second.get(), &packet, wanted), ReceiveResult::kMalformed)
        << count;
    EXPECT_TRUE(packet.fds.empty());
  }
  const UniqueFd after(::dup(0));
  EXPECT_EQ(after.get(), before.get() + 1) << "descriptors were leaked";
}

TEST(ChannelTest, AsManyDescriptorsTravelAsAPacketMayHave) {
  ChannelPair pair = MakeChannelPair();
  const std::vector<int> fds(kMaxDescriptors, pair.first.get());
  ASSERT_EQ(SendPacket(pair.first.get(), "hello", fds), SendResult::kSent);
  Packet packet;
  ASSERT_EQ(ReceivePacket(pair.second.get(), &packet, kMaxDescriptors), ReceiveResult::kPacket);
  EXPECT_EQ(packet.fds.size(), kMaxDescriptors);
}

TEST(ChannelTest, APeerThatIsGoneIsNoticed) {
  ChannelPair pair = MakeChannelPair();
  EXPECT_FALSE(PeerGone(pair.first.get()));
  pair.second.Reset();
  EXPECT_TRUE(PeerGone(pair.first.get()));
  Packet reply;
  EXPECT_EQ(Exchange(pair.first.get(), "x", In(1000), &reply), ExchangeResult::kNotSent);
}

TEST(ChannelTest, APeerThatDoesNotAnswerCostsTheDeadlineOnly) {
  ChannelPair pair = MakeChannelPair();
  Packet reply;
  EXPECT_EQ(Exchange(pair.first.get(), "x", In(50), &reply), ExchangeResult::kTimeout);
}

}  // namespace
}  // namespace bitsd
