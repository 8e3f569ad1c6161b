#include "server/app/server.h"

#include <signal.h>
#include <spdlog/spdlog.h>
#include <sys/resource.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include <cinttypes>
#include <ctime>
#include <future>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/app/endpoint.h"
#include "server/app/protected_files.h"
#include "server/app/reload.h"
#include "server/base/timer.h"
#include "server/broker/broker_client.h"
#include "server/error/errors.h"
#include "server/identity/identity_cache.h"
#include "server/identity/live_account_directory.h"
#include "server/job/calls/job_manager.h"
#include "server/network/agent_identities.h"
#include "server/ops/audit_budget.h"
#include "server/ops/file_audit_log.h"
#include "server/ops/reload_status.h"
#include "server/rpc/grpc_server.h"
#include "server/store/memory_store.h"
#include "server/store/sqlite/sqlite_store.h"
#include "server/transfer/transfer_engine.h"

namespace bitsd {
namespace {

/// How long calls in flight, and then transfers, have to end after SIGTERM.
constexpr absl::Duration kDrain = absl::Seconds(5);
constexpr std::chrono::seconds kPark{10};

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
  rules.is_local = IsLocalAddress;
  return rules;
}

TransferOptions TransferOptionsOf(const Config& config, const policy::RemoteRules& rules) {
  TransferOptions options;
  options.remote_rules = rules;
  options.connect_timeout = config.connect_timeout;
  options.stall_timeout = config.stall_timeout;
  options.network = config.network;
  // Two for every job that runs, and for as many again whose file systems hang and whose places
  // were given to others; and some for checks and cleanups beside them. They start when needed.
  options.disk_threads = 4 * config.max_running_jobs + 64;
  return options;
}

JobManager::Options JobOptionsOf(const Config& config, const policy::RemoteRules& rules) {
  JobManager::Options options;
  options.policy = config.policy;
  options.limits = config.limits;
  options.remote = rules;
  options.scheduler.max_running = config.max_running_jobs;
  options.scheduler.background_jobs = config.background_jobs;
  options.scheduler.time_slice = config.time_slice;
  options.scheduler.lend_after = config.lend_after;
  options.token_max_ttl = config.token_max_ttl;
  options.token_warning = config.token_warning;
  options.handle_idle = config.handle_idle;
  options.retention = config.retention;
  options.finished = config.finished_jobs;
  options.answers = config.answers;
  return options;
}

absl::StatusOr<std::unique_ptr<JobStore>> OpenStore(const Config& config) {
  if (config.store == StoreKind::kMemory) {
    spdlog::warn("store: memory: a restart forgets every job");
    return std::make_unique<MemoryStore>();
  }
  auto secrets = ReadStoreKey(config);
  if (!secrets.ok()) return secrets.status();
  if (*secrets == nullptr) {
    spdlog::info("no store_key_file: passwords that jobs are given do not outlive a restart");
  }
  return SqliteStore::Open(config.state_dir, *std::move(secrets));
}

/// Reads what `loaded` does not have yet.
absl::Status LoadTls(Loaded& loaded) {
  absl::Status status = ReadServerPair(loaded.config, loaded.tls);
  if (status.ok()) status = ReadClientRoots(loaded.config, loaded.tls);
  if (!status.ok()) return status;
  auto roots = ReadSanSidRoots(loaded.config);
  if (!roots.ok()) return roots.status();
  loaded.san_sid_roots = *std::move(roots);
  auto crls = ReadCrls(loaded.config);
  if (!crls.ok()) return crls.status();
  loaded.crls = *std::move(crls);
  return absl::OkStatus();
}

rpc::DoorLimits DoorLimitsOf(const Config& config) {
  rpc::DoorLimits limits;
  limits.connections = config.connections;
  limits.per_address = config.connections_per_address;
  limits.per_identity = config.connections_per_user;
  rlimit descriptors{};
  if (getrlimit(RLIMIT_NOFILE, &descriptors) != 0) return limits;
  const rpc::DoorLimits fitting = rpc::FitInto(limits, descriptors.rlim_cur);
  if (fitting.connections < limits.connections) {
    spdlog::warn("{} connections at once: the limit of open files (RLIMIT_NOFILE) is {}",
                 fitting.connections, descriptors.rlim_cur);
  }
  return fitting;
}

rpc::ServerInfo InfoOf(const Config& config, bool identity_switching) {
  const bool modern = config.policy == policy::Version::kWindows10_1607;
  return {BITSD_VERSION,
          modern ? "windows10_1607" : "windows7",
          identity_switching,
          {"http_download", "helper_token_local_file", "helper_token_network_connections",
           "token_scope", "sessions", "credentials", "client_certificate", "proxy_settings",
           "http_security_flags", "delegated_credentials"}};
}

}  // namespace

