#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "bits/v1/job.grpc.pb.h"
#include "server/rpc/convert/convert.h"
#include "server/rpc/services/handlers.h"
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

class JobHandlers final : public v1::BackgroundCopyJob::CallbackService {
 public:
  JobHandlers(const Authenticator& authenticator, JobService& jobs)
      : authenticator_(authenticator), jobs_(jobs) {}

  grpc::ServerUnaryReactor* QueryInterface(grpc::CallbackServerContext* context,
                                           const v1::QueryInterfaceRequest* request,
                                           v1::QueryInterfaceResponse* response) override {
    auto* const reactor = new Undoable;
    const Finish finish(authenticator_, context, MethodPath<Contract, v1::QueryInterfaceRequest>(),
                        reactor);
    return RunUnary<Contract>(
        authenticator_, context, request, finish,
        [this, request, response, reactor](const Caller& caller, Finish done) {
          absl::StatusOr<std::string> handle = MakeHandle(caller, *request);
          if (!handle.ok()) return done(handle.status());
          // Nobody could release a handle that nobody has read.
          reactor->SetUndo(
              [this, caller, made = *handle] { jobs_.Release(caller, made).IgnoreError(); });
          response->set_handle(*std::move(handle));
          done(absl::OkStatus());
        });
  }

  grpc::ServerUnaryReactor* Release(grpc::CallbackServerContext* context,
                                    const v1::ReleaseRequest* request,
                                    v1::ReleaseResponse*) override {
    return Unary<Contract>(
        authenticator_, context, request, [this, request](const Caller& caller, Finish finish) {
          const absl::StatusOr<std::string> handle = ParseHandle(request->handle());
          if (!handle.ok()) return finish(handle.status());
          finish(jobs_.Release(caller, *handle));
        });
  }

  grpc::ServerUnaryReactor* AddFileSet(grpc::CallbackServerContext* context,
                                       const v1::AddFileSetRequest* request,
                                       v1::AddFileSetResponse* response) override {
    return OnJob(
        authenticator_, context, request,
        [this, request, response](const Caller& caller, const JobId& id, Finish finish) {
          const absl::StatusOr<std::string> request_id = ParseRequestId(request->request_id());
          if (!request_id.ok()) return finish(request_id.status());
          jobs_.AddFiles(caller, id, ParseFiles(*request), *request_id, ShowJob(finish, response));
        });
  }

  grpc::ServerUnaryReactor* ListFiles(grpc::CallbackServerContext* context,
                                      const v1::ListFilesRequest* request,
                                      v1::ListFilesResponse* response) override {
    return OnJob(authenticator_, context, request,
                 [this, request, response](const Caller& caller, const JobId& id, Finish finish) {
                   Answer<FilePage>(finish, response, [response](FilePage page) {
                     for (const FileView& file : page.files) *response->add_files() = ToProto(file);
                     response->set_next_page_token(std::move(page.next_page_token));
                   })(jobs_.ListFiles(caller, id, request->page_size(), request->page_token()));
                 });
  }

  grpc::ServerUnaryReactor* UpdateJob(grpc::CallbackServerContext* context,
                                      const v1::UpdateJobRequest* request,
                                      v1::UpdateJobResponse* response) override {
    return OnJob(authenticator_, context, request, request->job().id(),
                 [this, request, response](const Caller& caller, const JobId& id, Finish finish) {
                   absl::StatusOr<JobUpdate> update = ParseUpdate(*request);
                   if (!update.ok()) return finish(update.status());
                   jobs_.UpdateJob(caller, id, *std::move(update), ShowJob(finish, response));
                 });
  }

  grpc::ServerUnaryReactor* Suspend(grpc::CallbackServerContext* context,
                                    const v1::SuspendRequest* request,
                                    v1::SuspendResponse* response) override {
    return OnJob(authenticator_, context, request,
                 [this, response](const Caller& caller, const JobId& id, Finish finish) {
                   jobs_.Suspend(caller, id, ShowJob(finish, response));
                 });
  }

