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
/// With one busy worker for each disk thread, fewer than the broker allows.
constexpr size_t kMaxIdleWorkers = 56;

static_assert(FileBroker::kMaxTogether <= wire::kMaxFiles && wire::kMaxFiles <= kMaxDescriptors);

absl::Status NoAnswer(const wire::FileRequest& request) {
  return error::Unavailable("the file system of \"" + request.path +
                            "\" or the file broker did not answer: try again later");
}

bool IsForReading(wire::Operation operation) {
  return operation == wire::Operation::kOpenPem || operation == wire::Operation::kOpenSource;
}

bool GivesDescriptor(wire::Operation operation) {
  return operation == wire::Operation::kCreateTemporary ||
         operation == wire::Operation::kReopenTemporary || IsForReading(operation);
}

size_t FilesOf(const wire::FileRequest& request) { return 1 + request.next.size(); }

/// Descriptors that its answer may have.
size_t DescriptorsOf(const wire::FileRequest& request) {
  return GivesDescriptor(request.operation) ? FilesOf(request) : 0;
}

/// What the worker sent is the file it says it is, open with `access`.
bool IsFile(int fd, FileId id, int access) {
  struct stat file;
  return ::fstat(fd, &file) == 0 && S_ISREG(file.st_mode) && file.st_dev == id.device &&
         file.st_ino == id.inode && (::fcntl(fd, F_GETFL) & (O_ACCMODE | O_PATH)) == access;
}

/// A worker may have been taken over: it has done no more than was asked, and says which files.
bool IsSound(const wire::FileRequest& request, const wire::Reply& reply, const Packet& packet) {
  if (!GivesDescriptor(request.operation)) {
    const bool publishes = request.operation == wire::Operation::kPublish;
    return packet.fds.empty() && reply.ids.size() == reply.not_set.size() &&
           reply.ids.size() <= (publishes ? FilesOf(request) : 0) &&
           (!publishes || reply.status.ok() == (reply.ids.size() == FilesOf(request)));
  }
  const size_t count = packet.fds.size();
  if (reply.ids.size() != count || count > FilesOf(request)) return false;
  // An error is about the file after those: when all were done, there is none.
  if (reply.status.ok() != (count == FilesOf(request))) return false;
  const int access = IsForReading(request.operation) ? O_RDONLY : O_RDWR;
  for (size_t i = 0; i < count; ++i) {
    if (!IsFile(packet.fds[i].get(), reply.ids[i], access)) return false;
  }
  return true;
}

wire::FileRequest Request(wire::Operation operation, const std::string& path, FileId id = {}) {
  wire::FileRequest request;
  request.operation = operation;
  request.path = path;
  request.id = id;
  return request;
}

/// The folder that hangs when `request` does; empty for one that is not repeated and changes
/// nothing.
std::string FolderUsedBy(const wire::FileRequest& request) {
  switch (request.operation) {
    case wire::Operation::kOpenWorker:
    case wire::Operation::kOpenPem:
    case wire::Operation::kCheckDirectory: return "";
    case wire::Operation::kSyncDirectory: return request.path;
    default: return policy::DirectoryOf(request.path);
  }
}

/// With the slash at its end.
std::string FolderOf(const std::string& path) { return path.substr(0, path.rfind('/') + 1); }

absl::Status NotTogether() {
  return error::InvalidArgument("files that are created or published together share a folder");
}

absl::Status CheckNext(const wire::FileRequest& request) {
  if (request.next.size() > wire::MaxNext(request.operation)) {
    return error::InvalidArgument("too many files together");
  }
  const bool in_folder = request.operation == wire::Operation::kCheckDirectory;
  std::string folder = in_folder ? request.path : FolderOf(request.path);
  if (!folder.ends_with('/')) folder += '/';
  for (const wire::NextFile& file : request.next) {
    for (const std::string& name : {file.temporary, file.destination}) {
      if (name.empty()) continue;
      if (absl::Status status = policy::CheckLocalName(folder + name); !status.ok()) return status;
    }
  }
  return absl::OkStatus();
}

absl::Status CheckNames(const wire::FileRequest& request) {
  if (request.path != "/") {
    if (absl::Status status = policy::CheckLocalName(request.path); !status.ok()) return status;
  }
  if (absl::Status status = CheckNext(request); !status.ok()) return status;
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
  return Call(who, Request(wire::Operation::kCheckDirectory, directory)).status;
}

absl::Status BrokerClient::CheckDestinations(const ActingIdentity& who,
                                             const std::string& directory,
                                             const std::vector<std::string>& names) {
  wire::FileRequest request = Request(wire::Operation::kCheckDirectory, directory);
  for (const std::string& name : names)
    request.next.push_back({{}, name, {}, absl::InfinitePast()});
  return Call(who, request).status;
}

absl::Status BrokerClient::CreateTemporaries(const ActingIdentity& who,
                                             const std::vector<std::string>& paths,
                                             std::vector<OpenTemporary>* created) {
  if (paths.empty()) return absl::OkStatus();
  wire::FileRequest request = Request(wire::Operation::kCreateTemporary, paths.front());
  request.umask = who.umask & 0777;
  const std::string folder = FolderOf(paths.front());
  for (size_t i = 1; i < paths.size(); ++i) {
    if (FolderOf(paths[i]) != folder) return NotTogether();
    request.next.push_back({paths[i].substr(folder.size()), {}, {}, absl::InfinitePast()});
  }
  FileResult answer = Call(who, request);
  for (size_t i = 0; i < answer.ids.size(); ++i) {
    created->push_back({std::move(answer.fds[i]), answer.ids[i]});
  }
  return answer.status;
}

