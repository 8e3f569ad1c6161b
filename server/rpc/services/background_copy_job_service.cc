#include "server/rpc/services/background_copy_job_service.h"

#include <optional>
#include <string>
#include <utility>

#include "server/rpc/convert/convert.h"
#include "server/rpc/services/unary.h"

namespace bitsd::rpc {
namespace {

using Contract = v1::BackgroundCopyJob;

/// Runs `body(caller, id, finish)` with the parsed job id of the request.
template <typename Request, typename Body>
grpc::ServerUnaryReactor* OnJob(const Authenticator& authenticator,
                                grpc::CallbackServerContext* context, const Request* request,
                                const std::string& job_id, Body body) {
  return Unary<Contract>(authenticator, context, request,
                         [&job_id, body](const Caller& caller, Finish finish) {
                           const absl::StatusOr<JobId> id = JobId::Parse(job_id);
                           if (!id.ok()) return finish(id.status());
                           body(caller, *id, finish);
                         });
}

template <typename Request, typename Body>
grpc::ServerUnaryReactor* OnJob(const Authenticator& authenticator,
                                grpc::CallbackServerContext* context, const Request* request,
                                Body body) {
  return OnJob(authenticator, context, request, request->job_id(), std::move(body));
}

template <typename Response>
JobService::OutcomeDone ShowOutcome(Finish finish, Response* response) {
  return Answer<JobOutcome>(finish, response, [response](const JobOutcome& outcome) {
    *response->mutable_job() = ToProto(outcome.job);
    response->set_hresult(static_cast<uint32_t>(outcome.hresult));
  });
}

}  // namespace

grpc::ServerUnaryReactor* JobServiceRpc::QueryInterface(grpc::CallbackServerContext* context,
                                                        const v1::QueryInterfaceRequest* request,
                                                        v1::QueryInterfaceResponse* response) {
  auto* const reactor = new Undoable;
  const Finish finish(authenticator_, context, MethodPath<Contract, v1::QueryInterfaceRequest>(),
                      reactor);
  return RunUnary<Contract>(authenticator_, context, request, finish,
                            [this, request, response, reactor](const Caller& caller, Finish done) {
                              absl::StatusOr<std::string> handle = MakeHandle(caller, *request);
                              if (!handle.ok()) return done(handle.status());
                              // Nobody could release a handle that nobody has read.
                              reactor->SetUndo([this, caller, made = *handle] {
                                jobs_.Release(caller, made).IgnoreError();
                              });
                              response->set_handle(*std::move(handle));
                              done(absl::OkStatus());
                            });
}

absl::StatusOr<std::string> JobServiceRpc::MakeHandle(const Caller& caller,
                                                      const v1::QueryInterfaceRequest& request) {
  const absl::StatusOr<JobId> id = JobId::Parse(request.job_id());
  if (!id.ok()) return id.status();
  if (absl::Status known = CheckInterfaceId(request.interface_id()); !known.ok()) return known;
  const absl::StatusOr<std::optional<Sid>> helper = ParseHelper(request);
  if (!helper.ok()) return helper.status();
  return jobs_.QueryInterface(caller, *id, *helper);
}

grpc::ServerUnaryReactor* JobServiceRpc::Release(grpc::CallbackServerContext* context,
                                                 const v1::ReleaseRequest* request,
                                                 v1::ReleaseResponse*) {
  return Unary<Contract>(
      authenticator_, context, request, [this, request](const Caller& caller, Finish finish) {
        const absl::StatusOr<std::string> handle = ParseHandle(request->handle());
        if (!handle.ok()) return finish(handle.status());
        finish(jobs_.Release(caller, *handle));
      });
}

grpc::ServerUnaryReactor* JobServiceRpc::AddFileSet(grpc::CallbackServerContext* context,
                                                    const v1::AddFileSetRequest* request,
                                                    v1::AddFileSetResponse* response) {
  return OnJob(
      authenticator_, context, request,
      [this, request, response](const Caller& caller, const JobId& id, Finish finish) {
        const absl::StatusOr<std::string> request_id = ParseRequestId(request->request_id());
        if (!request_id.ok()) return finish(request_id.status());
        jobs_.AddFiles(caller, id, ParseFiles(*request), *request_id, ShowJob(finish, response));
      });
}

grpc::ServerUnaryReactor* JobServiceRpc::ListFiles(grpc::CallbackServerContext* context,
                                                   const v1::ListFilesRequest* request,
                                                   v1::ListFilesResponse* response) {
  return OnJob(authenticator_, context, request,
               [this, request, response](const Caller& caller, const JobId& id, Finish finish) {
                 Answer<FilePage>(finish, response, [response](FilePage page) {
                   for (const FileView& file : page.files) *response->add_files() = ToProto(file);
                   response->set_next_page_token(std::move(page.next_page_token));
                 })(jobs_.ListFiles(caller, id, request->page_size(), request->page_token()));
               });
}

grpc::ServerUnaryReactor* JobServiceRpc::UpdateJob(grpc::CallbackServerContext* context,
                                                   const v1::UpdateJobRequest* request,
                                                   v1::UpdateJobResponse* response) {
  return OnJob(authenticator_, context, request, request->job().id(),
               [this, request, response](const Caller& caller, const JobId& id, Finish finish) {
                 absl::StatusOr<JobUpdate> update = ParseUpdate(*request);
                 if (!update.ok()) return finish(update.status());
                 jobs_.UpdateJob(caller, id, *std::move(update), ShowJob(finish, response));
               });
}

grpc::ServerUnaryReactor* JobServiceRpc::Suspend(grpc::CallbackServerContext* context,
                                                 const v1::SuspendRequest* request,
                                                 v1::SuspendResponse* response) {
  return OnJob(authenticator_, context, request,
               [this, response](const Caller& caller, const JobId& id, Finish finish) {
                 jobs_.Suspend(caller, id, ShowJob(finish, response));
               });
}

grpc::ServerUnaryReactor* JobServiceRpc::Resume(grpc::CallbackServerContext* context,
                                                const v1::ResumeRequest* request,
                                                v1::ResumeResponse* response) {
  return OnJob(authenticator_, context, request,
               [this, response](const Caller& caller, const JobId& id, Finish finish) {
                 jobs_.Resume(caller, id, ShowJob(finish, response));
               });
}

grpc::ServerUnaryReactor* JobServiceRpc::Cancel(grpc::CallbackServerContext* context,
                                                const v1::CancelRequest* request,
                                                v1::CancelResponse* response) {
  return OnJob(authenticator_, context, request,
               [this, response](const Caller& caller, const JobId& id, Finish finish) {
                 jobs_.Cancel(caller, id, ShowOutcome(finish, response));
               });
}

grpc::ServerUnaryReactor* JobServiceRpc::Complete(grpc::CallbackServerContext* context,
                                                  const v1::CompleteRequest* request,
                                                  v1::CompleteResponse* response) {
  return OnJob(authenticator_, context, request,
               [this, response](const Caller& caller, const JobId& id, Finish finish) {
                 jobs_.Complete(caller, id, ShowOutcome(finish, response));
               });
}

grpc::ServerUnaryReactor* JobServiceRpc::SetCredentials(grpc::CallbackServerContext* context,
                                                        const v1::SetCredentialsRequest* request,
                                                        v1::SetCredentialsResponse* response) {
  return OnJob(authenticator_, context, request,
               [this, request, response](const Caller& caller, const JobId& id, Finish finish) {
                 jobs_.SetCredentials(caller, id, ParseCredential(*request),
                                      ShowJob(finish, response));
               });
}

grpc::ServerUnaryReactor* JobServiceRpc::RemoveCredentials(
    grpc::CallbackServerContext* context, const v1::RemoveCredentialsRequest* request,
    v1::RemoveCredentialsResponse* response) {
  return OnJob(authenticator_, context, request,
               [this, request, response](const Caller& caller, const JobId& id, Finish finish) {
                 jobs_.RemoveCredentials(caller, id, ParseTarget(request->target()),
                                         ParseScheme(request->scheme()),
                                         ShowOutcome(finish, response));
               });
}

grpc::ServerUnaryReactor* JobServiceRpc::SetClientCertificate(
    grpc::CallbackServerContext* context, const v1::SetClientCertificateRequest* request,
    v1::SetClientCertificateResponse* response) {
  return OnJob(authenticator_, context, request,
               [this, request, response](const Caller& caller, const JobId& id, Finish finish) {
                 jobs_.SetClientCertificate(caller, id,
                                            {request->certificate_path(), request->key_path()},
                                            ShowJob(finish, response));
               });
}

grpc::ServerUnaryReactor* JobServiceRpc::RemoveClientCertificate(
    grpc::CallbackServerContext* context, const v1::RemoveClientCertificateRequest* request,
    v1::RemoveClientCertificateResponse* response) {
  return OnJob(authenticator_, context, request,
               [this, response](const Caller& caller, const JobId& id, Finish finish) {
                 jobs_.RemoveClientCertificate(caller, id, ShowOutcome(finish, response));
               });
}

}  // namespace bitsd::rpc
