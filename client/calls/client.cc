#include "bitsd/client/client.h"

#include <utility>

#include "bitsd/client/logon_session.h"
#include "client/base/proto_time.h"
#include "client/calls/core.h"
#include "client/calls/requests.h"
#include "client/feed/feed_state.h"
#include "client/feed/stream.h"

namespace bits {
namespace {

constexpr char kTokenOptionsInterface[] = "9a2584c3-f7d2-457a-9a5e-22b67bffc7d2";
constexpr uint32_t kPageSize = 1000;

template <typename Request>
Request ForJob(const std::string& job_id) {
  Request request;
  request.set_job_id(job_id);
  return request;
}

template <typename Request>
Request WithHandle(const Handle& handle) {
  Request request;
  request.set_handle(handle.bytes());
  return request;
}

// The job of an answer that carries one.
template <typename Response>
absl::StatusOr<v1::Job> JobOf(absl::StatusOr<Response> response) {
  if (!response.ok()) return response.status();
  return std::move(*response->mutable_job());
}

// Follows the pages of `list` to the end and collects `items` of each.
template <typename Item, typename Request, typename List, typename Items>
absl::StatusOr<std::vector<Item>> AllPages(Request request, List list, Items items) {
  std::vector<Item> all;
  request.set_page_size(kPageSize);
  do {
    auto page = list(request);
    if (!page.ok()) return page.status();
    for (Item& item : *items(*page)) all.push_back(std::move(item));
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty());
  return all;
}

}  // namespace

Client::Client(std::shared_ptr<const Core> core) : core_(std::move(core)) {}

absl::StatusOr<Client> Client::Connect(ClientOptions options) {
  auto own = MakeCaller(
      std::move(options.identity),
      {std::move(options.session_id), options.impersonation_level, options.filter_admin});
  if (!own.ok()) return own.status();
  return Client(std::make_shared<const Core>(options, *std::move(own)));
}

absl::StatusOr<Client> Client::Over(std::shared_ptr<Transport> transport, std::string sid,
                                    ImpersonationOptions options) {
  auto own = MakeTestCaller(std::move(sid), std::move(options));
  if (!own.ok()) return own.status();
  return Client(std::make_shared<const Core>(std::move(transport), *std::move(own)));
}

absl::StatusOr<Client> Client::InSession(const LogonSession& session) const {
  if (absl::Status status = CheckSession(sid(), session); !status.ok()) return status;
  return Client(std::make_shared<const Core>(*core_, bits::InSession(core_->own(), session.id())));
}

const std::string& Client::sid() const { return core_->sid(); }

std::string Client::caller_sid() const { return core_->Capture().caller->sid; }

absl::StatusOr<v1::Job> Client::CreateJob(v1::CreateJobRequest request) const {
  if (absl::Status status = EnsureRequestId(request); !status.ok()) return status;
  return JobOf(core_->Call<v1::CreateJobResponse>(request));
}

absl::StatusOr<v1::Job> Client::GetJob(const std::string& job_id) const {
  return JobOf(core_->Call<v1::GetJobResponse>(ForJob<v1::GetJobRequest>(job_id)));
}

absl::StatusOr<v1::ListJobsResponse> Client::ListJobs(const v1::ListJobsRequest& request) const {
  return core_->Call<v1::ListJobsResponse>(request);
}

absl::StatusOr<std::vector<v1::Job>> Client::ListAllJobs(bool all_users) const {
  v1::ListJobsRequest request;
  request.set_all_users(all_users);
  return AllPages<v1::Job>(
      std::move(request), [this](const auto& page) { return ListJobs(page); },
      [](auto& response) { return response.mutable_jobs(); });
}

JobWatch Client::WatchJobs(const v1::WatchJobsRequest& request) const {
  return JobWatch(std::make_shared<JobWatch::Stream>(core_->Capture(), request));
}

JobFeed Client::FollowJobs(v1::WatchJobsRequest request, FeedOptions options) const {
  return JobFeed(std::make_shared<JobFeed::State>(core_->Capture(), std::move(request), options));
}

absl::StatusOr<std::string> Client::GetErrorDescription(uint32_t hresult) const {
  v1::GetErrorDescriptionRequest request;
  request.set_hresult(hresult);
  auto response = core_->Call<v1::GetErrorDescriptionResponse>(request);
  if (!response.ok()) return response.status();
  return response->description();
}

absl::StatusOr<v1::GetServerInfoResponse> Client::GetServerInfo() const {
  return core_->Call<v1::GetServerInfoResponse>(v1::GetServerInfoRequest());
}

absl::StatusOr<Handle> Client::QueryInterface(const std::string& job_id,
                                              const std::optional<std::string>& helper_sid) const {
  auto request = ForJob<v1::QueryInterfaceRequest>(job_id);
  request.set_interface_id(kTokenOptionsInterface);
  if (helper_sid) request.set_helper_sid(*helper_sid);
  auto response = core_->Call<v1::QueryInterfaceResponse>(request);
  if (!response.ok()) return response.status();
  return Handle::FromBytes(std::move(*response->mutable_handle()));
}

absl::Status Client::Release(const Handle& handle) const {
  return core_->Call<v1::ReleaseResponse>(WithHandle<v1::ReleaseRequest>(handle)).status();
}

absl::StatusOr<v1::Job> Client::AddFileSet(v1::AddFileSetRequest request) const {
  if (absl::Status status = EnsureRequestId(request); !status.ok()) return status;
  return JobOf(core_->Call<v1::AddFileSetResponse>(request));
}

absl::StatusOr<v1::ListFilesResponse> Client::ListFiles(const v1::ListFilesRequest& request) const {
  return core_->Call<v1::ListFilesResponse>(request);
}

absl::StatusOr<std::vector<v1::File>> Client::ListAllFiles(const std::string& job_id) const {
  return AllPages<v1::File>(
      ForJob<v1::ListFilesRequest>(job_id), [this](const auto& page) { return ListFiles(page); },
      [](auto& response) { return response.mutable_files(); });
}

absl::StatusOr<v1::Job> Client::UpdateJob(const v1::UpdateJobRequest& request) const {
  return JobOf(core_->Call<v1::UpdateJobResponse>(request));
}

absl::StatusOr<v1::Job> Client::Suspend(const std::string& job_id) const {
  return JobOf(core_->Call<v1::SuspendResponse>(ForJob<v1::SuspendRequest>(job_id)));
}

absl::StatusOr<v1::Job> Client::Resume(const std::string& job_id) const {
  return JobOf(core_->Call<v1::ResumeResponse>(ForJob<v1::ResumeRequest>(job_id)));
}

absl::StatusOr<v1::CancelResponse> Client::Cancel(const std::string& job_id) const {
  return core_->Call<v1::CancelResponse>(ForJob<v1::CancelRequest>(job_id));
}

absl::StatusOr<v1::CompleteResponse> Client::Complete(const std::string& job_id) const {
  return core_->Call<v1::CompleteResponse>(ForJob<v1::CompleteRequest>(job_id));
}

absl::StatusOr<v1::Job> Client::SetCredentials(const v1::SetCredentialsRequest& request) const {
  return JobOf(core_->Call<v1::SetCredentialsResponse>(request));
}

absl::StatusOr<v1::RemoveCredentialsResponse> Client::RemoveCredentials(
    const std::string& job_id, v1::AuthTarget target, v1::AuthScheme scheme) const {
  auto request = ForJob<v1::RemoveCredentialsRequest>(job_id);
  request.set_target(target);
  request.set_scheme(scheme);
  return core_->Call<v1::RemoveCredentialsResponse>(request);
}

absl::StatusOr<v1::Job> Client::SetClientCertificate(
    const v1::SetClientCertificateRequest& request) const {
  return JobOf(core_->Call<v1::SetClientCertificateResponse>(request));
}

absl::StatusOr<v1::RemoveClientCertificateResponse> Client::RemoveClientCertificate(
    const std::string& job_id) const {
  return core_->Call<v1::RemoveClientCertificateResponse>(
      ForJob<v1::RemoveClientCertificateRequest>(job_id));
}

absl::Status Client::SetHelperTokenFlags(const Handle& handle, uint32_t usage_flags) const {
  auto request = WithHandle<v1::SetHelperTokenFlagsRequest>(handle);
  request.set_usage_flags(usage_flags);
  return core_->Call<v1::SetHelperTokenFlagsResponse>(request).status();
}

absl::StatusOr<uint32_t> Client::GetHelperTokenFlags(const Handle& handle) const {
  auto response = core_->Call<v1::GetHelperTokenFlagsResponse>(
      WithHandle<v1::GetHelperTokenFlagsRequest>(handle));
  if (!response.ok()) return response.status();
  return response->usage_flags();
}

absl::StatusOr<std::chrono::system_clock::time_point> Client::SetHelperToken(
    const Handle& handle, const std::string& expected_sid,
    const std::optional<v1::TokenScope>& scope) const {
  if (absl::Status status = CheckLender(caller_sid(), expected_sid); !status.ok()) return status;
  auto request = WithHandle<v1::SetHelperTokenRequest>(handle);
  if (scope) *request.mutable_scope() = *scope;
  auto response = core_->Call<v1::SetHelperTokenResponse>(request);
  if (!response.ok()) return response.status();
  return TimeOf(response->expire_time());
}

absl::StatusOr<std::chrono::system_clock::time_point> Client::DelegateHelperToken(
    const Handle& handle, const std::string& expected_sid, const std::string& credential_cache,
    const std::optional<v1::TokenScope>& scope) const {
  const CallRoute route = core_->CaptureAlone();
  absl::Status status = CheckLender(route.caller->sid, expected_sid);
  if (status.ok()) status = CheckDelegation(route.caller->options.impersonation_level);
  if (!status.ok()) return status;
  auto request = WithHandle<v1::SetHelperTokenRequest>(handle);
  if (scope) *request.mutable_scope() = *scope;
  request.mutable_delegated_credentials()->set_credential_cache(credential_cache);
  auto response = route.Call<v1::SetHelperTokenResponse>(request);
  WipeSecrets(request);
  if (!response.ok()) return response.status();
  return TimeOf(response->expire_time());
}

absl::Status Client::ClearHelperToken(const Handle& handle) const {
  return core_->Call<v1::ClearHelperTokenResponse>(WithHandle<v1::ClearHelperTokenRequest>(handle))
      .status();
}

absl::StatusOr<std::optional<std::string>> Client::GetHelperTokenSid(const Handle& handle) const {
  auto response =
      core_->Call<v1::GetHelperTokenSidResponse>(WithHandle<v1::GetHelperTokenSidRequest>(handle));
  if (!response.ok()) return response.status();
  if (!response->has_sid()) return std::optional<std::string>();
  return std::optional<std::string>(response->sid());
}

absl::StatusOr<v1::LogonResponse> Client::Logon(const v1::LogonRequest& request) const {
  return core_->Call<v1::LogonResponse>(request);
}

absl::Status Client::Logoff(const std::string& session_id) const {
  v1::LogoffRequest request;
  request.set_session_id(session_id);
  return core_->Call<v1::LogoffResponse>(request).status();
}

absl::StatusOr<v1::ListSessionsResponse> Client::ListSessions(
    const v1::ListSessionsRequest& request) const {
  return core_->Call<v1::ListSessionsResponse>(request);
}

absl::StatusOr<std::vector<v1::Session>> Client::ListAllSessions(bool all_users) const {
  v1::ListSessionsRequest request;
  request.set_all_users(all_users);
  return AllPages<v1::Session>(
      std::move(request), [this](const auto& page) { return ListSessions(page); },
      [](auto& response) { return response.mutable_sessions(); });
}

}  // namespace bits
