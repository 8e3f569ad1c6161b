// Many connections, streams and unfinished requests of some: others do not notice.

#include <arpa/inet.h>
#include <grpcpp/generic/generic_stub.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <future>
#include <memory>
#include <thread>
#include <vector>

#include "bits/v1/job.pb.h"
#include "bits/v1/manager.grpc.pb.h"
#include "server/rpc/door/listen_socket.h"
#include "server/rpc/side_streams.h"
#include "tests/integration/rpc/rpc_fixture.h"
#include "tests/testing/fakes/fault_store.h"
#include "tests/testing/wait.h"

namespace bitsd::rpc {
namespace {

using grpc::StatusCode;
using tests::WaitFor;

constexpr char kServerInfo[] = "/bits.v1.BackgroundCopyManager/GetServerInfo";
constexpr char kAddFileSet[] = "/bits.v1.BackgroundCopyJob/AddFileSet";
constexpr char kReflection[] = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo";
constexpr char kHealthWatch[] = "/grpc.health.v1.Health/Watch";
constexpr char kChannelz[] = "/grpc.channelz.v1.Channelz/GetServers";

sockaddr_in Loopback(const char* address, int port) {
  sockaddr_in out{};
  out.sin_family = AF_INET;
  out.sin_port = htons(static_cast<uint16_t>(port));
  inet_pton(AF_INET, address, &out.sin_addr);
  return out;
}

/// A connection from `from` that says nothing.
UniqueFd Silent(const char* from, int port) {
  UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const sockaddr_in source = Loopback(from, 0);
  const sockaddr_in target = Loopback("127.0.0.1", port);
  EXPECT_EQ(bind(fd.get(), reinterpret_cast<const sockaddr*>(&source), sizeof(source)), 0);
  EXPECT_EQ(connect(fd.get(), reinterpret_cast<const sockaddr*>(&target), sizeof(target)), 0);
  return fd;
}

/// Forwards one connection, and of what the client sends only so many bytes.
class HalfRelay {
 public:
  HalfRelay(int target, size_t most) : listener_(*Listen("127.0.0.1:0")) {
    thread_ = std::thread([this, target, most] {
      Run(target, most);
      listener_.fd.Reset();  // Nobody waits for a second connection.
      ended_ = true;
    });
  }
  ~HalfRelay() {
    stop_ = true;
    thread_.join();
  }
  int port() const { return listener_.port; }
  /// The server has ended the connection.
  bool ended() const { return ended_; }

 private:
  void Run(int target, size_t left) {
    UniqueFd client;
    WaitFor([&] {
      client.Reset(accept4(listener_.fd.get(), nullptr, nullptr, SOCK_CLOEXEC));
      return client.valid() || stop_;
    });
    if (!client.valid()) return;
    const UniqueFd server = Silent("127.0.0.1", target);
    std::vector<char> buffer(64 << 10);
    while (!stop_) {
      pollfd ready[2] = {{server.get(), POLLIN, 0},
                         {client.get(), static_cast<short>(left > 0 ? POLLIN : 0), 0}};
      poll(ready, 2, 20);
      if ((ready[0].revents & (POLLIN | POLLHUP)) != 0) {
        const ssize_t size = recv(server.get(), buffer.data(), buffer.size(), 0);
        if (size <= 0) return;  // The server ended it; both sockets close.
        send(client.get(), buffer.data(), static_cast<size_t>(size), MSG_NOSIGNAL);
      }
      if ((ready[1].revents & POLLIN) != 0) {
        const ssize_t size = recv(client.get(), buffer.data(), std::min(left, buffer.size()), 0);
        if (size <= 0) return;
        send(server.get(), buffer.data(), static_cast<size_t>(size), MSG_NOSIGNAL);
        left -= static_cast<size_t>(size);
      }
    }
  }

