// New TLS material while handshakes go on: not one of them may fail.

#include "server/rpc/tls_handover.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <thread>
#include <vector>

#include "tests/integration/rpc/rpc_fixture.h"
#include "tests/testing/wait.h"

namespace bitsd::rpc {
namespace {

std::string ReadWhole(const std::string& path) {
  const UniqueFd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::string text;
  char buffer[4096];
  for (ssize_t got = 0; (got = read(file.get(), buffer, sizeof(buffer))) > 0;) {
    text.append(buffer, static_cast<size_t>(got));
  }
  return text;
}

std::time_t ModifiedAt(const std::string& path) {
  struct stat info;
  return stat(path.c_str(), &info) == 0 ? info.st_mtime : 0;
}

TEST(TlsHandoverTest, APairReadAsGrpcReadsItIsNeverOfTwoGenerations) {
  const auto numbered = [](int n) {
    const std::string text = std::to_string(n);
    return TlsMaterial{"certificate " + text, "key " + text, "roots"};
  };
  auto handover = TlsHandover::Create(numbered(0));
  ASSERT_TRUE(handover.ok()) << handover.status();
  const std::string path = (*handover)->pair_path();
  std::atomic<bool> over = false;
  std::atomic<int> torn = 0;
  std::atomic<int> whole = 0;
  std::thread reader([&] {
    while (!over) {
      // The order of gRPC's FileWatcherCertificateProvider; it takes what has one time throughout.
      const std::time_t key_before = ModifiedAt(path);
      const std::time_t certificate_before = ModifiedAt(path);
      const std::string key = ReadWhole(path);
      const std::string certificate = ReadWhole(path);
      const std::time_t key_after = ModifiedAt(path);
      const std::time_t certificate_after = ModifiedAt(path);
      if (key_before != key_after || certificate_before != certificate_after) continue;
      ++(key == certificate && key.find("certificate") == 0 ? whole : torn);
    }
  });
  for (int n = 1; n <= 20'000; ++n) ASSERT_TRUE((*handover)->Replace(numbered(n)).ok());
  ASSERT_TRUE(tests::WaitFor([&] { return whole > 100; }));
  over = true;
  reader.join();
  EXPECT_EQ(torn, 0);
}

class TlsReplacementTest : public RpcTest {
 protected:
  /// A pair of its own, by the same root.
  TlsMaterial OtherMaterial() const {
    tests::CertificateSpec spec;
    spec.name = "another server";
    spec.extended_key_usage = "serverAuth";
    spec.raw_extensions = {{"2.5.29.17", tests::Der(0x30, tests::Der(0x82, "localhost"))}};
    const auto certificate = tests::IssueCertificate(ValidNow(spec), &root_);
    return {certificate.Pem(), KeyPem(certificate), root_.Pem()};
  }
};

TEST_F(TlsReplacementTest, NoHandshakeFailsDuringManyReplacements) {
  const TlsMaterial materials[] = {ServerMaterial(), OtherMaterial()};
  std::atomic<bool> over = false;
  std::atomic<int> handshakes = 0;
  std::atomic<int> failed = 0;
  std::vector<std::thread> clients;
  for (int i = 0; i < 3; ++i) {
    clients.emplace_back([&] {
      while (!over) {
        const RpcClient client = ClientWithSid(kUser);
        const grpc::Status status = client.Call("/bits.v1.BackgroundCopyManager/GetServerInfo");
        ++handshakes;
        if (!status.ok()) ++failed;
      }
    });
  }
  // Longer than several of gRPC's refreshes, which come once a second.
  const absl::Time end = absl::Now() + absl::Seconds(6);
  int replacements = 0;
  while (absl::Now() < end) {
    ASSERT_TRUE(server_->ReplaceTls(materials[++replacements % 2]).ok());
  }
  over = true;
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(failed, 0) << "of " << handshakes << " during " << replacements << " replacements";
  EXPECT_GT(handshakes, 20);
  RecordProperty("handshakes", handshakes);
  RecordProperty("replacements", replacements);
}

TEST_F(TlsReplacementTest, MaterialThatCannotBeTakenChangesNothing) {
  TlsMaterial half = ServerMaterial();
  half.private_key = OtherMaterial().private_key;
  EXPECT_FALSE(server_->ReplaceTls(half).ok());
  TlsMaterial expired = OtherMaterial();
  clock_.Advance(absl::Hours(2));
  EXPECT_FALSE(server_->ReplaceTls(expired).ok());
  clock_.Advance(-absl::Hours(2));
  TlsMaterial rootless = OtherMaterial();
  rootless.roots = "";
  EXPECT_FALSE(server_->ReplaceTls(rootless).ok());
  EXPECT_TRUE(ClientWithSid(kUser).Call("/bits.v1.BackgroundCopyManager/GetServerInfo").ok());
}

TEST_F(TlsReplacementTest, AWatchEndsWhenItsCallerIsNobodyAnyMore) {
  jobs_.answer = absl::OkStatus();
  const RpcClient client = ClientWithSid(kUser);
  grpc::Status status;
  std::thread watching([&] { status = client.Call("/bits.v1.BackgroundCopyManager/WatchJobs"); });
  ASSERT_TRUE(tests::WaitFor([&] { return jobs_.script.OpenWatches() == 1; }));
  server_->OnNewGeneration();
  EXPECT_EQ(jobs_.script.OpenWatches(), 1) << "she still is who she was";
  sessions_.RefreshOf(*Sid::Parse(kUser), "groups_changed");
  server_->OnNewGeneration();
  watching.join();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAUTHENTICATED) << status.error_message();
}

TEST_F(TlsReplacementTest, HealthSaysWhetherEveryFileIsInForce) {
  const RpcClient client = ClientWithSid(kUser);
  // HealthCheckRequest{service} and HealthCheckResponse{status}.
  const std::string name = GrpcServer::kReloadHealth;
  const std::string request = std::string("\x0a") + static_cast<char>(name.size()) + name;
  const auto ask = [&] {
    std::string response;
    EXPECT_TRUE(client.Call("/grpc.health.v1.Health/Check", {}, request, &response).ok());
    return response;
  };
  const std::string serving = std::string("\x08\x01", 2);
  const std::string not_serving = std::string("\x08\x02", 2);
  EXPECT_EQ(ask(), serving);
  reloads_.Failed(ReloadSource::kClientRoots, {absl::Now(), "/roots", "garbage"});
  server_->ShowReloads();
  EXPECT_EQ(ask(), not_serving);
  reloads_.Good(ReloadSource::kClientRoots, std::nullopt);
  server_->ShowReloads();
  EXPECT_EQ(ask(), serving);
}

}  // namespace
}  // namespace bitsd::rpc
