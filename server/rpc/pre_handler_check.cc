#include "server/rpc/pre_handler_check.h"

#include <string_view>
#include <vector>

#include "server/rpc/convert/status.h"
#include "server/rpc/services/services.h"

namespace bitsd::rpc {
namespace {

absl::flat_hash_set<std::string> HandledPaths() {
  const std::vector<std::string> paths = MethodPaths();
  return {paths.begin(), paths.end()};
}

/// The method that is called; empty, which no policy row covers, when that is not clear.
std::string PathOf(const Metadata& metadata) {
  if (metadata.count(":path") != 1) return "";
  const grpc::string_ref path = metadata.find(":path")->second;
  return {path.data(), path.size()};
}

}  // namespace

PreHandlerCheck::PreHandlerCheck(const Authenticator& authenticator, SideStreams& streams)
    : authenticator_(authenticator), streams_(streams), handled_(HandledPaths()) {}

grpc::Status PreHandlerCheck::Process(const InputMetadata& metadata, grpc::AuthContext* peer,
                                      OutputMetadata*, OutputMetadata*) {
  const std::string path = PathOf(metadata);
  if (handled_.contains(path)) return grpc::Status::OK;
  const absl::Status status = authenticator_.Judge(path, *peer, metadata).status();
  if (status.ok()) return ToGrpc(streams_.Check(*peer, path));
  authenticator_.NoteRefusal(*peer, path, status);
  return ToGrpc(status);
}

}  // namespace bitsd::rpc