/// Declared in the order of dependence: each part outlives those below it.
class Server::Parts {
 public:
  Parts(const Loaded& loaded, const std::string& listen_at, std::unique_ptr<BrokerClient> files,
        std::shared_ptr<const FileAccountDirectory> directory, CertificateReader reader)
      : listen(listen_at),
        broker(std::move(files)),
        accounts(directory),
        identities(std::move(reader), directory),
        board(clock.Now()) {
    start = loaded;
  }

  /// Opens the audit log, makes what works on files and jobs, and listens.
  absl::Status Start() {
    auto log = FileAuditLog::Open(absl::StrCat(start.config.log_dir, "/audit.log"), clock);
    if (!log.ok()) return log.status();
    audit_file = *std::move(log);
    audit.emplace(*audit_file, clock);
    auto opened = OpenStore(start.config);
    if (!opened.ok()) return opened.status();
    store = *std::move(opened);
    const policy::RemoteRules rules = RemoteRulesOf(start.config, listen);
    networks.emplace(
        [this](const auto& who, Deadline deadline) { return broker->OpenAgent(who, deadline); },
        timer, network::AgentIdentities::Options{});
    transfers.emplace(*broker, *audit, TransferOptionsOf(start.config, rules));
    sessions.emplace(SessionTable::Deps{*store, *audit, accounts, clock, steady, timer},
                     start.config.sessions);
    jobs.emplace(
        JobManager::Deps{*store, *transfers, accounts, *audit, clock, timer, *sessions, *networks},
        JobOptionsOf(start.config, rules));
    if (absl::Status s = Restore(); !s.ok()) return s;
    auto server = rpc::GrpcServer::Start(
        GrpcOptions(), {*jobs, *jobs, identities, *sessions, *audit, clock, board});
    if (!server.ok()) return server.status();
    rpc = *std::move(server);
    reloader.emplace(Reloader::Targets{accounts, identities, *sessions, *jobs, *rpc, *audit, clock,
                                       board, [this](const Config& config) { Configure(config); }},
                     start);
    return absl::OkStatus();
  }

  rpc::ServerInfo Info(const Config& config) const {
    return InfoOf(config, broker->identity_switching());
  }

  rpc::GrpcServerOptions GrpcOptions() const {
    rpc::GrpcServerOptions options;
    options.listen = listen;
    options.tls = start.tls;
    options.info = Info(start.config);
    options.door = DoorLimitsOf(start.config);
    options.idle = start.config.idle_timeout;
    options.listener_patience = start.config.listener_timeout;
    return options;
  }

  /// Takes up what the store has.
  absl::Status Restore() {
    return jobs->Restore([this](const SessionRecord& record) { sessions->Restore(record); });
  }

  /// Runs on a reload.
  void Configure(const Config& config) {
    const policy::RemoteRules rules = RemoteRulesOf(config, listen);
    broker->SetDeadline(config.broker_deadline);
    transfers->Reconfigure(TransferOptionsOf(config, rules));
    jobs->Reconfigure(JobOptionsOf(config, rules));
    sessions->Reconfigure(config.sessions);
    rpc->SetInfo(Info(config));
  }

