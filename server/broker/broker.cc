#include "server/broker/broker.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "server/broker/wire/wire.h"
#include "server/broker/worker.h"
#include "server/error/errors.h"

namespace bitsd {
namespace {

/// How long a change of the files may go unseen while nobody asks for a worker.
constexpr int kRefreshMilliseconds = 1000;

/// A descriptor that is readable when a worker has ended, or the files are to be looked at
/// (SIGHUP).
UniqueFd WatchSignals() {
  sigset_t signals;
  ::sigemptyset(&signals);
  for (const int signal : {SIGCHLD, SIGHUP}) ::sigaddset(&signals, signal);
  ::sigprocmask(SIG_BLOCK, &signals, nullptr);
  return UniqueFd(::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
}

struct ChildEndSignal {
  UniqueFd child;  ///< Ends when the broker lets go of the other end, or dies.
  UniqueFd broker;
};

ChildEndSignal MakeEndSignal() {
  int ends[2] = {-1, -1};
  if (::pipe2(ends, O_CLOEXEC) != 0) return {};
  return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

}  // namespace

struct Broker::Child {
  pid_t pid;
  UniqueFd channel;
  UniqueFd end_signal;
};

absl::StatusOr<Broker::Beliefs> Broker::Load(const BrokerOptions& options,
                                             bool identity_switching) {
  // A broker that can become others must not believe files that the server, which has the same
  // uid, could write.
  const bool own = identity_switching && options.trusted_owner == ::getuid();
  absl::StatusOr<BrokerFiles> files = options.load(own ? 0 : options.trusted_owner.value_or(0));
  if (!files.ok()) return files.status();
  const bool roots_required = !identity_switching;
  std::vector<std::string> protect = options.protected_paths;
  protect.insert(protect.end(), files->protected_paths.begin(), files->protected_paths.end());
  absl::StatusOr<SafePaths> paths =
      SafePaths::Make({std::move(protect), files->allowed_roots, roots_required});
  if (!paths.ok()) return paths.status();
  IdentityCheck check(std::move(files->directory),
                      {identity_switching, options.allow_root, ::getuid()});
  return Beliefs{std::move(files->allowed_roots), std::move(files->protected_paths),
                 *std::move(paths), std::move(check)};
}

absl::StatusOr<Broker> Broker::Make(const BrokerOptions& options, bool identity_switching) {
  absl::StatusOr<Beliefs> beliefs = Load(options, identity_switching);
  if (!beliefs.ok()) return beliefs.status();
  return Broker(options, *std::move(beliefs), identity_switching);
}

void Broker::Refresh() {
  if (!stamps_.Changed()) return;
  absl::StatusOr<Beliefs> beliefs = Load(options_, switching_);
  if (beliefs.ok()) return Adopt(*std::move(beliefs));
  const std::string failure(beliefs.status().message());
  if (failure == std::exchange(last_failure_, failure)) return;
  std::fprintf(stderr, "bitsd: broker: what was loaded before stays in force: %s\n",
               failure.c_str());
}

// Workers have copies of the paths, and are whom the old directory said.
void Broker::Adopt(Beliefs beliefs) {
  last_failure_.clear();
  const bool same_paths = beliefs.allowed_roots == beliefs_.allowed_roots &&
                          beliefs.protected_paths == beliefs_.protected_paths;
  beliefs_ = std::move(beliefs);
  size_t ended = workers_.EndUnless([&](const wire::OpenWorkerRequest& who) {
    return same_paths && beliefs_.check.Check(who).ok();
  });
  ended += agents_.EndUnless(
      [&](const wire::OpenAgentRequest& who) { return beliefs_.check.Check(who).ok(); });
  if (ended > 0) {
    std::fprintf(stderr,
                 "bitsd: broker: %zu workers and agents ended: the files that allow them changed\n",
                 ended);
  }
}

void Broker::Serve(UniqueFd channel) {
  channel_ = std::move(channel);
  signals_ = WatchSignals();
  if (!signals_.valid()) return;
  while (ServeNext()) {
  }
}

bool Broker::ServeNext() {
  pollfd entries[] = {{channel_.get(), POLLIN, 0}, {signals_.get(), POLLIN, 0}};
  if (::poll(entries, 2, kRefreshMilliseconds) < 0) return errno == EINTR;
  if (entries[1].revents != 0) HandleSignals();
  Refresh();
  if (entries[0].revents == 0) return true;
  Packet packet;
  const ReceiveResult received = ReceivePacket(channel_.get(), &packet);
  if (received == ReceiveResult::kPeerGone) return false;
  absl::StatusOr<UniqueFd> worker = Open(received, packet);
  const std::string reply = wire::Encode(wire::Reply{worker.status(), {}});
  return SendPacket(channel_.get(), reply, worker.ok() ? worker->get() : -1) == SendResult::kSent;
}

absl::StatusOr<UniqueFd> Broker::Open(ReceiveResult received, const Packet& packet) {
  if (received == ReceiveResult::kMalformed) {
    return error::InvalidArgument("malformed broker message: too long");
  }
  return wire::IsOpenAgent(packet.bytes) ? OpenAgent(packet.bytes) : OpenWorker(packet.bytes);
}

absl::StatusOr<UniqueFd> Broker::OpenWorker(std::string_view bytes) {
  absl::StatusOr<wire::OpenWorkerRequest> who = wire::DecodeOpenWorker(bytes);
  if (!who.ok()) return who.status();
  if (absl::Status status = beliefs_.check.Check(*who); !status.ok()) return status;
  Reap();
  if (absl::Status status = workers_.Admit(*who); !status.ok()) return status;
  const WorkerOptions options{who->posix, switching_, ::getpid()};
  absl::StatusOr<Child> child = Fork([&](UniqueFd channel, UniqueFd end_signal) {
    RunWorker(options, beliefs_.paths, std::move(channel), std::move(end_signal));
  });
  if (!child.ok()) return child.status();
  workers_.Add(child->pid, *std::move(who), std::move(child->end_signal));
  return std::move(child->channel);
}

absl::StatusOr<UniqueFd> Broker::OpenAgent(std::string_view bytes) {
  absl::StatusOr<wire::OpenAgentRequest> who = wire::DecodeOpenAgent(bytes);
  if (!who.ok()) return who.status();
  if (options_.run_agent == nullptr) return error::Unavailable("this broker has no agents");
  if (absl::Status status = beliefs_.check.Check(*who); !status.ok()) return status;
  Reap();
  if (absl::Status status = agents_.Admit(*who); !status.ok()) return status;
  const pid_t broker = ::getpid();
  absl::StatusOr<Child> child = Fork([&](UniqueFd channel, UniqueFd end_signal) {
    options_.run_agent(*who, broker, std::move(channel), std::move(end_signal));
  });
  if (!child.ok()) return child.status();
  agents_.Add(child->pid, *std::move(who), std::move(child->end_signal));
  return std::move(child->channel);
}

absl::StatusOr<Broker::Child> Broker::Fork(
    const std::function<void(UniqueFd channel, UniqueFd end_signal)>& run) {
  ChannelPair pair = MakeChannelPair();
  ChildEndSignal end_signal = MakeEndSignal();
  const pid_t child = pair.first.valid() && end_signal.child.valid() ? ::fork() : -1;
  if (child < 0) return error::Unavailable("the broker cannot start one more process: try later");
  if (child == 0) {
    run(std::move(pair.second), std::move(end_signal.child));
    ::_exit(EXIT_SUCCESS);
  }
  return Child{child, std::move(pair.first), std::move(end_signal.broker)};
}

void Broker::HandleSignals() {
  signalfd_siginfo info;
  while (::read(signals_.get(), &info, sizeof(info)) > 0) {
    if (info.ssi_signo == SIGHUP) stamps_ = FileStamps(options_.watched_files);
  }
  Reap();
}

void Broker::Reap() {
  int status = 0;
  for (pid_t pid = 0; (pid = ::waitpid(-1, &status, WNOHANG)) > 0;) {
    workers_.Remove(pid);
    agents_.Remove(pid);
    if (status == 0) continue;
    std::fprintf(stderr, "bitsd: a worker or agent of the broker failed, status 0x%x\n", status);
  }
}

}  // namespace bitsd
