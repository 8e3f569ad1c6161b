// The connection behind Client and JobWatch: gRPC channel, stubs, and the context of a call.
//
// Internal: with the .cc files that include it, this is all of the library that sees grpcpp. Thread
// safety: immutable after construction. Ownership: shared by the clients and watches that use it.

#ifndef BITSD_CLIENT_CHANNEL_H_
#define BITSD_CLIENT_CHANNEL_H_

#include <grpcpp/client_context.h>

#include <memory>
#include <string>

#include "bits/v1/job.grpc.pb.h"
#include "bits/v1/manager.grpc.pb.h"
#include "bits/v1/token_options.grpc.pb.h"
#include "bitsd/client/client.h"

namespace bits {

class Client::Channel {
 public:
  Channel(ClientOptions options, std::string sid);

  const std::string& sid() const { return sid_; }

  /// Puts the metadata that describes the caller's token on a call.
  void Describe(grpc::ClientContext& context) const;

  /// One call with its deadline: `(stub.*method)(request)`.
  template <typename Stub, typename Request, typename Response>
  absl::StatusOr<Response> Call(Stub& stub,
                                grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&,
                                                             Response*),
                                const Request& request) const;

  v1::BackgroundCopyManager::Stub& manager() const { return *manager_; }
  v1::BackgroundCopyJob::Stub& job() const { return *job_; }
  v1::BitsTokenOptions::Stub& token() const { return *token_; }

 private:
  ClientOptions options_;
  std::string sid_;
  std::unique_ptr<v1::BackgroundCopyManager::Stub> manager_;
  std::unique_ptr<v1::BackgroundCopyJob::Stub> job_;
  std::unique_ptr<v1::BitsTokenOptions::Stub> token_;
};

/// The library's status for gRPC's.
absl::Status FromGrpc(const grpc::Status& status);

/// Starts a watch.
std::shared_ptr<JobWatch::Stream> StartWatch(v1::BackgroundCopyManager::Stub& stub,
                                             std::unique_ptr<grpc::ClientContext> context,
                                             const v1::WatchJobsRequest& request,
                                             std::shared_ptr<const void> keep_alive);

template <typename Stub, typename Request, typename Response>
absl::StatusOr<Response> Client::Channel::Call(
    Stub& stub, grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
    const Request& request) const {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + options_.deadline);
  Describe(context);
  Response response;
  const grpc::Status status = (stub.*method)(&context, request, &response);
  if (!status.ok()) return FromGrpc(status);
  return response;
}

}  // namespace bits

#endif  // BITSD_CLIENT_CHANNEL_H_
