#include "server/broker/broker.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "server/broker/wire.h"
#include "server/broker/worker.h"
#include "server/error/errors.h"
#include "server/policy/local_names.h"

namespace bitsd {
namespace {

/// A descriptor that is readable when a worker has ended.
UniqueFd WatchChildren() {
  sigset_t children;
  ::sigemptyset(&children);
  ::sigaddset(&children, SIGCHLD);
  ::sigprocmask(SIG_BLOCK, &children, nullptr);
  return UniqueFd(::signalfd(-1, &children, SFD_CLOEXEC | SFD_NONBLOCK));
}

absl::Status Untrusted(const std::string& path, std::string_view why) {
  return error::InvalidArgument("\"" + path + "\" decides whom bitsd acts as, and " +
                                std::string(why));
}

absl::Status CheckOwnerAndMode(const std::string& path, std::optional<uid_t> owner,
                               mode_t exception) {
  struct stat file;
  if (::stat(path.c_str(), &file) != 0) return Untrusted(path, std::strerror(errno));
  if (file.st_uid != 0 && file.st_uid != owner) {
    return Untrusted(path, "belongs to neither root nor the configured owner: change its owner");
  }
  if ((file.st_mode & (S_IWGRP | S_IWOTH)) != 0 && (file.st_mode & exception) == 0) {
    return Untrusted(path, "can be written by others: run chmod go-w");
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckTrustedFile(const std::string& path, std::optional<uid_t> owner) {
  if (absl::Status status = CheckOwnerAndMode(path, owner, 0); !status.ok()) return status;
  // In a folder such as /tmp only a file's owner can replace it.
  return CheckOwnerAndMode(policy::DirectoryOf(path), owner, S_ISVTX);
}

absl::StatusOr<Broker> Broker::Make(const BrokerOptions& options, bool identity_switching) {
  // A broker that can become others must not believe files that the server, which has the same
  // uid, could write.
  const bool own = identity_switching && options.trusted_owner == ::getuid();
  const std::optional<uid_t> owner = own ? std::nullopt : options.trusted_owner;
  for (const std::string& path : options.trusted_files) {
    absl::Status status = CheckTrustedFile(path, owner);
    if (!status.ok()) return status;
  }
  absl::StatusOr<std::shared_ptr<const AccountDirectory>> directory = options.load_directory();
  if (!directory.ok()) return directory.status();
  const bool roots_required = !identity_switching;
  absl::StatusOr<SafePaths> paths =
      SafePaths::Make({options.protected_paths, options.allowed_roots, roots_required});
  if (!paths.ok()) return paths.status();
  IdentityCheck check(*std::move(directory), {identity_switching, options.allow_root, ::getuid()});
  return Broker(*std::move(paths), std::move(check), identity_switching);
}

void Broker::Serve(UniqueFd channel) {
  channel_ = std::move(channel);
  signals_ = WatchChildren();
  int ends[2] = {-1, -1};
  if (::pipe2(ends, O_CLOEXEC) != 0 || !signals_.valid()) return;
  lifeline_read_.Reset(ends[0]);
  lifeline_write_.Reset(ends[1]);
  while (ServeNext()) {
  }
}

bool Broker::ServeNext() {
  pollfd entries[] = {{channel_.get(), POLLIN, 0}, {signals_.get(), POLLIN, 0}};
  if (::poll(entries, 2, -1) < 0) return errno == EINTR;
  if (entries[1].revents != 0) Reap();
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
  absl::StatusOr<wire::OpenWorkerRequest> request = wire::DecodeOpenWorker(packet.bytes);
  if (!request.ok()) return request.status();
  if (absl::Status status = check_.Check(*request); !status.ok()) return status;
  Reap();
  if (absl::Status status = workers_.Admit(request->posix); !status.ok()) return status;
  return StartWorker(request->posix);
}

absl::StatusOr<UniqueFd> Broker::StartWorker(const PosixIdentity& identity) {
  ChannelPair pair = MakeChannelPair();
  const WorkerOptions options{identity, switching_, ::getpid()};
  const pid_t worker = pair.first.valid() ? ::fork() : -1;
  if (worker < 0) return error::Unavailable("the broker cannot start one more worker: try later");
  if (worker == 0) {
    RunWorker(options, paths_, std::move(pair.second), std::move(lifeline_read_));
    ::_exit(EXIT_SUCCESS);
  }
  workers_.Add(worker, identity);
  return std::move(pair.first);
}

void Broker::Reap() {
  signalfd_siginfo ignored;
  while (::read(signals_.get(), &ignored, sizeof(ignored)) > 0) {
  }
  int status = 0;
  for (pid_t pid = 0; (pid = ::waitpid(-1, &status, WNOHANG)) > 0;) {
    workers_.Remove(pid);
    if (status != 0) std::fprintf(stderr, "bitsd: a broker worker failed, status 0x%x\n", status);
  }
}

}  // namespace bitsd
