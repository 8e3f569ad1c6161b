// How every unary call of bits.v1 runs: authenticate, call the domain, answer.
//
// Thread safety: a Finish may run on any thread, once. Ownership: gRPC owns the reactor; request
// and response live until it is finished.

#ifndef BITSD_SERVER_RPC_UNARY_H_
#define BITSD_SERVER_RPC_UNARY_H_

#include <google/protobuf/descriptor.h>
#include <grpcpp/support/server_callback.h>

#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"
#include "server/job/job_service.h"
#include "server/rpc/authenticator.h"
#include "server/rpc/convert.h"
#include "server/rpc/status.h"

namespace bitsd::rpc {

/// "/bits.v1.BackgroundCopyJob/Cancel" of the service and CancelRequest: requests are named after
/// their methods, so that no handler spells its own path.
template <typename Service, typename Request>
const std::string& MethodPath() {
  static const std::string path = [] {
    std::string method(Request::descriptor()->name());
    method.resize(method.size() - std::string_view("Request").size());
    return std::string("/") + Service::service_full_name() + "/" + method;
  }();
  return path;
}

/// Ends a call with a status; OK sends the response. A refusal is noted first.
class Finish {
 public:
  Finish(const Authenticator& authenticator, grpc::CallbackServerContext* context,
         const std::string& path)
      : authenticator_(&authenticator),
        context_(context),
        path_(&path),
        reactor_(context->DefaultReactor()) {
    authenticator.calls().Begin();
  }

  void operator()(const absl::Status& status) const {
    if (!status.ok()) authenticator_->NoteRefusal(*context_, *path_, status);
    // First: once gRPC has the answer nothing of the server may be touched.
    authenticator_->calls().End();
    reactor_->Finish(ToGrpc(status));
  }
  grpc::ServerUnaryReactor* reactor() const { return reactor_; }

 private:
  const Authenticator* authenticator_;
  grpc::CallbackServerContext* context_;
  const std::string* path_;
  grpc::ServerUnaryReactor* reactor_;
};

/// The callback that takes the domain's answer: `fill` writes it into the response.
template <typename T, typename Fill>
std::function<void(absl::StatusOr<T>)> Answer(Finish finish, Fill fill) {
  return [finish, fill](absl::StatusOr<T> result) {
    const absl::Status status = result.status();
    if (result.ok()) fill(*std::move(result));
    finish(status);
  };
}

/// Answer for calls whose response shows the job.
template <typename Response>
JobService::JobDone ShowJob(Finish finish, Response* response) {
  return Answer<JobView>(
      finish, [response](const JobView& job) { *response->mutable_job() = ToProto(job); });
}

/// How a caller is authenticated: Authenticator::Authenticate, or without a session.
using AuthenticateFn = absl::StatusOr<Caller> (Authenticator::*)(
    const grpc::CallbackServerContext& context, std::string_view path) const;

/// Runs `body(caller, finish)` for an authenticated caller that the method admits. `body` sees to
/// it that finish is called once.
template <typename Service, typename Request, typename Body>
grpc::ServerUnaryReactor* Unary(const Authenticator& authenticator,
                                grpc::CallbackServerContext* context, const Request*, Body body,
                                AuthenticateFn authenticate = &Authenticator::Authenticate) {
  const std::string& path = MethodPath<Service, Request>();
  const Finish finish(authenticator, context, path);
  const absl::StatusOr<Caller> caller = (authenticator.*authenticate)(*context, path);
  if (caller.ok()) {
    body(*caller, finish);
  } else {
    finish(caller.status());
  }
  return finish.reactor();
}

}  // namespace bitsd::rpc

#endif  // BITSD_SERVER_RPC_UNARY_H_
