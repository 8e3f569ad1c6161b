#include "tests/integration/rpc/rpc_fixture.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/security/credentials.h>
#include <openssl/pem.h>

#include <chrono>
#include <future>
#include <utility>

#include "server/error/errors.h"
#include "server/identity/file_account_directory.h"

namespace bitsd::rpc {
namespace {

constexpr std::chrono::seconds kCallDeadline{20};

class ScriptedWatch : public JobWatch {
 public:
  explicit ScriptedWatch(WatchScript* script) : script_(script) {}
  ~ScriptedWatch() override {
    const std::lock_guard lock(script_->mutex);
    --script_->open;
  }
  std::optional<Event> Next() override {
    const std::lock_guard lock(script_->mutex);
    if (script_->events.empty()) return std::nullopt;
    std::optional<Event> event(script_->events.front());
    script_->events.pop_front();
    return event;
  }

 private:
  WatchScript* const script_;
};

std::shared_ptr<const Account> MakeAccount(const std::string& sid, std::vector<SidGroup> groups) {
  auto account = std::make_shared<Account>();
  account->sid = *Sid::Parse(sid);
  account->name = sid;
  account->groups = std::move(groups);
  return account;
}

std::shared_ptr<const AccountDirectory> MakeDirectory() {
  FileAccountDirectory::Accounts accounts;
  for (const auto& account : {MakeAccount(kUser, {}),
                              MakeAccount(kAdministrator, {{kAdministratorsSid, kGroupEnabled}})}) {
    accounts[account->sid] = account;
  }
  return std::make_shared<FileAccountDirectory>(std::move(accounts));
}

/// For the name that clients check: subject alternative name, DNS localhost.
tests::CertificateSpec ServerSpec() {
  tests::CertificateSpec spec;
  spec.name = "server";
  spec.extended_key_usage = "serverAuth";
  spec.raw_extensions = {{"2.5.29.17", tests::Der(0x30, tests::Der(0x82, "localhost"))}};
  return spec;
}

}  // namespace

void MemoryAudit::Write(AuditEvent event) {
  const std::lock_guard lock(mutex_);
  events_.push_back(std::move(event));
}

std::vector<std::string> MemoryAudit::RefusedHandshakes() const {
  std::vector<std::string> reasons;
  for (auto& fields : Events("handshake_refused")) reasons.push_back(fields["reason"]);
  return reasons;
}

std::vector<std::map<std::string, std::string>> MemoryAudit::Events(std::string_view name) const {
  const std::lock_guard lock(mutex_);
  std::vector<std::map<std::string, std::string>> found;
  for (const AuditEvent& event : events_) {
    if (event.name != name) continue;
    auto& fields = found.emplace_back();
    for (const auto& [key, value] : event.fields) fields[std::string(key)] = value;
  }
  return found;
}

void WatchScript::Push(JobWatch::Event event) {
  std::function<void()> ready;
  {
    const std::lock_guard lock(mutex);
    events.push_back(std::move(event));
    ready = on_ready;
  }
  if (ready) ready();
}

int WatchScript::OpenWatches() {
  const std::lock_guard lock(mutex);
  return open;
}

absl::StatusOr<std::unique_ptr<JobWatch>> FakeJobs::WatchJobs(const Caller&, WatchFilter,
                                                              std::function<void()> on_ready) {
  if (!answer.ok()) return Count();
  const std::lock_guard lock(script.mutex);
  script.on_ready = std::move(on_ready);
  ++script.open;
  return std::make_unique<ScriptedWatch>(&script);
}

void SetDeadline(grpc::ClientContext& context) {
  context.set_deadline(std::chrono::system_clock::now() + kCallDeadline);
}

RpcClient::RpcClient(int port, const std::string& roots, const std::string& certificate,
                     const std::string& key, const std::string& host,
                     grpc::ChannelArguments arguments) {
  arguments.SetSslTargetNameOverride("localhost");
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  grpc::SslCredentialsOptions options;
  options.pem_root_certs = roots;
  options.pem_cert_chain = certificate;
  options.pem_private_key = key;
  channel_ = grpc::CreateCustomChannel(host + ":" + std::to_string(port),
                                       grpc::SslCredentials(options), arguments);
}

grpc::Status RpcClient::Call(const std::string& path, const ExtraMetadata& metadata,
                             const std::string& request, std::string* response) const {
  grpc::ClientContext context;
  SetDeadline(context);
  for (const auto& [key, value] : metadata) context.AddMetadata(key, value);
  const grpc::Slice slice(request);
  const grpc::ByteBuffer message(&slice, 1);
  grpc::ByteBuffer answer;
  std::promise<grpc::Status> done;
  grpc::GenericStub stub(channel_);
  stub.UnaryCall(&context, path, {}, &message, &answer,
                 [&done](grpc::Status status) { done.set_value(std::move(status)); });
  grpc::Status status = done.get_future().get();
  grpc::Slice whole;
  if (response != nullptr && answer.DumpToSingleSlice(&whole).ok()) {
    response->assign(reinterpret_cast<const char*>(whole.begin()), whole.size());
  }
  return status;
}

std::string KeyPem(const tests::TestCertificate& certificate) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_PrivateKey(bio.get(), certificate.key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<size_t>(size)};
}

tests::CertificateSpec RpcTest::ValidNow(tests::CertificateSpec spec) {
  spec.not_before = absl::Now() - absl::Hours(1);
  spec.not_after = absl::Now() + absl::Hours(1);
  return spec;
}

tests::TestCertificate RpcTest::MakeRoot(const std::string& name) {
  tests::CertificateSpec spec;
  spec.name = name;
  spec.ca = true;
  spec.extended_key_usage.clear();
  return tests::IssueCertificate(ValidNow(spec), nullptr);
}

RpcTest::RpcTest()
    : server_certificate_(tests::IssueCertificate(ValidNow(ServerSpec()), &root_)),
      directory_(MakeDirectory()),
      sessions_({store_, audit_, *directory_, clock_, steady_, timer_}, {}) {
  jobs_.answer = error::NotFound("There is no such job.");
  tokens_.answer = error::Disconnected("The handle is dead.");
  identities_ = std::make_unique<IdentityCache>(*CertificateReader::Create({}), directory_);
  server_ = *StartServer(ServerMaterial(), "127.0.0.1:0");
}

RpcTest::~RpcTest() { timer_.Stop(); }

TlsMaterial RpcTest::ServerMaterial() const {
  return {server_certificate_.Pem(), KeyPem(server_certificate_), root_.Pem()};
}

absl::StatusOr<std::unique_ptr<GrpcServer>> RpcTest::StartServer(const TlsMaterial& material,
                                                                 const std::string& listen,
                                                                 const DoorLimits& door) {
  const ServerInfo info{"1.2.3", "windows7", true, {"http_download"}};
  return GrpcServer::Start({listen, material, info, door},
                           {jobs_, tokens_, *identities_, sessions_, audit_, clock_, reloads_});
}

RpcClient RpcTest::ClientWith(const tests::CertificateSpec& spec,
                              const tests::TestCertificate& issuer) const {
  const tests::TestCertificate certificate = tests::IssueCertificate(spec, &issuer);
  return {server_->port(), root_.Pem(), certificate.Pem(), KeyPem(certificate)};
}

RpcClient RpcTest::ClientWithSid(const std::string& sid) const {
  return ClientWith(ValidNow(tests::SpecWithSid(sid)), root_);
}

RpcClient RpcTest::ClientWithoutCertificate() const {
  return {server_->port(), root_.Pem(), "", ""};
}

}  // namespace bitsd::rpc