absl::StatusOr<UniqueFd> BrokerClient::ReopenTemporary(const ActingIdentity& who,
                                                       const std::string& path, FileId id) {
  FileResult answer = Call(who, Request(wire::Operation::kReopenTemporary, path, id));
  if (!answer.status.ok()) return answer.status;
  if (answer.ids.front().inode != id.inode)
    return error::Unavailable("the file broker opened another file");
  return std::move(answer.fds.front());
}

absl::Status BrokerClient::CheckTemporary(const ActingIdentity& who, const std::string& path,
                                          FileId id, const std::string& destination,
                                          uint64_t size) {
  wire::FileRequest request = Request(wire::Operation::kCheckTemporary, path, id);
  request.destination = destination;
  request.umask = who.umask & 0777;
  request.size = size;
  return Call(who, request).status;
}

absl::Status BrokerClient::PublishFiles(const ActingIdentity& who,
                                        const std::vector<Publication>& files,
                                        std::vector<uint32_t>* published) {
  published->clear();
  if (files.empty()) return absl::OkStatus();
  const Publication& first = files.front();
  wire::FileRequest request = Request(wire::Operation::kPublish, first.temporary, first.id);
  request.destination = first.destination;
  request.umask = who.umask & 0777;
  request.mtime = first.mtime;
  request.size = first.size;
  const std::string folder = FolderOf(first.temporary);
  for (size_t i = 1; i < files.size(); ++i) {
    const Publication& file = files[i];
    const bool together =
        FolderOf(file.temporary) == folder && FolderOf(file.destination) == folder;
    if (!together) return NotTogether();
    request.next.push_back({file.temporary.substr(folder.size()),
                            file.destination.substr(folder.size()), file.id, file.mtime,
                            file.size});
  }
  FileResult answer = Call(who, request);
  *published = std::move(answer.not_set);
  return answer.status;
}

absl::Status BrokerClient::RemoveTemporary(const ActingIdentity& who, const std::string& path,
                                           FileId id) {
  wire::FileRequest request = Request(wire::Operation::kRemoveTemporary, path, id);
  request.umask = who.umask & 0777;
  return Call(who, request).status;
}

absl::StatusOr<UniqueFd> BrokerClient::OpenPem(const ActingIdentity& who, const std::string& path) {
  FileResult answer = Call(who, Request(wire::Operation::kOpenPem, path));
  if (!answer.status.ok()) return answer.status;
  return std::move(answer.fds.front());
}

absl::StatusOr<OpenedSource> BrokerClient::OpenSource(const ActingIdentity& who,
                                                      const std::string& path) {
  FileResult answer = Call(who, Request(wire::Operation::kOpenSource, path));
  if (!answer.status.ok()) return answer.status;
  return OpenedSource{std::move(answer.fds.front()), answer.ids.front()};
}

absl::Status BrokerClient::SyncDirectory(const ActingIdentity& who, const std::string& directory) {
  return Call(who, Request(wire::Operation::kSyncDirectory, directory)).status;
}

FileResult BrokerClient::Call(const ActingIdentity& who, const wire::FileRequest& request) {
  // What cannot be encoded is refused here; the worker checks the rest again.
  if (absl::Status status = CheckNames(request); !status.ok()) return {status};
  const Deadline deadline = Clock::now() + std::chrono::milliseconds(timeout_ms_);
  const std::string identity = wire::Encode(wire::OpenWorkerRequest{who.sid, who.posix});
  const std::shared_ptr<Identity> workers = Find(identity);
  const WorkerCrew::Lease worker = workers->crew.Take(FolderUsedBy(request), deadline);
  if (!worker || Clock::now() >= deadline) return {NoAnswer(request)};
  return CallWorker(workers->crew, *worker, identity, request, deadline);
}

FileResult BrokerClient::CallWorker(WorkerCrew& crew, WorkerCrew::Worker& worker,
                                    const std::string& identity, const wire::FileRequest& request,
                                    Deadline deadline) {
  Packet packet;
  absl::StatusOr<ExchangeResult> result =
      Deliver(crew, worker, identity, request, deadline, &packet);
  if (!result.ok()) return {result.status()};
  if (*result != ExchangeResult::kReply) return {NoAnswer(request)};
  absl::StatusOr<wire::Reply> reply = wire::DecodeReply(packet.bytes);
  if (!reply.ok() || !IsSound(request, *reply, packet)) {
    worker.channel.Reset();
    return {NoAnswer(request)};
  }
  return {std::move(reply->status), std::move(reply->ids), std::move(packet.fds),
          std::move(reply->not_set)};
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
      absl::StatusOr<UniqueFd> channel = link_.Open(identity, deadline);
      if (!channel.ok()) return channel.status();
      worker.channel = *std::move(channel);
    }
    ++messages_sent_;
    result = Exchange(worker.channel.get(), wire::Encode(request), deadline, reply,
                      DescriptorsOf(request));
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
