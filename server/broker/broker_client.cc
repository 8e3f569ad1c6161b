#include "server/broker/broker_client.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <utility>

#include "server/error/errors.h"
#include "server/policy/local_names.h"

namespace bitsd {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kIdle{60};
constexpr size_t kMaxIdleWorkers = 128;

absl::Status NoAnswer(const wire::FileRequest& request) {
  return error::Unavailable("the file system of \"" + request.path +
                            "\" or the file broker did not answer: try again later");
}

bool GivesDescriptor(wire::Operation operation) {
  return operation == wire::Operation::kCreateTemporary ||
         operation == wire::Operation::kReopenTemporary;
}

/// What the worker sent is the file it says it is, open for reading and writing.
bool IsFile(int fd, FileId id) {
  struct stat file;
  return ::fstat(fd, &file) == 0 && S_ISREG(file.st_mode) &&
         FileId{file.st_dev, file.st_ino} == id && (::fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDWR;
}

wire::FileRequest Request(wire::Operation operation, const std::string& path, FileId id = {}) {
  wire::FileRequest request;
  request.operation = operation;
  request.path = path;
  request.id = id;
  return request;
}

/// The folder that hangs when `request` does; empty for one that changes nothing.
std::string FolderChangedBy(const wire::FileRequest& request) {
  switch (request.operation) {
    case wire::Operation::kOpenWorker:
    case wire::Operation::kCheckDirectory: return "";
    case wire::Operation::kSyncDirectory: return request.path;
    default: return policy::DirectoryOf(request.path);
  }
}

absl::Status CheckNames(const wire::FileRequest& request) {
  if (request.path != "/") {
    if (absl::Status status = policy::CheckLocalName(request.path); !status.ok()) return status;
  }
  if (request.destination.empty()) return absl::OkStatus();
  return policy::CheckLocalName(request.destination);
}

}  // namespace

/// The workers that act as one identity.
struct BrokerClient::Identity {
  WorkerCrew crew;
  Deadline last_used;  ///< Guarded by the client's mutex.
};

absl::StatusOr<std::unique_ptr<BrokerClient>> BrokerClient::Connect(UniqueFd control,
                                                                    absl::Duration deadline) {
  std::unique_ptr<BrokerClient> client(new BrokerClient(std::move(control), deadline));
  if (client->link_.AwaitBroker(Clock::now() + absl::ToChronoMilliseconds(deadline))) return client;
  return error::Unavailable("there is no file broker");
}

absl::Status BrokerClient::CheckDirectory(const ActingIdentity& who, const std::string& directory) {
  return Call(who, Request(wire::Operation::kCheckDirectory, directory)).status();
}

absl::StatusOr<OpenTemporary> BrokerClient::CreateTemporary(const ActingIdentity& who,
                                                            const std::string& path) {
  absl::StatusOr<Answer> answer = Call(who, Request(wire::Operation::kCreateTemporary, path));
  if (!answer.ok()) return answer.status();
  return OpenTemporary{std::move(answer->fd), answer->id};
}

absl::StatusOr<UniqueFd> BrokerClient::ReopenTemporary(const ActingIdentity& who,
                                                       const std::string& path, FileId id) {
  absl::StatusOr<Answer> answer = Call(who, Request(wire::Operation::kReopenTemporary, path, id));
  if (!answer.ok()) return answer.status();
  if (!(answer->id == id)) return error::Unavailable("the file broker opened another file");
  return std::move(answer->fd);
}

absl::Status BrokerClient::Publish(const ActingIdentity& who, const std::string& temporary,
                                   FileId id, const std::string& destination, absl::Time mtime) {
  wire::FileRequest request = Request(wire::Operation::kPublish, temporary, id);
  request.destination = destination;
  request.umask = who.umask & 0777;
  request.mtime = mtime;
  return Call(who, request).status();
}

absl::Status BrokerClient::RemoveTemporary(const ActingIdentity& who, const std::string& path,
                                           FileId id) {
  return Call(who, Request(wire::Operation::kRemoveTemporary, path, id)).status();
}

absl::Status BrokerClient::SyncDirectory(const ActingIdentity& who, const std::string& directory) {
  return Call(who, Request(wire::Operation::kSyncDirectory, directory)).status();
}

absl::StatusOr<BrokerClient::Answer> BrokerClient::Call(const ActingIdentity& who,
                                                        const wire::FileRequest& request) {
  // What cannot be encoded is refused here; the worker checks the rest again.
  if (absl::Status status = CheckNames(request); !status.ok()) return status;
  const Deadline deadline = Clock::now() + std::chrono::milliseconds(timeout_ms_);
  const std::string identity = wire::Encode(wire::OpenWorkerRequest{who.sid, who.posix});
  const std::shared_ptr<Identity> workers = Find(identity);
  const WorkerCrew::Turn turn = workers->crew.Take(FolderChangedBy(request), deadline);
  if (!turn || Clock::now() >= deadline) return NoAnswer(request);
  return CallWorker(workers->crew, *turn, identity, request, deadline);
}

absl::StatusOr<BrokerClient::Answer> BrokerClient::CallWorker(WorkerCrew& crew,
                                                              WorkerCrew::Worker& worker,
                                                              const std::string& identity,
                                                              const wire::FileRequest& request,
                                                              Deadline deadline) {
  Packet packet;
  absl::StatusOr<ExchangeResult> result =
      Deliver(crew, worker, identity, request, deadline, &packet);
  if (!result.ok()) return result.status();
  if (*result != ExchangeResult::kReply) return NoAnswer(request);
  absl::StatusOr<wire::Reply> reply = wire::DecodeReply(packet.bytes);
  const bool sound = reply.ok() && (!reply->status.ok() || !GivesDescriptor(request.operation) ||
                                    IsFile(packet.fd.get(), reply->id));
  if (!sound) {
    worker.channel.Reset();
    return NoAnswer(request);
  }
  if (!reply->status.ok()) return reply->status;
  return Answer{reply->id, std::move(packet.fd)};
}

// A worker that was gone before it could read the request has done nothing: another one is asked,
// once, as one that dies at its start would die again.
absl::StatusOr<ExchangeResult> BrokerClient::Deliver(WorkerCrew& crew, WorkerCrew::Worker& worker,
                                                     const std::string& identity,
                                                     const wire::FileRequest& request,
                                                     Deadline deadline, Packet* reply) {
  auto result = ExchangeResult::kNotSent;
  for (int tries = 0; tries < 2 && result == ExchangeResult::kNotSent; ++tries) {
    if (!worker.channel.valid()) {
      absl::StatusOr<UniqueFd> channel = link_.OpenWorker(identity, deadline);
      if (!channel.ok()) return channel.status();
      worker.channel = *std::move(channel);
    }
    ++messages_sent_;
    result = Exchange(worker.channel.get(), wire::Encode(request), deadline, reply);
    if (result == ExchangeResult::kTimeout) {
      crew.GiveUp(worker);
    } else if (result != ExchangeResult::kReply) {
      worker.channel.Reset();
    }
  }
  return result;
}

std::shared_ptr<BrokerClient::Identity> BrokerClient::Find(const std::string& identity) {
  const Deadline now = Clock::now();
  const std::lock_guard lock(mutex_);
  std::shared_ptr<Identity>& entry = identities_[identity];
  if (!entry) entry = std::make_shared<Identity>();
  entry->last_used = now;
  std::shared_ptr<Identity> found = entry;
  CloseIdleWorkers(now);
  return found;
}

// Workers that only the map holds are idle: they are handed out under the mutex.
void BrokerClient::CloseIdleWorkers(Deadline now) {
  const auto idle = [](const auto& entry) { return entry.second.use_count() == 1; };
  std::erase_if(identities_, [&](const auto& entry) {
    return idle(entry) && now - entry.second->last_used > kIdle;
  });
  while (identities_.size() > kMaxIdleWorkers) {
    auto oldest = identities_.end();
    for (auto entry = identities_.begin(); entry != identities_.end(); ++entry) {
      if (!idle(*entry)) continue;
      const bool older =
          oldest == identities_.end() || entry->second->last_used < oldest->second->last_used;
      if (older) oldest = entry;
    }
    if (oldest == identities_.end()) return;
    identities_.erase(oldest);
  }
}

}  // namespace bitsd