  grpc::ServerUnaryReactor* Resume(grpc::CallbackServerContext* context,
                                   const v1::ResumeRequest* request,
                                   v1::ResumeResponse* response) override {
    return OnJob(authenticator_, context, request,
                 [this, response](const Caller& caller, const JobId& id, Finish finish) {
                   jobs_.Resume(caller, id, ShowJob(finish, response));
                 });
  }

  grpc::ServerUnaryReactor* Cancel(grpc::CallbackServerContext* context,
                                   const v1::CancelRequest* request,
                                   v1::CancelResponse* response) override {
    return OnJob(authenticator_, context, request,
                 [this, response](const Caller& caller, const JobId& id, Finish finish) {
                   jobs_.Cancel(caller, id, ShowOutcome(finish, response));
                 });
  }

  grpc::ServerUnaryReactor* Complete(grpc::CallbackServerContext* context,
                                     const v1::CompleteRequest* request,
                                     v1::CompleteResponse* response) override {
    return OnJob(authenticator_, context, request,
                 [this, response](const Caller& caller, const JobId& id, Finish finish) {
                   jobs_.Complete(caller, id, ShowOutcome(finish, response));
                 });
  }

  grpc::ServerUnaryReactor* SetCredentials(grpc::CallbackServerContext* context,
                                           const v1::SetCredentialsRequest* request,
                                           v1::SetCredentialsResponse* response) override {
    return OnJob(authenticator_, context, request,
                 [this, request, response](const Caller& caller, const JobId& id, Finish finish) {
                   jobs_.SetCredentials(caller, id, ParseCredential(*request),
                                        ShowJob(finish, response));
                 });
  }

  grpc::ServerUnaryReactor* RemoveCredentials(grpc::CallbackServerContext* context,
                                              const v1::RemoveCredentialsRequest* request,
                                              v1::RemoveCredentialsResponse* response) override {
    return OnJob(authenticator_, context, request,
                 [this, request, response](const Caller& caller, const JobId& id, Finish finish) {
                   jobs_.RemoveCredentials(caller, id, ParseTarget(request->target()),
                                           ParseScheme(request->scheme()),
                                           ShowOutcome(finish, response));
                 });
  }

  grpc::ServerUnaryReactor* SetClientCertificate(
      grpc::CallbackServerContext* context, const v1::SetClientCertificateRequest* request,
      v1::SetClientCertificateResponse* response) override {
    return OnJob(authenticator_, context, request,
                 [this, request, response](const Caller& caller, const JobId& id, Finish finish) {
                   jobs_.SetClientCertificate(caller, id,
                                              {request->certificate_path(), request->key_path()},
                                              ShowJob(finish, response));
                 });
  }

  grpc::ServerUnaryReactor* RemoveClientCertificate(
      grpc::CallbackServerContext* context, const v1::RemoveClientCertificateRequest* request,
      v1::RemoveClientCertificateResponse* response) override {
    return OnJob(authenticator_, context, request,
                 [this, response](const Caller& caller, const JobId& id, Finish finish) {
                   jobs_.RemoveClientCertificate(caller, id, ShowOutcome(finish, response));
                 });
  }

 private:
  absl::StatusOr<std::string> MakeHandle(const Caller& caller,
                                         const v1::QueryInterfaceRequest& request) {
    const absl::StatusOr<JobId> id = JobId::Parse(request.job_id());
    if (!id.ok()) return id.status();
    if (absl::Status known = CheckInterfaceId(request.interface_id()); !known.ok()) return known;
    const absl::StatusOr<std::optional<Sid>> helper = ParseHelper(request);
    if (!helper.ok()) return helper.status();
    return jobs_.QueryInterface(caller, *id, *helper);
  }

  const Authenticator& authenticator_;
  JobService& jobs_;
};

}  // namespace

std::unique_ptr<grpc::Service> NewJobHandlers(const Authenticator& authenticator,
                                              JobService& jobs) {
  return std::make_unique<JobHandlers>(authenticator, jobs);
}

}  // namespace bitsd::rpc
