// The identity check in front of everything that is not a handler of bits.v1.
//
// gRPC runs it for every call of every connection, methods that do not exist included. A method of
// bits.v1 passes: its handler makes the same check and answers with the full ErrorInfo, which
// cannot be sent from here. Health, reflection, channelz and unknown methods are judged here.
//
// Thread safety: any thread; never blocks. Ownership: what the constructor is given must outlive
// the server.

#ifndef BITSD_SERVER_RPC_PRE_HANDLER_CHECK_H_
#define BITSD_SERVER_RPC_PRE_HANDLER_CHECK_H_

#include <grpcpp/security/auth_metadata_processor.h>

#include <string>

#include "absl/container/flat_hash_set.h"
#include "server/rpc/caller/authenticator.h"
#include "server/rpc/caller/side_streams.h"

namespace bitsd::rpc {

class PreHandlerCheck : public grpc::AuthMetadataProcessor {
 public:
  PreHandlerCheck(const Authenticator& authenticator, SideStreams& streams);

  bool IsBlocking() const override { return false; }
  grpc::Status Process(const InputMetadata& metadata, grpc::AuthContext* peer,
                       OutputMetadata* consumed, OutputMetadata* response) override;

 private:
  const Authenticator& authenticator_;
  SideStreams& streams_;
  const absl::flat_hash_set<std::string> handled_;  ///< Paths whose handlers judge themselves.
};

}  // namespace bitsd::rpc

#endif  // BITSD_SERVER_RPC_PRE_HANDLER_CHECK_H_
