#include "server/broker/worker.h"

#include <poll.h>
#include <sys/stat.h>

#include <cerrno>
#include <utility>
#include <vector>

#include "server/broker/files/file_operations.h"
#include "server/broker/privileges.h"
#include "server/broker/wire/channel.h"
#include "server/error/errors.h"

namespace bitsd {
namespace {

/// Waits for a request; false when the broker has ended.
bool WaitForRequest(int channel, int end_signal) {
  pollfd entries[] = {{channel, POLLIN, 0}, {end_signal, POLLIN, 0}};
  while (::poll(entries, 2, -1) < 0) {
    if (errno != EINTR) return false;
  }
  return entries[1].revents == 0;
}

FileResult Perform(const FileOperations& operations, ReceiveResult received, const Packet& packet,
                   wire::FileRequest* request) {
  if (received == ReceiveResult::kMalformed) {
    return {error::InvalidArgument("malformed broker message: too long")};
  }
  absl::StatusOr<wire::FileRequest> decoded = wire::DecodeFileRequest(packet.bytes);
  if (!decoded.ok()) return {decoded.status()};
  *request = *std::move(decoded);
  return operations.Perform(*request);
}

}  // namespace

void RunWorker(const WorkerOptions& options, const SafePaths& paths, UniqueFd channel,
               UniqueFd end_signal) {
  privileges::KeepOnly({&channel, &end_signal});
  if (options.identity_switching) {
    privileges::BecomeIdentity(options.identity);
  } else {
    privileges::RequireIdentity(options.identity);
    privileges::DropAllCapabilities();
  }
  privileges::Harden();
  privileges::EndWith(options.broker);
  privileges::DetachStandardStreams();
  ::umask(0);
  ServeFileRequests(paths, channel.get(), end_signal.get());
}

void ServeFileRequests(const SafePaths& paths, int channel, int end_signal) {
  const FileOperations operations(paths);
  while (WaitForRequest(channel, end_signal)) {
    Packet packet;
    const ReceiveResult received = ReceivePacket(channel, &packet);
    if (received == ReceiveResult::kPeerGone) return;
    wire::FileRequest request;
    const FileResult result = Perform(operations, received, packet, &request);
    const std::string reply = wire::Encode(wire::Reply{result.status, result.ids, result.not_set});
    std::vector<int> fds;
    for (const UniqueFd& fd : result.fds) fds.push_back(fd.get());
    if (SendPacket(channel, reply, fds) == SendResult::kSent) continue;
    operations.Undo(request, result);
    return;
  }
}

}  // namespace bitsd
