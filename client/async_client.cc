#include "bitsd/client/async_client.h"

#include <string.h>

#include <utility>

#include "client/callback_thread.h"
#include "client/core.h"
#include "client/requests.h"

namespace bits {
namespace {

using Manager = v1::BackgroundCopyManager::Stub;
using Job = v1::BackgroundCopyJob::Stub;
using Token = v1::BitsTokenOptions::Stub;
using Session = v1::Sessions::Stub;

// A call under way; gRPC reads and writes it until its callback.
template <typename Request, typename Response>
struct Pending {
  CallRoute route;
  Request request;
  AsyncClient::Done<Response> done;
  grpc::ClientContext context;
  Response response;
};

/// Overwrites what should not stay in freed memory.
template <typename Request>
void WipeSecrets(Request&) {}

void WipeSecrets(v1::SetHelperTokenRequest& request) {
  if (!request.has_delegated_credentials()) return;
  std::string& cache = *request.mutable_delegated_credentials()->mutable_credential_cache();
  explicit_bzero(cache.data(), cache.size());
}

void WipeSecrets(v1::SetCredentialsRequest& request) {
  std::string& password = *request.mutable_password();
  explicit_bzero(password.data(), password.size());
}

template <typename Request, typename Response>
void Finish(Pending<Request, Response>& call, const grpc::Status& status) {
  WipeSecrets(call.request);
  std::optional<ScopedImpersonation> scope;
  if (call.route.impersonated) scope.emplace(TokenAccess::TokenOf(call.route.caller));
  if (status.ok()) {
    call.done(std::move(call.response));
  } else {
    call.done(FromGrpc(status));
  }
}

// `(stub.async()->*method)(request)`, the stub chosen by `stub`.
template <typename Stub, typename Async, typename Request, typename Response>
void Start(CallRoute route, Stub& (Connection::*stub)() const,
           void (Async::*method)(grpc::ClientContext*, const Request*, Response*,
                                 std::function<void(grpc::Status)>),
           Request request, AsyncClient::Done<Response> done) {
  Stub& target = ((*route.connection).*stub)();
  auto call = std::make_shared<Pending<Request, Response>>();
  call->route = std::move(route);
  call->request = std::move(request);
  call->done = std::move(done);
  call->route.Prepare(call->context);
  (target.async()->*method)(&call->context, &call->request, &call->response,
                            [call](const grpc::Status& status) mutable {
                              const CallbackThread here;
                              Finish(*call, status);
                              // What it holds goes here, and not with the lambda.
                              call.reset();
                            });
}

}  // namespace

AsyncClient::AsyncClient(const Client& client) : core_(client.core_) {}

void AsyncClient::CreateJob(v1::CreateJobRequest request, Done<v1::CreateJobResponse> done) const {
  if (absl::Status status = EnsureRequestId(request); !status.ok()) return done(status);
  Start(core_->Capture(), &Connection::manager, &Manager::async::CreateJob, std::move(request),
        std::move(done));
}

void AsyncClient::GetJob(v1::GetJobRequest request, Done<v1::GetJobResponse> done) const {
  Start(core_->Capture(), &Connection::manager, &Manager::async::GetJob, std::move(request),
        std::move(done));
}

void AsyncClient::ListJobs(v1::ListJobsRequest request, Done<v1::ListJobsResponse> done) const {
  Start(core_->Capture(), &Connection::manager, &Manager::async::ListJobs, std::move(request),
        std::move(done));
}

void AsyncClient::GetErrorDescription(v1::GetErrorDescriptionRequest request,
                                      Done<v1::GetErrorDescriptionResponse> done) const {
  Start(core_->Capture(), &Connection::manager, &Manager::async::GetErrorDescription,
        std::move(request), std::move(done));
}

void AsyncClient::GetServerInfo(v1::GetServerInfoRequest request,
                                Done<v1::GetServerInfoResponse> done) const {
  Start(core_->Capture(), &Connection::manager, &Manager::async::GetServerInfo, std::move(request),
        std::move(done));
}

void AsyncClient::QueryInterface(v1::QueryInterfaceRequest request,
                                 Done<v1::QueryInterfaceResponse> done) const {
  Start(core_->Capture(), &Connection::job, &Job::async::QueryInterface, std::move(request),
        std::move(done));
}

void AsyncClient::Release(v1::ReleaseRequest request, Done<v1::ReleaseResponse> done) const {
  Start(core_->Capture(), &Connection::job, &Job::async::Release, std::move(request),
        std::move(done));
}

void AsyncClient::AddFileSet(v1::AddFileSetRequest request,
                             Done<v1::AddFileSetResponse> done) const {
  if (absl::Status status = EnsureRequestId(request); !status.ok()) return done(status);
  Start(core_->Capture(), &Connection::job, &Job::async::AddFileSet, std::move(request),
        std::move(done));
}

void AsyncClient::ListFiles(v1::ListFilesRequest request, Done<v1::ListFilesResponse> done) const {
  Start(core_->Capture(), &Connection::job, &Job::async::ListFiles, std::move(request),
        std::move(done));
}

void AsyncClient::UpdateJob(v1::UpdateJobRequest request, Done<v1::UpdateJobResponse> done) const {
  Start(core_->Capture(), &Connection::job, &Job::async::UpdateJob, std::move(request),
        std::move(done));
}

void AsyncClient::Suspend(v1::SuspendRequest request, Done<v1::SuspendResponse> done) const {
  Start(core_->Capture(), &Connection::job, &Job::async::Suspend, std::move(request),
        std::move(done));
}

void AsyncClient::Resume(v1::ResumeRequest request, Done<v1::ResumeResponse> done) const {
  Start(core_->Capture(), &Connection::job, &Job::async::Resume, std::move(request),
        std::move(done));
}

void AsyncClient::Cancel(v1::CancelRequest request, Done<v1::CancelResponse> done) const {
  Start(core_->Capture(), &Connection::job, &Job::async::Cancel, std::move(request),
        std::move(done));
}

void AsyncClient::Complete(v1::CompleteRequest request, Done<v1::CompleteResponse> done) const {
  Start(core_->Capture(), &Connection::job, &Job::async::Complete, std::move(request),
        std::move(done));
}

void AsyncClient::SetCredentials(v1::SetCredentialsRequest request,
                                 Done<v1::SetCredentialsResponse> done) const {
  Start(core_->Capture(), &Connection::job, &Job::async::SetCredentials, std::move(request),
        std::move(done));
}

void AsyncClient::RemoveCredentials(v1::RemoveCredentialsRequest request,
                                    Done<v1::RemoveCredentialsResponse> done) const {
  Start(core_->Capture(), &Connection::job, &Job::async::RemoveCredentials, std::move(request),
        std::move(done));
}

void AsyncClient::SetClientCertificate(v1::SetClientCertificateRequest request,
                                       Done<v1::SetClientCertificateResponse> done) const {
  Start(core_->Capture(), &Connection::job, &Job::async::SetClientCertificate, std::move(request),
        std::move(done));
}

void AsyncClient::RemoveClientCertificate(v1::RemoveClientCertificateRequest request,
                                          Done<v1::RemoveClientCertificateResponse> done) const {
  Start(core_->Capture(), &Connection::job, &Job::async::RemoveClientCertificate,
        std::move(request), std::move(done));
}

void AsyncClient::SetHelperTokenFlags(v1::SetHelperTokenFlagsRequest request,
                                      Done<v1::SetHelperTokenFlagsResponse> done) const {
  Start(core_->Capture(), &Connection::token, &Token::async::SetHelperTokenFlags,
        std::move(request), std::move(done));
}

void AsyncClient::GetHelperTokenFlags(v1::GetHelperTokenFlagsRequest request,
                                      Done<v1::GetHelperTokenFlagsResponse> done) const {
  Start(core_->Capture(), &Connection::token, &Token::async::GetHelperTokenFlags,
        std::move(request), std::move(done));
}

void AsyncClient::SetHelperToken(v1::SetHelperTokenRequest request, const std::string& expected_sid,
                                 Done<v1::SetHelperTokenResponse> done) const {
  const bool delegates = request.has_delegated_credentials();
  CallRoute route = delegates ? core_->CaptureAlone() : core_->Capture();
  absl::Status status = CheckLender(route.caller->sid, expected_sid);
  if (status.ok() && delegates) {
    status = CheckDelegation(route.caller->options.impersonation_level);
  }
  if (!status.ok()) return done(status);
  Start(std::move(route), &Connection::token, &Token::async::SetHelperToken, std::move(request),
        std::move(done));
}

void AsyncClient::ClearHelperToken(v1::ClearHelperTokenRequest request,
                                   Done<v1::ClearHelperTokenResponse> done) const {
  Start(core_->Capture(), &Connection::token, &Token::async::ClearHelperToken, std::move(request),
        std::move(done));
}

void AsyncClient::GetHelperTokenSid(v1::GetHelperTokenSidRequest request,
                                    Done<v1::GetHelperTokenSidResponse> done) const {
  Start(core_->Capture(), &Connection::token, &Token::async::GetHelperTokenSid, std::move(request),
        std::move(done));
}

void AsyncClient::Logon(v1::LogonRequest request, Done<v1::LogonResponse> done) const {
  Start(core_->Capture(), &Connection::sessions, &Session::async::Logon, std::move(request),
        std::move(done));
}

void AsyncClient::Logoff(v1::LogoffRequest request, Done<v1::LogoffResponse> done) const {
  Start(core_->Capture(), &Connection::sessions, &Session::async::Logoff, std::move(request),
        std::move(done));
}

void AsyncClient::ListSessions(v1::ListSessionsRequest request,
                               Done<v1::ListSessionsResponse> done) const {
  Start(core_->Capture(), &Connection::sessions, &Session::async::ListSessions, std::move(request),
        std::move(done));
}

}  // namespace bits
