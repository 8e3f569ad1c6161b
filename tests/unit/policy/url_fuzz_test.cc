// Random URLs, the same at every run: what the parser accepts never is a denied literal.

#include <arpa/inet.h>
#include <netdb.h>

#include <cstring>
#include <random>
#include <string>

#include "gtest/gtest.h"
#include "server/policy/remote_names.h"
#include "tests/unit/policy/policy_fixture.h"

namespace bitsd::policy {
namespace {

constexpr int kCases = 200'000;
constexpr uint32_t kSeed = 20'240'607;

class Random {
 public:
  uint32_t Below(uint32_t bound) { return engine_() % bound; }
  template <size_t kSize>
  std::string Pick(const char* const (&choices)[kSize]) {
    return choices[Below(kSize)];
  }

 private:
  std::mt19937 engine_{kSeed};
};

uint32_t DeniedAddress(Random& random) {
  constexpr uint32_t kDenied[][2] = {{0x00000000, 0x00FFFFFF}, {0x7F000000, 0x00FFFFFF},
                                     {0xA9FE0000, 0x0000FFFF}, {0xE0000000, 0x0FFFFFFF},
                                     {0xF0000000, 0x0FFFFFFF}, {0x646464C8, 0x00000000}};
  const auto& [prefix, rest] = kDenied[random.Below(std::size(kDenied))];
  return prefix | (random.Below(0xFFFFFFFF) & rest);
}

/// `value` in decimal, octal or hexadecimal.
std::string Number(Random& random, uint32_t value) {
  char text[32];
  switch (random.Below(7)) {
    case 0:
    case 1: snprintf(text, sizeof(text), "%u", value); break;
    case 2: snprintf(text, sizeof(text), "0%o", value); break;
    case 3: snprintf(text, sizeof(text), "00%o", value); break;
    case 4: snprintf(text, sizeof(text), "0x%x", value); break;
    case 5: snprintf(text, sizeof(text), "0X%X", value); break;
    default: snprintf(text, sizeof(text), "0x0%x", value); break;
  }
  return text;
}

/// A spelling of `address` in one to four parts, as inet_aton reads it.
std::string Spelling(Random& random, uint32_t address) {
  std::string text;
  const uint32_t parts = 1 + random.Below(4);
  for (uint32_t i = 0; i + 1 < parts; ++i) {
    text += Number(random, (address >> (24 - 8 * i)) & 0xFF) + ".";
  }
  const uint32_t left = 8 * (parts - 1);
  text += Number(random, left == 0 ? address : address & (0xFFFFFFFFu >> left));
  return text + (random.Below(4) == 0 ? "." : "");
}

std::string Embedded(Random& random, uint32_t address) {
  constexpr const char* kPrefixes[] = {"::", "::ffff:", "::FFFF:0:", "64:ff9b::", "64:ff9b:1::"};
  char text[64];
  const uint32_t high = address >> 16;
  const uint32_t low = address & 0xFFFF;
  if (random.Below(4) == 0) {
    snprintf(text, sizeof(text), "[2002:%x:%04x::%x]", high, low, random.Below(0x10000));
  } else {
    snprintf(text, sizeof(text), "[%s%x:%x]", random.Pick(kPrefixes).c_str(), high, low);
  }
  return text;
}

std::string DeniedUrl(Random& random) {
  constexpr const char* kSchemes[] = {"http://", "https://", "HTTP://", "hTtPs://"};
  constexpr const char* kEnds[] = {"", "/", "/a/b?c", "?x@y", ":80", ":8443/", ":65535/a"};
  const uint32_t address = DeniedAddress(random);
  const std::string host =
      random.Below(3) == 0 ? Embedded(random, address) : Spelling(random, address);
  return random.Pick(kSchemes) + host + random.Pick(kEnds);
}

TEST(UrlFuzzTest, NoSpellingOfADeniedAddressIsAccepted) {
  Random random;
  for (int i = 0; i < kCases; ++i) {
    const std::string url = DeniedUrl(random);
    ASSERT_EQ(Verdict(CheckRemoteName(url, {})), "address_denied") << url;
  }
}

void Mutate(Random& random, std::string& url) {
  constexpr char kBytes[] = "0123456789abcdefxX.:/[]%@?#\\-_ \t\0\x7F\xC3";
  const char byte = kBytes[random.Below(sizeof(kBytes) - 1)];
  const size_t at = random.Below(static_cast<uint32_t>(url.size() + 1));
  switch (random.Below(3)) {
    case 0: url.insert(at, 1, byte); break;
    case 1: url.erase(at, 1 + random.Below(3)); break;
    default:
      if (at < url.size()) url[at] = byte;
  }
}

/// The host of a URL, found without the parser: what stands between "//" and the port or the path.
std::string HostOf(const std::string& url) {
  const std::string rest = url.substr(url.find("//") + 2);
  if (rest[0] == '[') return rest.substr(1, rest.find(']') - 1);
  return rest.substr(0, rest.find_first_of(":/?#"));
}

/// What the system's resolver makes of `host` without asking the network.
bool ResolvesToDeniedLiteral(const std::string& host) {
  addrinfo hints = {};
  hints.ai_flags = AI_NUMERICHOST;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (getaddrinfo(host.c_str(), "80", &hints, &found) != 0) return false;
  const bool denied = !CheckAddress(found->ai_addr, found->ai_addrlen, {}).ok();
  freeaddrinfo(found);
  return denied;
}

TEST(UrlFuzzTest, NoMutationOfADeniedAddressIsAcceptedUnlessItLeadsElsewhere) {
  Random random;
  int accepted = 0;
  for (int i = 0; i < kCases; ++i) {
    std::string url = DeniedUrl(random);
    for (uint32_t n = 1 + random.Below(4); n > 0; --n) Mutate(random, url);
    if (!CheckRemoteName(url, {}).ok()) continue;
    ++accepted;
    ASSERT_FALSE(ResolvesToDeniedLiteral(HostOf(url))) << url;
  }
  EXPECT_GT(accepted, kCases / 100);  // Else the test would test nothing.
}

}  // namespace
}  // namespace bitsd::policy
