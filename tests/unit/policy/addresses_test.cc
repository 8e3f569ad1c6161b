#include <arpa/inet.h>

#include <cstring>
#include <string>

#include "gtest/gtest.h"
#include "server/policy/remote_names.h"
#include "tests/unit/policy/policy_fixture.h"

namespace bitsd::policy {
namespace {

std::string Check(const std::string& address, uint16_t port, const RemoteRules& rules) {
  sockaddr_in6 v6 = {};
  sockaddr_in v4 = {};
  if (inet_pton(AF_INET, address.c_str(), &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    return Verdict(CheckAddress(reinterpret_cast<sockaddr*>(&v4), sizeof(v4), rules));
  }
  EXPECT_EQ(inet_pton(AF_INET6, address.c_str(), &v6.sin6_addr), 1) << address;
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(port);
  return Verdict(CheckAddress(reinterpret_cast<sockaddr*>(&v6), sizeof(v6), rules));
}

Endpoint At(const std::string& text) {
  const absl::StatusOr<Endpoint> endpoint = ParseEndpoint(text);
  EXPECT_TRUE(endpoint.ok()) << text;
  return endpoint.value_or(Endpoint{});
}

constexpr const char* kDeniedV4[] = {
    "0.0.0.0",         "0.0.0.1",         "0.255.255.255",   "127.0.0.1",       "127.0.0.0",
    "127.255.255.255", "127.1.2.3",       "169.254.0.0",     "169.254.169.254", "169.254.170.2",
    "169.254.255.255", "224.0.0.0",       "224.0.0.251",     "239.255.255.255", "240.0.0.0",
    "255.255.255.254", "255.255.255.255", "100.100.100.200", "168.63.129.16",   "192.0.0.192",
};
constexpr const char* kReachableV4[] = {
    "1.0.0.0",         "8.8.8.8",     "10.0.0.1",        "100.100.100.199", "100.100.100.201",
    "126.255.255.255", "128.0.0.0",   "169.253.255.255", "169.255.0.0",     "172.16.0.1",
    "192.168.1.1",     "192.0.0.191", "223.255.255.255", "168.63.129.15",
};
constexpr const char* kDeniedV6[] = {
    "::",
    "::1",
    "fe80::",
    "fe80::1",
    "febf::1",
    "ff00::",
    "ff02::1",
    "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
    "fd00:ec2::254",
    "fd00:ec2::23",
    "fd00:ec2::253",
    "fd00:c1::a9fe:a9fe",
    "fd20:ce::254",
    "fd00:42::42",
};
constexpr const char* kReachableV6[] = {
    "2001:db8::1", "2606:4700::1111", "fd00::1", "fd00:ec3::254", "fe7f::1",
    "fec0::1",     "feff::1",         "1::1",    "2003:7f00:1::", "64:ff9c::7f00:1",
};
/// Prefixes that embed an IPv4 address in the last 32 bits.
constexpr const char* kEmbeddings[] = {
    "::ffff:", "::", "::ffff:0:", "64:ff9b::", "64:ff9b:1::", "64:ff9b:1:abcd::"};

std::string SixToFour(const std::string& v4) {
  in_addr address;
  inet_pton(AF_INET, v4.c_str(), &address);
  uint8_t b[4];
  std::memcpy(b, &address, sizeof(b));
  char text[32];
  snprintf(text, sizeof(text), "2002:%x:%x::1", b[0] * 256 + b[1], b[2] * 256 + b[3]);
  return text;
}

TEST(AddressTest, DeniedAddressesAreDenied) {
  for (const char* address : kDeniedV4) {
    EXPECT_EQ(Check(address, 80, {}), "address_denied") << address;
  }
  for (const char* address : kDeniedV6) {
    EXPECT_EQ(Check(address, 80, {}), "address_denied") << address;
  }
}

TEST(AddressTest, OtherAddressesAreReachable) {
  for (const char* address : kReachableV4) EXPECT_EQ(Check(address, 80, {}), "ok") << address;
  for (const char* address : kReachableV6) EXPECT_EQ(Check(address, 80, {}), "ok") << address;
}

TEST(AddressTest, ADeniedIpv4AddressIsDeniedInEveryIpv6Disguise) {
  for (const std::string v4 : kDeniedV4) {
    EXPECT_EQ(Check(SixToFour(v4), 443, {}), "address_denied") << v4;
    for (const std::string prefix : kEmbeddings) {
      EXPECT_EQ(Check(prefix + v4, 443, {}), "address_denied") << prefix << v4;
    }
  }
}

TEST(AddressTest, AReachableIpv4AddressIsReachableInIpv6) {
  for (const std::string v4 : kReachableV4) {
    EXPECT_EQ(Check(SixToFour(v4), 443, {}), "ok") << v4;
    EXPECT_EQ(Check("::ffff:" + v4, 443, {}), "ok") << v4;
    EXPECT_EQ(Check("64:ff9b::" + v4, 443, {}), "ok") << v4;
  }
}

TEST(AddressTest, WhatIsNoIpAddressIsDenied) {
  sockaddr_storage storage = {};
  auto* address = reinterpret_cast<sockaddr*>(&storage);
  for (int family : {AF_UNSPEC, AF_UNIX, AF_NETLINK, AF_PACKET}) {
    storage.ss_family = static_cast<sa_family_t>(family);
    EXPECT_EQ(Verdict(CheckAddress(address, sizeof(storage), {})), "address_denied") << family;
  }
  EXPECT_EQ(Verdict(CheckAddress(nullptr, 0, {})), "address_denied");
}

TEST(AddressTest, AnAddressCutShortIsDenied) {
  sockaddr_in6 v6 = {};
  v6.sin6_family = AF_INET6;
  inet_pton(AF_INET6, "2001:db8::1", &v6.sin6_addr);
  auto* address = reinterpret_cast<sockaddr*>(&v6);
  EXPECT_EQ(Verdict(CheckAddress(address, sizeof(v6), {})), "ok");
  EXPECT_EQ(Verdict(CheckAddress(address, sizeof(v6) - 1, {})), "address_denied");
  v6.sin6_family = AF_INET;
  EXPECT_EQ(Verdict(CheckAddress(address, sizeof(sockaddr_in) - 1, {})), "address_denied");
}

TEST(AddressTest, AnAllowedEndpointIsAnExceptionOnItsPort) {
  const RemoteRules rules{{At("127.0.0.1:8080"), At("[::1]:8081")}, {}};
  EXPECT_EQ(Check("127.0.0.1", 8080, rules), "ok");
  EXPECT_EQ(Check("::ffff:127.0.0.1", 8080, rules), "ok");  // The same address.
  EXPECT_EQ(Check("::1", 8081, rules), "ok");
  EXPECT_EQ(Check("127.0.0.1", 8081, rules), "address_denied");
  EXPECT_EQ(Check("127.0.0.2", 8080, rules), "address_denied");
  EXPECT_EQ(Check("0.0.0.0", 8080, rules), "address_denied");
  EXPECT_EQ(Check("::1", 8080, rules), "address_denied");
  EXPECT_EQ(Check("64:ff9b::127.0.0.1", 8080, rules), "address_denied");
  EXPECT_EQ(Check("::127.0.0.1", 8080, rules), "address_denied");
}

TEST(AddressTest, AnAllowedAddressWithoutPortIsAnExceptionOnEveryPort) {
  const RemoteRules rules{{At("127.0.0.1")}, {}};
  EXPECT_EQ(Check("127.0.0.1", 1, rules), "ok");
  EXPECT_EQ(Check("127.0.0.1", 65535, rules), "ok");
  EXPECT_EQ(Check("127.0.0.2", 1, rules), "address_denied");
}

TEST(AddressTest, OwnListenersAreDeniedEvenWhenAllowed) {
  const RemoteRules rules{{At("127.0.0.1"), At("10.0.0.5"), At("0.0.0.0"), At("[::]")},
                          {At("127.0.0.1:7443"), At("10.0.0.5:7443")}};
  EXPECT_EQ(Check("127.0.0.1", 7443, rules), "address_denied");
  EXPECT_EQ(Check("10.0.0.5", 7443, rules), "address_denied");
  EXPECT_EQ(Check("64:ff9b::10.0.0.5", 7443, rules), "address_denied");
  EXPECT_EQ(Check(SixToFour("10.0.0.5"), 7443, rules), "address_denied");
  EXPECT_EQ(Check("0.0.0.0", 7443, rules), "address_denied");  // Reaches loopback.
  EXPECT_EQ(Check("::", 7443, rules), "address_denied");
  EXPECT_EQ(Check("127.0.0.1", 7444, rules), "ok");
  EXPECT_EQ(Check("10.0.0.5", 80, rules), "ok");
  EXPECT_EQ(Check("10.0.0.6", 7443, rules), "ok");
}

TEST(AddressTest, AWildcardListenerIsOnEveryLoopbackAddress) {
  for (const char* wildcard : {"0.0.0.0:7443", "[::]:7443"}) {
    const RemoteRules rules{{At("127.0.0.1"), At("127.9.9.9"), At("[::1]"), At("0.0.0.0")},
                            {At(wildcard)}};
    for (const char* address : {"127.0.0.1", "127.9.9.9", "::1", "0.0.0.0", "::"}) {
      EXPECT_EQ(Check(address, 7443, rules), "address_denied") << wildcard << " " << address;
    }
    EXPECT_EQ(Check("127.0.0.1", 7444, rules), "ok") << wildcard;
  }
}

TEST(AddressTest, TheUnspecifiedAddressLeadsToALoopbackListener) {
  const RemoteRules rules{{At("[::]"), At("0.0.0.0")}, {At("[::1]:7443")}};
  EXPECT_EQ(Check("::", 7443, rules), "address_denied");
  EXPECT_EQ(Check("0.0.0.0", 7443, rules), "address_denied");
  EXPECT_EQ(Check("::", 80, rules), "ok");
  const RemoteRules public_one{{At("[::]")}, {At("[2001:db8::1]:7443")}};
  EXPECT_EQ(Check("::", 7443, public_one), "ok") << "it does not lead there";
}

/// This machine has 10.0.0.5 and 2001:db8::5.
bool IsMine(const Endpoint& endpoint) {
  Endpoint address = endpoint;
  address.port = 0;
  return address == At("10.0.0.5") || address == At("[2001:db8::5]");
}

TEST(AddressTest, AWildcardListenerIsOnEveryAddressOfTheMachine) {
  for (const char* wildcard : {"0.0.0.0:7443", "[::]:7443", "[::ffff:0.0.0.0]:7443"}) {
    RemoteRules rules{{At("10.0.0.5"), At("[2001:db8::5]"), At("127.0.0.1")}, {At(wildcard)}};
    rules.is_local = IsMine;
    for (const char* address : {"10.0.0.5", "::ffff:10.0.0.5", "64:ff9b::10.0.0.5", "2001:db8::5",
                                "127.0.0.1", "::1", "::", "0.0.0.0"}) {
      EXPECT_EQ(Check(address, 7443, rules), "address_denied") << wildcard << " " << address;
    }
    EXPECT_EQ(Check("10.0.0.6", 7443, rules), "ok") << wildcard;
    EXPECT_EQ(Check("10.0.0.5", 7444, rules), "ok") << wildcard;
  }
  RemoteRules one{{At("10.0.0.5")}, {At("127.0.0.1:7443")}};
  one.is_local = IsMine;
  EXPECT_EQ(Check("10.0.0.5", 7443, one), "ok") << "it does not listen there";
}

/// `v4` in the site prefix of NAT64, of `bits` bits: RFC 6052 2.2.
std::string InSitePrefix(const std::string& v4, int bits) {
  in_addr address;
  inet_pton(AF_INET, v4.c_str(), &address);
  uint8_t octets[4];
  std::memcpy(octets, &address, sizeof(octets));
  in6_addr v6 = {};
  inet_pton(AF_INET6, "64:ff9b:1::", &v6);
  size_t at = static_cast<size_t>(bits) / 8;
  for (const uint8_t octet : octets) {
    if (at == 8) ++at;  // Bits 64 to 71 are zero.
    v6.s6_addr[at++] = octet;
  }
  char text[INET6_ADDRSTRLEN] = {};
  inet_ntop(AF_INET6, &v6, text, sizeof(text));
  return text;
}

TEST(AddressTest, ASitesNat64IsReadAtEveryLengthOfItsPrefix) {
  for (const int bits : {48, 56, 64, 96}) {
    for (const std::string v4 : kDeniedV4) {
      EXPECT_EQ(Check(InSitePrefix(v4, bits), 443, {}), "address_denied") << v4 << "/" << bits;
    }
    for (const std::string v4 : {"8.8.8.8", "10.0.0.1", "192.168.1.1", "93.184.216.34"}) {
      EXPECT_EQ(Check(InSitePrefix(v4, bits), 443, {}), "ok") << v4 << "/" << bits;
    }
  }
}

TEST(EndpointTest, AddressesWithAndWithoutPortAreRead) {
  EXPECT_EQ(At("127.0.0.1").port, 0);
  EXPECT_EQ(At("127.0.0.1:8080").port, 8080);
  EXPECT_EQ(At("[::1]").port, 0);
  EXPECT_EQ(At("[::1]:65535").port, 65535);
  EXPECT_EQ(At("[::ffff:10.1.2.3]:80"), At("10.1.2.3:80"));
}

TEST(EndpointTest, EverythingElseIsRefused) {
  for (const std::string text : {"",
                                 ":",
                                 ":80",
                                 "127.0.0.1:",
                                 "127.0.0.1:65536",
                                 "127.0.0.1:080",
                                 "127.0.0.1:-1",
                                 "127.0.0.1:8 0",
                                 "127.1",
                                 "0x7f.0.0.1",
                                 "2130706433",
                                 "127.0.0.1.",
                                 "256.0.0.1",
                                 "::1",
                                 "::1:80",
                                 "[::1",
                                 "::1]",
                                 "[]",
                                 "[]:80",
                                 "[127.0.0.1]:80",
                                 "[::1]80",
                                 "[::1%lo]:80",
                                 "[fe80::1%1]",
                                 "localhost:80",
                                 " 127.0.0.1",
                                 "127.0.0.1:80 ",
                                 "[::1]:"}) {
    EXPECT_EQ(Verdict(ParseEndpoint(text).status()), "E_INVALIDARG") << text;
  }
  EXPECT_FALSE(ParseEndpoint(std::string("127.0.0.1\0:80", 13)).ok());
}

}  // namespace
}  // namespace bitsd::policy
