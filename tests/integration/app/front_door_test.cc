// The real bitsd when many connect, with few descriptors; and how much one refused call leaves in
// the audit log.

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>

#include "gmock/gmock.h"
#include "server/base/unique_fd.h"
#include "tests/testing/bitsd/bitsd_fixture.h"

namespace bitsd::tests {
namespace {

/// bitsd may have 512 descriptors, this process more.
class FewDescriptorsTest : public BitsdTest {
 protected:
  void SetUp() override {
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, 4096);
    setrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur < 2048) GTEST_SKIP() << "this process may not have enough descriptors";
    BitsdTest::SetUp();
  }
  BitsdOptions Options() override {
    BitsdOptions options;
    options.program = {"/bin/sh", "-c", "ulimit -n 512; exec \"$0\" \"$@\"", BITSD_PROGRAM};
    return options;
  }

  UniqueFd ConnectSilently() {
    const std::string endpoint = bitsd().endpoint();
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port =
        htons(static_cast<uint16_t>(std::stoi(endpoint.substr(endpoint.rfind(':') + 1))));
    UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address));
    return fd;
  }
};

TEST_F(FewDescriptorsTest, MoreConnectionsThanDescriptorsShutNobodyOut) {
  std::vector<UniqueFd> silent;
  for (int i = 0; i < 700; ++i) silent.push_back(ConnectSilently());
  EXPECT_TRUE(As("fetcher").GetServerInfo().ok()) << "while they are there";
  silent.clear();
  CreateJob(As("fetcher"));
  for (int i = 0; i < 700; ++i) silent.push_back(ConnectSilently());
  silent.clear();
  EXPECT_TRUE(As("alice").GetServerInfo().ok()) << "once they are gone";
  EXPECT_THAT(bitsd().Log(), testing::HasSubstr("RLIMIT_NOFILE"));
}

/// An IPv4 address of this machine that is no loopback address; empty when it has none.
std::string OwnAddress() {
  ifaddrs* all = nullptr;
  if (getifaddrs(&all) != 0) return "";
  std::string found;
  for (const ifaddrs* entry = all; entry != nullptr; entry = entry->ifa_next) {
    if (entry->ifa_addr == nullptr || entry->ifa_addr->sa_family != AF_INET) continue;
    sockaddr_in address{};
    std::memcpy(&address, entry->ifa_addr, sizeof(address));
    char text[INET_ADDRSTRLEN] = {};
    inet_ntop(AF_INET, &address.sin_addr, text, sizeof(text));
    if (!std::string(text).starts_with("127.")) found = text;
  }
  freeifaddrs(all);
  return found;
}

class EveryAddressTest : public BitsdTest {
 protected:
  BitsdOptions Options() override {
    BitsdOptions options;
    options.listen = "0.0.0.0:0";
    options.allowed_addresses = {"127.0.0.1"};
    if (!own_.empty()) options.allowed_addresses.push_back(own_);
    return options;
  }

  const std::string own_ = OwnAddress();
};

TEST_F(EveryAddressTest, TheOwnPortIsOutOfReachOnEveryAddressOfTheMachine) {
  auto options = bitsd().ClientOptionsOf("fetcher");
  ASSERT_TRUE(options.ok());
  const std::string port = bitsd().endpoint().substr(bitsd().endpoint().rfind(':'));
  options->endpoint = "127.0.0.1" + port;
  auto fetcher = bits::Client::Connect(*std::move(options));
  ASSERT_TRUE(fetcher.ok());
  const auto add = [&](const std::string& host) {
    bits::v1::AddFileSetRequest request;
    request.set_job_id(CreateJob(*fetcher));
    auto* file = request.add_files();
    file->set_remote_name("http://" + host + port + "/f");
    file->set_local_name(FolderOf("fetcher") + "/f");
    return ErrorText(fetcher->AddFileSet(request).status());
  };
  for (const char* host : {"127.0.0.1", "[::ffff:127.0.0.1]", "0.0.0.0", "[::]", "[::1]"}) {
    EXPECT_EQ(add(host), "E_ACCESSDENIED/address_denied") << host;
  }
  if (own_.empty()) GTEST_SKIP() << "this machine has but loopback addresses";
  EXPECT_EQ(add(own_), "E_ACCESSDENIED/address_denied") << own_;
  EXPECT_EQ(add("[::ffff:" + own_ + "]"), "E_ACCESSDENIED/address_denied") << own_;
}

using RefusedFilesTest = BitsdTest;

TEST_F(RefusedFilesTest, ACallLeavesOneLineHoweverManyFoldersItNames) {
  const bits::Client fetcher = As("fetcher");
  const std::string job = CreateJob(fetcher);
  bits::v1::AddFileSetRequest request;
  request.set_job_id(job);
  for (int i = 0; i < 100; ++i) {
    auto* file = request.add_files();
    file->set_remote_name(web().Url("file"));
    file->set_local_name(FolderOf("fetcher") + "/" + (i < 99 ? "" : "missing/") + "f" +
                         std::to_string(i));
  }
  EXPECT_FALSE(fetcher.AddFileSet(request).ok());
  const auto lines = bitsd().AwaitAudit("directory_checked", 1);
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0].value("count", ""), "2");
  EXPECT_NE(lines[0].value("result", ""), "OK");
}

}  // namespace
}  // namespace bitsd::tests