  ListenSocket listener_;
  std::atomic<bool> stop_{false};
  std::atomic<bool> ended_{false};
  std::thread thread_;
};

/// A stream of any method; `answered` once a message has come.
class AnyStream : public grpc::ClientBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer> {
 public:
  AnyStream(const RpcClient& client, const std::string& path, const std::string& request)
      : stub_(client.channel()), slice_(request), message_(&slice_, 1) {
    SetDeadline(context_);
    stub_.PrepareBidiStreamingCall(&context_, path, {}, this);
    StartWrite(&message_);
    StartRead(&answer_);
    StartCall();
  }
  ~AnyStream() override {
    context_.TryCancel();
    done_.get_future().wait();
  }

  void OnReadDone(bool ok) override {
    if (ok) answered = true;
    ended = !ok;
  }
  void OnDone(const grpc::Status& status) override {
    {
      const std::lock_guard lock(mutex_);
      status_ = status;
    }
    over = true;
    done_.set_value();
  }
  /// The status, once it is over.
  grpc::Status Status() {
    EXPECT_TRUE(WaitFor([this] { return over.load(); }));
    const std::lock_guard lock(mutex_);
    return status_;
  }

  std::atomic<bool> answered{false};
  std::atomic<bool> ended{false};
  std::atomic<bool> over{false};

