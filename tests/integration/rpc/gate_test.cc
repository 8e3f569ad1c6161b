// Who gets past the handshake and the identity check, over real TLS connections.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <google/protobuf/descriptor.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bits/v1/job.pb.h"
#include "bits/v1/manager.grpc.pb.h"
#include "bits/v1/token_options.pb.h"
#include "server/rpc/services.h"
#include "tests/integration/rpc/rpc_fixture.h"
#include "tests/testing/wait.h"

namespace bitsd::rpc {
namespace {

using ::grpc::StatusCode;
using ::testing::Contains;
using ::testing::HasSubstr;

constexpr char kHealth[] = "/grpc.health.v1.Health/Check";
constexpr char kReflection[] = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo";
constexpr char kChannelz[] = "/grpc.channelz.v1.Channelz/GetServers";
constexpr char kServerInfo[] = "/bits.v1.BackgroundCopyManager/GetServerInfo";

/// Methods that no handler of bits.v1 answers.
const std::vector<std::string> kElsewhere = {kReflection,
                                             kChannelz,
                                             "/unknown.Service/Method",
                                             "/bits.v1.BackgroundCopyJob/Unknown",
                                             "/bits.v1.BackgroundCopyJob/cancel",
                                             "/",
                                             "/grpc.health.v1.Health/Unknown"};

void ExpectRefused(const grpc::Status& status, const std::string& reason) {
  EXPECT_EQ(status.error_code(), StatusCode::UNAUTHENTICATED) << status.error_message();
  EXPECT_THAT(status.error_message(), HasSubstr(reason));
}

class RpcHandshake : public RpcTest {
 protected:
  void ExpectHandshakeRefused(const RpcClient& client, HandshakeRefusal refusal) {
    EXPECT_EQ(client.Call(kHealth).error_code(), StatusCode::UNAVAILABLE);
    EXPECT_TRUE(tests::WaitFor([&] { return Refused(refusal) > 0; }));
    EXPECT_TRUE(tests::WaitFor([&] { return !audit_.RefusedHandshakes().empty(); }));
    EXPECT_THAT(audit_.RefusedHandshakes(), Contains(std::string(RefusalName(refusal))));
  }
};

TEST_F(RpcHandshake, APeerWithoutCertificateIsRefusedAndCounted) {
  ExpectHandshakeRefused(ClientWithoutCertificate(), HandshakeRefusal::kNoCertificate);
  EXPECT_EQ(Refused(HandshakeRefusal::kVerificationFailed), 0u);
}

TEST_F(RpcHandshake, AnExpiredCertificateIsRefusedAndCounted) {
  tests::CertificateSpec spec = ValidNow(tests::SpecWithSid(kUser));
  spec.not_after = absl::Now() - absl::Minutes(1);
  ExpectHandshakeRefused(ClientWith(spec, root_), HandshakeRefusal::kVerificationFailed);
}

TEST_F(RpcHandshake, ACertificateOfAnotherIssuerIsRefusedAndCounted) {
  const tests::TestCertificate other = MakeRoot("another root");
  ExpectHandshakeRefused(ClientWith(ValidNow(tests::SpecWithSid(kUser)), other),
                         HandshakeRefusal::kVerificationFailed);
}

TEST_F(RpcHandshake, AnotherIssuerOfTheSameNameIsRefusedAndCounted) {
  const tests::TestCertificate forged = MakeRoot("test root");
  ExpectHandshakeRefused(ClientWith(ValidNow(tests::SpecWithSid(kUser)), forged),
                         HandshakeRefusal::kVerificationFailed);
}

/// Connects, sends `bytes` and closes.
void SendRaw(int port, std::string_view bytes) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  ASSERT_EQ(send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
  char drop[64];
  while (recv(fd, drop, sizeof(drop), 0) > 0) {
  }
  close(fd);
}

TEST_F(RpcHandshake, AnotherProtocolIsRefusedAndCounted) {
  SendRaw(server_->port(), "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_TRUE(tests::WaitFor([&] { return Refused(HandshakeRefusal::kOther) == 1; }));
}

TEST_F(RpcHandshake, AFloodOfRefusalsIsCountedWholeAndWrittenInPart) {
  constexpr int kFlood = 200;
  for (int i = 0; i < kFlood; ++i) SendRaw(server_->port(), "not TLS at all\r\n\r\n");
  EXPECT_TRUE(tests::WaitFor([&] { return Refused(HandshakeRefusal::kOther) == kFlood; }));
  EXPECT_LT(audit_.RefusedHandshakes().size(), static_cast<size_t>(kFlood));
}

class RpcGate : public RpcTest {};

TEST_F(RpcGate, AVerifiedPeerWithoutSidIsRefusedOnEveryMethodButHealth) {
  const RpcClient client = ClientWith(ValidNow({}), root_);
  for (const std::string& path : MethodPaths()) {
    const grpc::Status status = client.Call(path);
    ExpectRefused(status, "SID");
    EXPECT_EQ(InfoOf(status).domain(), "bits.v1") << path;
    EXPECT_EQ(InfoOf(status).reason(), "UNAUTHENTICATED") << path;
  }
  for (const std::string& path : kElsewhere) ExpectRefused(client.Call(path), "SID");
  EXPECT_TRUE(client.Call(kHealth).ok());
  EXPECT_EQ(jobs_.calls + tokens_.calls, 0);
}

TEST_F(RpcGate, AnUnknownAccountIsRefusedByRuleOnEveryMethodButHealth) {
  const RpcClient client = ClientWithSid(kStranger);
  for (const std::string& path : MethodPaths()) {
    const grpc::Status status = client.Call(path);
    ExpectRefused(status, kStranger);
    EXPECT_EQ(InfoOf(status).metadata().at("rule"), "unknown_account") << path;
  }
  for (const std::string& path : kElsewhere) ExpectRefused(client.Call(path), kStranger);
  EXPECT_TRUE(client.Call(kHealth).ok());
  EXPECT_EQ(jobs_.calls + tokens_.calls, 0);
}

TEST_F(RpcGate, AnAcceptedIdentityReachesTheServicesAndReflectionButNotChannelz) {
  const RpcClient client = ClientWithSid(kUser);
  EXPECT_TRUE(client.Call(kServerInfo).ok());
  EXPECT_TRUE(client.Call(kHealth).ok());
  // One empty request on a stream: answered, though not usefully.
  EXPECT_NE(client.Call(kReflection).error_code(), StatusCode::PERMISSION_DENIED);
  EXPECT_NE(client.Call(kReflection).error_code(), StatusCode::UNAUTHENTICATED);
  EXPECT_EQ(client.Call(kChannelz).error_code(), StatusCode::PERMISSION_DENIED);
}

TEST_F(RpcGate, AnEnabledAdministratorReachesChannelzUnlessFiltered) {
  const RpcClient client = ClientWithSid(kAdministrator);
  EXPECT_TRUE(client.Call(kChannelz).ok());
  EXPECT_EQ(client.Call(kChannelz, {{"bits-filter-admin", "1"}}).error_code(),
            StatusCode::PERMISSION_DENIED);
}

TEST_F(RpcGate, UnknownMethodsAreDeniedToEverybody) {
  const RpcClient client = ClientWithSid(kAdministrator);
  for (const char* path : {"/unknown.Service/Method", "/bits.v1.BackgroundCopyJob/Unknown"}) {
    EXPECT_EQ(client.Call(path).error_code(), StatusCode::PERMISSION_DENIED) << path;
  }
}

TEST_F(RpcGate, UnknownBitsMetadataIsRefusedEverywhere) {
  const RpcClient client = ClientWithSid(kUser);
  const ExtraMetadata metadata = {{"bits-make-me-root", "1"}};
  const grpc::Status status = client.Call(kServerInfo, metadata);
  EXPECT_EQ(status.error_code(), StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(InfoOf(status).reason(), "E_INVALIDARG");
  EXPECT_EQ(InfoOf(status).metadata().at("hresult"), "0x80070057");
  for (const char* path : {kHealth, kReflection, kChannelz}) {
    EXPECT_EQ(client.Call(path, metadata).error_code(), StatusCode::INVALID_ARGUMENT) << path;
  }
}

TEST_F(RpcGate, MetadataThatIsMalformedOrDoubledIsRefused) {
  const RpcClient client = ClientWithSid(kUser);
  const std::vector<ExtraMetadata> bad = {{{"bits-filter-admin", "0"}},
                                          {{"bits-filter-admin", "1"}, {"bits-filter-admin", "1"}},
                                          {{"bits-impersonation-level", "root"}},
                                          {{"bits-session-id", "1"}},
                                          {{"bits-something-bin", std::string("\0\xFF", 2)}}};
  for (const ExtraMetadata& metadata : bad) {
    EXPECT_EQ(InfoOf(client.Call(kServerInfo, metadata)).reason(), "E_INVALIDARG");
  }
}

TEST_F(RpcGate, ASessionThatIsNotOpenIsNoSession) {
  const grpc::Status status =
      ClientWithSid(kUser).Call(kServerInfo, {{"bits-session-id", SessionId::Random().ToString()}});
  EXPECT_EQ(status.error_code(), StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(InfoOf(status).reason(), "ERROR_NOT_LOGGED_ON");
}

TEST_F(RpcGate, TheAnonymousLevelReachesHealthOnly) {
  const RpcClient client = ClientWithSid(kAdministrator);
  const ExtraMetadata anonymous = {{"bits-impersonation-level", "anonymous"}};
  EXPECT_TRUE(client.Call(kHealth, anonymous).ok());
  for (const std::string& path : MethodPaths()) {
    EXPECT_EQ(InfoOf(client.Call(path, anonymous)).reason(), "E_ACCESSDENIED") << path;
  }
  for (const char* path : {kReflection, kChannelz}) {
    EXPECT_EQ(client.Call(path, anonymous).error_code(), StatusCode::PERMISSION_DENIED) << path;
  }
}

TEST_F(RpcGate, ACertificateThatEndsOnALiveConnectionIsRefused) {
  const RpcClient client = ClientWithSid(kUser);
  ASSERT_TRUE(client.Call(kServerInfo).ok());
  clock_.Advance(absl::Hours(2));
  ExpectRefused(client.Call(kServerInfo), "");
  ExpectRefused(client.Call(kReflection), "");
}

TEST_F(RpcGate, MessagesOverTheLimitAreRefused) {
  const RpcClient client = ClientWithSid(kUser);
  ::bits::v1::CreateJobRequest request;
  request.set_description(std::string(GrpcServer::kMaxMessage, 'x'));
  const std::string path = "/bits.v1.BackgroundCopyManager/CreateJob";
  EXPECT_EQ(client.Call(path, {}, request.SerializeAsString()).error_code(),
            StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(jobs_.calls, 0);
  request.set_description(std::string(1000, 'x'));
  EXPECT_EQ(client.Call(path, {}, request.SerializeAsString()).error_code(), StatusCode::NOT_FOUND);
}

TEST_F(RpcGate, MetadataOverTheLimitIsRefusedAndTheServiceLivesOn) {
  const RpcClient client = ClientWithSid(kUser);
  const ExtraMetadata absurd = {{"x-filler", std::string(GrpcServer::kMaxMetadata, 'x')}};
  EXPECT_EQ(client.Call(kServerInfo, absurd).error_code(), StatusCode::RESOURCE_EXHAUSTED);
  // gRPC may end the connection over it: then the next call makes another.
  EXPECT_TRUE(tests::WaitFor([&] { return client.Call(kServerInfo).ok(); }));
}

TEST_F(RpcGate, GarbageForARequestReachesNoDomain) {
  const RpcClient client = ClientWithSid(kUser);
  EXPECT_FALSE(client.Call("/bits.v1.BackgroundCopyManager/CreateJob", {}, "\xFF\xFF\xFF").ok());
  EXPECT_EQ(jobs_.calls, 0);
}

}  // namespace
}  // namespace bitsd::rpc