  /// Calls end, transfers park, and nothing runs by itself any more.
  void Drain() {
    reloader.reset();
    if (rpc != nullptr) rpc->Shutdown(kDrain);
    if (networks) networks->AwaitTaken();
    if (jobs) Park();
    timer.Stop();
    // What parking changed is written, too; what closing the sessions does to jobs is not, for a
    // restart is no discard of tokens.
    if (store != nullptr) store->Stop();
    if (sessions) sessions->Shutdown();
  }

  void Park() {
    auto parked = std::make_shared<std::promise<void>>();
    jobs->Shutdown([parked] { parked->set_value(); });
    if (parked->get_future().wait_for(kPark) == std::future_status::timeout) {
      // A file system hangs: its threads cannot be joined, and there is nothing to lose in memory.
      spdlog::error("a transfer could not be parked: its file system does not answer");
      spdlog::shutdown();
      _exit(EXIT_SUCCESS);
    }
  }

  SystemClock clock;
  SteadyClock steady;
  const std::string listen;
  Loaded start;
  std::unique_ptr<BrokerClient> broker;
  std::unique_ptr<FileAuditLog> audit_file;
  std::optional<AuditBudget> audit;
  LiveAccountDirectory accounts;
  IdentityCache identities;
  ReloadStatus board;
  std::unique_ptr<JobStore> store;
  std::optional<network::AgentIdentities> networks;
  std::optional<TransferEngine> transfers;
  Timer timer;
  std::optional<SessionTable> sessions;
  std::optional<JobManager> jobs;
  std::unique_ptr<rpc::GrpcServer> rpc;
  std::optional<Reloader> reloader;
};

absl::StatusOr<std::unique_ptr<Server>> Server::Create(const Config& config, UniqueFd control) {
  const sigset_t signals = EndSignals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  auto listen = ResolveListen(config.listen);
  if (!listen.ok()) return listen.status();
  auto broker = BrokerClient::Connect(std::move(control), config.broker_deadline);
  if (!broker.ok()) return broker.status();
  const bool switching = (*broker)->identity_switching();
  Loaded loaded{config, DecidingOwner(switching), {}, {}, {}};
  if (absl::Status status = LoadTls(loaded); !status.ok()) return status;
  auto reader = loaded.MakeReader(absl::Now());
  if (!reader.ok()) return reader.status();
  auto accounts = ReadAccounts(config, loaded.deciding_owner);
  if (!accounts.ok()) return accounts.status();
  if (absl::Status status = CheckSecrets(**accounts); !status.ok()) return status;
  if (!switching) {
    spdlog::warn(
        "no CAP_SETUID and CAP_SETGID: only accounts mapped to uid {} can open files; jobs of "
        "others fail with rule identity_switching_unavailable",
        geteuid());
  }
  auto parts = std::make_unique<Parts>(loaded, *listen, *std::move(broker), *std::move(accounts),
                                       *std::move(reader));
  std::unique_ptr<Server> server(new Server(std::move(parts)));
  if (absl::Status status = server->parts_->Start(); !status.ok()) return status;
  if (absl::Status s = WriteEndpoint(config.run_dir, *listen); !s.ok()) return s;
  spdlog::info("bitsd {} listens on {}", BITSD_VERSION, *listen);
  sd_notifyf(0, "READY=1\nSTATUS=listening on %s", listen->c_str());
  return server;
}

Server::Server(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Server::~Server() { parts_->Drain(); }

void Server::Reload() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%" PRId64,
             int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1000);
  spdlog::info("SIGHUP: every file is looked at");
  parts_->reloader->ReloadAll();
  parts_->audit_file->Reopen();
  sd_notify(0, "READY=1");
}

void Server::Wait() {
  const sigset_t signals = EndSignals();
  int number = 0;
  while (sigwait(&signals, &number) != 0 || number == SIGHUP) {
    if (number == SIGHUP) Reload();
  }
  spdlog::info("signal {}: draining", number);
  sd_notify(0, "STOPPING=1");
}

}  // namespace bitsd