 private:
  grpc::ClientContext context_;
  grpc::GenericStub stub_;
  grpc::Slice slice_;
  grpc::ByteBuffer message_;
  grpc::ByteBuffer answer_;
  std::promise<void> done_;
  std::mutex mutex_;
  grpc::Status status_;
};

/// ServerReflectionRequest{list_services: "*"}.
const std::string kListServices = "\x3A\x01*";

class RpcDoor : public RpcTest {
 protected:
  void Restart(const DoorLimits& limits) {
    server_.reset();
    server_ = *StartServer(ServerMaterial(), "127.0.0.1:0", limits);
  }
};

TEST_F(RpcDoor, SilentConnectionsKeepNobodyOut) {
  DoorLimits limits;
  limits.connections = 20;
  limits.per_address = 10;
  limits.per_identity = 5;
  Restart(limits);
  std::vector<UniqueFd> silent;
  for (int i = 0; i < 30; ++i) silent.push_back(Silent("127.0.0.5", server_->port()));
  EXPECT_TRUE(ClientWithSid(kUser).Call(kServerInfo).ok()) << "of another address";
  for (int i = 0; i < 30; ++i) silent.push_back(Silent("127.0.0.1", server_->port()));
  EXPECT_TRUE(ClientWithSid(kUser).Call(kServerInfo).ok()) << "of the same address";
  silent.clear();
  EXPECT_TRUE(ClientWithSid(kUser).Call(kServerInfo).ok());
}

TEST_F(RpcDoor, AnIdentityAtItsLimitIsToldAndOthersAreNot) {
  DoorLimits limits;
  limits.per_identity = 3;
  Restart(limits);
  std::vector<RpcClient> clients;
  for (int i = 0; i < 3; ++i) {
    clients.push_back(ClientWithSid(kUser));
    ASSERT_TRUE(clients.back().Call(kServerInfo).ok());
  }
  const grpc::Status refused = ClientWithSid(kUser).Call(kServerInfo);
  EXPECT_EQ(refused.error_code(), StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(InfoOf(refused).reason(), "E_OUTOFMEMORY");
  EXPECT_TRUE(ClientWithSid(kAdministrator).Call(kServerInfo).ok());
  clients.pop_back();
  EXPECT_TRUE(WaitFor([&] { return ClientWithSid(kUser).Call(kServerInfo).ok(); }))
      << "a connection that ended makes room";
  EXPECT_TRUE(clients.front().Call(kServerInfo).ok());
}

TEST_F(RpcDoor, RequestsThatNeverEndLeaveTheStreamsOfOthersAlone) {
  DoorLimits limits;
  limits.unfinished_per_caller = 1 << 20;
  Restart(limits);
  AnyStream others(ClientWithSid(kAdministrator), kReflection, kListServices);
  ASSERT_TRUE(WaitFor([&] { return others.answered.load(); }));

  const HalfRelay relay(server_->port(), 5 << 20);
  const tests::TestCertificate certificate =
      tests::IssueCertificate(ValidNow(tests::SpecWithSid(kUser)), &root_);
  const RpcClient greedy(relay.port(), root_.Pem(), certificate.Pem(), KeyPem(certificate));
  ::bits::v1::AddFileSetRequest request;
  // However the requests are mixed, more than 1 MiB of them is left.
  request.set_job_id(std::string(7 << 19, 'x'));
  std::vector<std::unique_ptr<AnyStream>> unfinished;
  for (int i = 0; i < 10; ++i) {
    unfinished.push_back(
        std::make_unique<AnyStream>(greedy, kAddFileSet, request.SerializeAsString()));
  }
  EXPECT_TRUE(WaitFor([&] { return relay.ended(); }));
  EXPECT_FALSE(others.ended) << "another's stream lives on";
  EXPECT_TRUE(ClientWithSid(kUser).Call(kServerInfo).ok()) << "and the caller may come again";
}

TEST_F(RpcDoor, StreamsOfReflectionAreLimitedForEachIdentity) {
  const RpcClient user = ClientWithSid(kUser);
  std::vector<std::unique_ptr<AnyStream>> open;
  for (size_t i = 0; i < SideStreams::kMaxPerSid; ++i) {
    open.push_back(std::make_unique<AnyStream>(user, kReflection, kListServices));
    ASSERT_TRUE(WaitFor([&] { return open.back()->answered.load(); })) << i;
  }
  const grpc::Status refused = AnyStream(user, kReflection, kListServices).Status();
  EXPECT_EQ(refused.error_code(), StatusCode::RESOURCE_EXHAUSTED);
  const RpcClient administrator = ClientWithSid(kAdministrator);
  AnyStream other(administrator, kReflection, kListServices);
  EXPECT_TRUE(WaitFor([&] { return other.answered.load(); })) << "another does not notice";
  EXPECT_TRUE(administrator.Call(kChannelz).ok());
  open.pop_back();
  EXPECT_TRUE(WaitFor([&] {
    AnyStream again(user, kReflection, kListServices);
    WaitFor([&] { return again.answered || again.ended; });
    return again.answered.load();
  })) << "one that ended makes room";
}

TEST_F(RpcDoor, APeerWithoutAnAccountLeavesOthersOfThemTheirStreams) {
  const RpcClient stranger = ClientWithSid(kStranger);
  std::vector<std::unique_ptr<AnyStream>> open;
  for (size_t i = 0; i < SideStreams::kMaxPerStranger; ++i) {
    open.push_back(std::make_unique<AnyStream>(stranger, kHealthWatch, ""));
    ASSERT_TRUE(WaitFor([&] { return open.back()->answered.load(); })) << i;
  }
  const grpc::Status refused = AnyStream(stranger, kHealthWatch, "").Status();
  EXPECT_EQ(refused.error_code(), StatusCode::RESOURCE_EXHAUSTED);
  AnyStream other(ClientWithSid(kStranger), kHealthWatch, "");
  EXPECT_TRUE(WaitFor([&] { return other.answered.load(); })) << "of another certificate";
  EXPECT_TRUE(ClientWithSid(kUser).Call(kServerInfo).ok());
}

TEST_F(RpcDoor, RequestsOtherThanFilesAreSmall) {
  const RpcClient user = ClientWithSid(kUser);
  ::bits::v1::AddFileSetRequest files;
  files.set_job_id(std::string(300 << 10, 'x'));
  EXPECT_EQ(InfoOf(user.Call(kAddFileSet, {}, files.SerializeAsString())).reason(), "E_INVALIDARG");
  ::bits::v1::CreateJobRequest job;
  job.set_description(std::string(300 << 10, 'x'));
  const grpc::Status status =
      user.Call("/bits.v1.BackgroundCopyManager/CreateJob", {}, job.SerializeAsString());
  EXPECT_EQ(InfoOf(status).reason(), "E_INVALIDARG");
  EXPECT_EQ(jobs_.calls, 0);
}

TEST_F(RpcDoor, ARequestThatIsCompressedIsRefusedUnread) {
  const RpcClient user = ClientWithSid(kUser);
  ::bits::v1::CreateJobRequest job;
  job.set_description(std::string(1000, 'x'));
  const grpc::Status status =
      user.Call("/bits.v1.BackgroundCopyManager/CreateJob",
                {{"grpc-internal-encoding-request", "gzip"}}, job.SerializeAsString());
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNIMPLEMENTED) << status.error_message();
  EXPECT_EQ(jobs_.calls, 0) << "a few bytes would become gigabytes";
}

TEST_F(RpcDoor, ACancelledQueryInterfaceLeavesNoHandle) {
  std::promise<void> entered;
  std::promise<void> go;
  jobs_.query = [&]() -> absl::StatusOr<std::string> {
    entered.set_value();
    go.get_future().wait();
    return std::string(32, 'h');
  };
  const RpcClient user = ClientWithSid(kUser);
  ::bits::v1::QueryInterfaceRequest request;
  request.set_job_id("7b5f1f2e-6c4d-4f0a-9f7e-0123456789ab");
  request.set_interface_id("9a2584c3-f7d2-457a-9a5e-22b67bffc7d2");
  auto cancelled = std::make_unique<AnyStream>(user, "/bits.v1.BackgroundCopyJob/QueryInterface",
                                               request.SerializeAsString());
  entered.get_future().wait();
  cancelled.reset();
  // The connection has one order: once this is answered, the cancellation has arrived.
  EXPECT_TRUE(user.Call(kServerInfo).ok());
  go.set_value();
  EXPECT_TRUE(WaitFor([&] {
    const std::lock_guard lock(jobs_.script.mutex);
    return jobs_.released == std::vector<std::string>{std::string(32, 'h')};
  }));
}

TEST_F(RpcDoor, AQueryInterfaceThatWasAnsweredKeepsItsHandle) {
  jobs_.query = [] { return std::string(32, 'h'); };
  ::bits::v1::QueryInterfaceRequest request;
  request.set_job_id("7b5f1f2e-6c4d-4f0a-9f7e-0123456789ab");
  request.set_interface_id("9a2584c3-f7d2-457a-9a5e-22b67bffc7d2");
  const RpcClient user = ClientWithSid(kUser);
  ASSERT_TRUE(
      user.Call("/bits.v1.BackgroundCopyJob/QueryInterface", {}, request.SerializeAsString()).ok());
  server_->Shutdown(absl::Seconds(5));
  EXPECT_TRUE(jobs_.released.empty());
}

TEST_F(RpcDoor, ACancelledLogonLeavesNoSession) {
  FaultStore store(store_);
  SessionTable sessions({store, audit_, *directory_, clock_, steady_, timer_}, {});
  const auto server =
      GrpcServer::Start({"127.0.0.1:0", ServerMaterial(), {}, {}},
                        {jobs_, tokens_, *identities_, sessions, audit_, clock_, reloads_});
  ASSERT_TRUE(server.ok());
  const tests::TestCertificate certificate =
      tests::IssueCertificate(ValidNow(tests::SpecWithSid(kUser)), &root_);
  const RpcClient user((*server)->port(), root_.Pem(), certificate.Pem(), KeyPem(certificate));
  store.Hold();
  auto cancelled = std::make_unique<AnyStream>(user, "/bits.v1.Sessions/Logon", "");
  ASSERT_TRUE(WaitFor([&] { return store.held() == 1; }));
  cancelled.reset();
  EXPECT_TRUE(user.Call(kServerInfo).ok());
  store.ReleaseAll();
  EXPECT_TRUE(WaitFor([&] {
    const auto open = sessions.List(*Sid::Parse(kUser));
    return open.size() == 1 && open[0]->facts().is_default;
  }));
  (*server)->Shutdown(absl::Seconds(5));
  timer_.Stop();
}

TEST_F(RpcDoor, ServerInfoFollowsAReload) {
  const auto policy = [this] {
    ::bits::v1::GetServerInfoResponse info;
    std::string answer;
    EXPECT_TRUE(ClientWithSid(kUser).Call(kServerInfo, {}, "", &answer).ok());
    EXPECT_TRUE(info.ParseFromString(answer));
    return info.policy();
  };
  EXPECT_EQ(policy(), "windows7");
  server_->SetInfo({"1.2.3", "windows10_1607", true, {}});
  EXPECT_EQ(policy(), "windows10_1607");
}

}  // namespace
}  // namespace bitsd::rpc
