// New TLS material while handshakes go on: not one of them may fail.

#include "server/rpc/tls_handover.h"

#include <atomic>
#include <thread>
#include <vector>

#include "tests/integration/rpc/rpc_fixture.h"
#include "tests/testing/wait.h"

namespace bitsd::rpc {
namespace {

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
