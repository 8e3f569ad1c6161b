#include "server/server.h"

#include <signal.h>
#include <spdlog/spdlog.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include <future>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/broker/broker_client.h"
#include "server/endpoint.h"
#include "server/error/errors.h"
#include "server/identity/file_directory.h"
#include "server/identity/identity_cache.h"
#include "server/job/job_manager.h"
#include "server/ops/file_audit_log.h"
#include "server/ops/private_file.h"
#include "server/ops/timer.h"
#include "server/rpc/grpc_server.h"
#include "server/store/memory_store.h"
#include "server/transfer/curl_transfer_service.h"

namespace bitsd {
namespace {

/// How long calls in flight, and then transfers, have to end after SIGTERM.
constexpr absl::Duration kDrain = absl::Seconds(5);
constexpr std::chrono::seconds kPark{10};
constexpr size_t kMaxPemBytes = size_t{1} << 20;

sigset_t EndSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals, number);
  return signals;
}

policy::RemoteRules RemoteRulesOf(const Config& config, const std::string& listen) {
  policy::RemoteRules rules;
  rules.allowed = config.allowed_addresses;
  if (const auto own = policy::ParseEndpoint(listen); own.ok()) rules.own_listeners = {*own};
  return rules;
}

TransferOptions TransferOptionsOf(const Config& config, const policy::RemoteRules& rules) {
  TransferOptions options;
  options.remote_rules = rules;
  options.connect_timeout = config.connect_timeout;
  options.stall_timeout = config.stall_timeout;
  // Two for every running job, and some for checks and cleanups beside them.
  options.disk_threads = 2 * config.max_running_jobs + 64;
  return options;
}

JobManager::Options JobOptionsOf(const Config& config, const policy::RemoteRules& rules) {
  JobManager::Options options;
  options.policy = config.policy;
  options.limits = config.limits;
  options.remote = rules;
  options.max_running_jobs = config.max_running_jobs;
  options.token_max_ttl = config.token_max_ttl;
  options.handle_idle = config.handle_idle;
  options.retention = config.retention;
  return options;
}

absl::StatusOr<CertificateReader> ReaderOf(const Config& config) {
  std::vector<std::string> roots;
  for (const std::string& path : config.tls_san_sid_roots) {
    auto pem = ReadPrivateFile(path, geteuid(), kMaxPemBytes);
    if (!pem.ok()) return pem.status();
    roots.push_back(*std::move(pem));
  }
  return CertificateReader::Create(roots);
}

rpc::ServerInfo InfoOf(const Config& config, bool identity_switching) {
  const bool modern = config.policy == policy::Version::kWindows10_1607;
  return {BITSD_VERSION,
          modern ? "windows10_1607" : "windows7",
          identity_switching,
          {"http_download", "helper_token_local_file", "helper_token_network_connections"}};
}

absl::StatusOr<rpc::TlsMaterial> TlsOf(const Config& config) {
  const absl::Status key = CheckPrivateFile(config.tls_key, geteuid(), Secrecy::kSecret);
  if (!key.ok()) return key;
  const absl::Status roots = CheckPrivateFile(config.tls_roots, geteuid());
  if (!roots.ok()) return roots;
  return rpc::LoadTlsMaterial(config.tls_certificate, config.tls_key, config.tls_roots);
}

}  // namespace

/// Declared in the order of dependence: each part outlives those below it.
class Server::Parts {
 public:
  Parts(const Config& config, const policy::RemoteRules& rules,
        std::unique_ptr<BrokerClient> file_broker, std::unique_ptr<FileAuditLog> audit_log,
        std::shared_ptr<const AccountDirectory> directory, CertificateReader reader)
      : broker(std::move(file_broker)),
        audit(std::move(audit_log)),
        accounts(std::move(directory)),
        identities(std::move(reader), accounts),
        transfers(*broker, *audit, TransferOptionsOf(config, rules)),
        jobs({store, transfers, *accounts, *audit, clock, timer}, JobOptionsOf(config, rules)) {}

  /// Calls end, transfers park, and nothing runs by itself any more.
  void Drain() {
    if (rpc != nullptr) rpc->Shutdown(kDrain);
    auto parked = std::make_shared<std::promise<void>>();
    jobs.Shutdown([parked] { parked->set_value(); });
    if (parked->get_future().wait_for(kPark) == std::future_status::timeout) {
      // A file system hangs: its threads cannot be joined, and there is nothing to lose in memory.
      spdlog::error("a transfer could not be parked: its file system does not answer");
      spdlog::shutdown();
      _exit(EXIT_SUCCESS);
    }
    sessions.CloseAll();
    timer.Stop();
  }

  SystemClock clock;
  std::unique_ptr<BrokerClient> broker;
  std::unique_ptr<FileAuditLog> audit;
  std::shared_ptr<const AccountDirectory> accounts;
  IdentityCache identities;
  SessionTable sessions;
  MemoryStore store;
  CurlTransferService transfers;
  Timer timer;
  JobManager jobs;
  std::unique_ptr<rpc::GrpcServer> rpc;
};

absl::StatusOr<std::unique_ptr<Server>> Server::Create(const Config& config, UniqueFd control) {
  const sigset_t signals = EndSignals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  auto listen = ResolveListen(config.listen);
  if (!listen.ok()) return listen.status();
  auto broker = BrokerClient::Connect(std::move(control), config.broker_deadline);
  if (!broker.ok()) return broker.status();
  auto tls = TlsOf(config);
  if (!tls.ok()) return tls.status();
  auto reader = ReaderOf(config);
  if (!reader.ok()) return reader.status();
  auto accounts = LoadAccountDirectory(config.account_directory, config.privileged_groups);
  if (!accounts.ok()) return accounts.status();
  static const SystemClock audit_clock;
  auto audit = FileAuditLog::Open(absl::StrCat(config.log_dir, "/audit.log"), audit_clock);
  if (!audit.ok()) return audit.status();

  const bool switching = (*broker)->identity_switching();
  if (!switching) {
    spdlog::warn(
        "no CAP_SETUID and CAP_SETGID: only accounts mapped to uid {} can open files; jobs of "
        "others fail with rule identity_switching_unavailable",
        geteuid());
  }
  auto parts = std::make_unique<Parts>(config, RemoteRulesOf(config, *listen), *std::move(broker),
                                       *std::move(audit), *std::move(accounts), *std::move(reader));
  auto rpc = rpc::GrpcServer::Start(
      {*listen, *std::move(tls), InfoOf(config, switching)},
      {parts->jobs, parts->jobs, parts->identities, parts->sessions, *parts->audit, parts->clock});
  if (!rpc.ok()) return rpc.status();
  parts->rpc = *std::move(rpc);
  if (absl::Status s = WriteEndpoint(config.run_dir, *listen); !s.ok()) return s;
  spdlog::info("bitsd {} listens on {}", BITSD_VERSION, *listen);
  sd_notifyf(0, "READY=1\nSTATUS=listening on %s", listen->c_str());
  return std::unique_ptr<Server>(new Server(std::move(parts)));
}

Server::Server(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Server::~Server() { parts_->Drain(); }

void Server::Wait() {
  const sigset_t signals = EndSignals();
  int number = 0;
  do {
    sigwait(&signals, &number);
    if (number == SIGHUP) spdlog::warn("SIGHUP: reload is not built; restart bitsd instead");
  } while (number == SIGHUP);
  spdlog::info("signal {}: draining", number);
  sd_notify(0, "STOPPING=1");
}

}  // namespace bitsd
