// What names a connection, and which addresses count as one place.

#include "server/rpc/door/peer_address.h"

#include <string>

#include "gtest/gtest.h"
#include "server/rpc/door/listen_socket.h"

namespace bitsd::rpc {
namespace {

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

}  // namespace
}  // namespace bitsd::rpc
