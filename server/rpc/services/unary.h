// How every unary call of bits.v1 runs: authenticate, call the domain, answer.
//
// Thread safety: a Finish may run on any thread, once. Ownership: gRPC owns the reactor; request
// and response live until it is finished.

#ifndef BITSD_SERVER_RPC_SERVICES_UNARY_H_
#define BITSD_SERVER_RPC_SERVICES_UNARY_H_

#include <google/protobuf/descriptor.h>
#include <grpcpp/support/server_callback.h>

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "server/error/errors.h"
#include "server/job/service/job_service.h"
#include "server/rpc/caller/authenticator.h"
#include "server/rpc/convert/convert.h"
#include "server/rpc/convert/status.h"

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

/// gRPC's side of a call. While its answer is kept, it counts for the caller.
class UnaryReactor : public grpc::ServerUnaryReactor {
 public:
  /// For whom, once that is known.
  void SetCaller(CallerKey caller) { caller_ = std::move(caller); }
  /// False: the answer must not be kept.
  bool Charge(AnswerBudget& budget, size_t bytes) {
    auto charge = budget.Take(caller_, bytes);
    if (!charge.ok()) return false;
    charge_ = *std::move(charge);
    return true;
  }

  void OnDone() override { delete this; }
  /// OnDone does so little that it needs no thread of its own, as with gRPC's default reactor.
  bool InternalInlineable() override { return true; }

 private:
  CallerKey caller_;
  std::unique_ptr<AnswerBudget::Charge> charge_;
};

/// A call that makes something only its answer tells of: when the answer is lost, it is undone.
class Undoable : public UnaryReactor {
 public:
  /// Before the call is finished.
  void SetUndo(std::function<void()> undo) { undo_ = std::move(undo); }

  void OnCancel() override { cancelled_ = true; }
  bool InternalInlineable() override { return false; }
  void OnDone() override {
    if (cancelled_ && undo_) undo_();
    UnaryReactor::OnDone();
  }

 private:
  std::function<void()> undo_;
  std::atomic<bool> cancelled_{false};
};

/// Ends a call with a status; OK sends the response, which has `bytes`. A refusal is noted first.
class Finish {
 public:
  Finish(const Authenticator& authenticator, grpc::CallbackServerContext* context,
         const std::string& path)
      : Finish(authenticator, context, path, new UnaryReactor) {}
  Finish(const Authenticator& authenticator, grpc::CallbackServerContext* context,
         const std::string& path, UnaryReactor* reactor)
      : authenticator_(&authenticator), context_(context), path_(&path), reactor_(reactor) {
    authenticator.calls().Begin();
  }

  void operator()(const absl::Status& status, size_t bytes = 0) const {
    if (!status.ok()) authenticator_->NoteRefusal(*context_, *path_, status);
    if (!reactor_->Charge(authenticator_->answers(), bytes)) context_->TryCancel();
    // First: once gRPC has the answer nothing of the server may be touched.
    authenticator_->calls().End();
    reactor_->Finish(ToGrpc(status));
  }
  UnaryReactor* reactor() const { return reactor_; }

 private:
  const Authenticator* authenticator_;
  grpc::CallbackServerContext* context_;
  const std::string* path_;
  UnaryReactor* reactor_;
};

/// The callback that takes the domain's answer: `fill` writes it into the response.
template <typename T, typename Response, typename Fill>
std::function<void(absl::StatusOr<T>)> Answer(Finish finish, Response* response, Fill fill) {
  return [finish, response, fill](absl::StatusOr<T> result) {
    if (!result.ok()) return finish(result.status());
    fill(*std::move(result));
    finish(absl::OkStatus(), response->ByteSizeLong());
  };
}

/// Answer for calls whose response shows the job.
template <typename Response>
JobService::JobDone ShowJob(Finish finish, Response* response) {
  return Answer<JobView>(finish, response, [response](const JobView& job) {
    *response->mutable_job() = ToProto(job);
  });
}

/// The most a request may have; AddFileSet has names of many files.
inline constexpr size_t kMaxRequest = size_t{256} << 10;
inline constexpr size_t kMaxFileSet = size_t{4} << 20;

/// Counts the request, and refuses it when it is too large, or the caller has too many connections
/// or answers to read.
template <typename Request>
absl::Status TakeRequest(const Authenticator& authenticator,
                         const grpc::CallbackServerContext& context,
                         const absl::StatusOr<Caller>& caller, const Request& request) {
  constexpr size_t kMost =
      std::is_same_v<Request, v1::AddFileSetRequest> ? kMaxFileSet : kMaxRequest;
  const size_t size = request.ByteSizeLong();
  absl::Status taken = authenticator.TakeRequest(context, caller.ok() ? &*caller : nullptr, size);
  if (!caller.ok()) return caller.status();
  if (!taken.ok()) return taken;
  if (size <= kMost) return authenticator.answers().Check({caller->token->user, ""});
  return error::InvalidArgument(
      absl::StrCat("The request has ", size, " bytes; at most ", kMost, " are taken."));
}

/// How a caller is authenticated: Authenticator::Authenticate, or without a session.
using AuthenticateFn = absl::StatusOr<Caller> (Authenticator::*)(
    const grpc::CallbackServerContext& context, std::string_view path) const;

/// Runs `body(caller, finish)` for an authenticated caller that the method admits. `body` sees to
/// it that finish is called once.
template <typename Service, typename Request, typename Body>
grpc::ServerUnaryReactor* RunUnary(const Authenticator& authenticator,
                                   grpc::CallbackServerContext* context, const Request* request,
                                   const Finish& finish, Body body,
                                   AuthenticateFn authenticate = &Authenticator::Authenticate) {
  const absl::StatusOr<Caller> caller =
      (authenticator.*authenticate)(*context, MethodPath<Service, Request>());
  const absl::Status taken = TakeRequest(authenticator, *context, caller, *request);
  finish.reactor()->SetCaller(authenticator.KeyOf(*context, caller));
  if (taken.ok()) {
    body(*caller, finish);
  } else {
    finish(taken);
  }
  return finish.reactor();
}

/// RunUnary with gRPC's own reactor.
template <typename Service, typename Request, typename Body>
grpc::ServerUnaryReactor* Unary(const Authenticator& authenticator,
                                grpc::CallbackServerContext* context, const Request* request,
                                Body body,
                                AuthenticateFn authenticate = &Authenticator::Authenticate) {
  const Finish finish(authenticator, context, MethodPath<Service, Request>());
  return RunUnary<Service>(authenticator, context, request, finish, std::move(body), authenticate);
}

}  // namespace bitsd::rpc

#endif  // BITSD_SERVER_RPC_SERVICES_UNARY_H_
