#include "bitsd/client/client.h"

#include <utility>

#include "client/channel.h"
#include "client/uuid.h"

namespace bits {
namespace {

using ManagerStub = v1::BackgroundCopyManager::Stub;
using JobStub = v1::BackgroundCopyJob::Stub;
using TokenStub = v1::BitsTokenOptions::Stub;

constexpr char kTokenOptionsInterface[] = "9a2584c3-f7d2-457a-9a5e-22b67bffc7d2";
constexpr uint32_t kPageSize = 1000;

// Sets the id under which the service recognizes a repeat.
template <typename Request>
absl::Status EnsureRequestId(Request& request) {
  if (!request.request_id().empty()) return absl::OkStatus();
  auto id = NewUuid();
  if (!id.ok()) return id.status();
  request.set_request_id(*std::move(id));
  return absl::OkStatus();
}

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

std::chrono::system_clock::time_point TimeOf(const google::protobuf::Timestamp& time) {
  const auto since_epoch =
      std::chrono::seconds(time.seconds()) + std::chrono::nanoseconds(time.nanos());
  return std::chrono::system_clock::time_point(
      std::chrono::duration_cast<std::chrono::system_clock::duration>(since_epoch));
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

Client::Client(std::shared_ptr<Channel> channel) : channel_(std::move(channel)) {}

absl::StatusOr<Client> Client::Connect(ClientOptions options) {
  absl::Status status = options.identity.Check(std::chrono::system_clock::now());
  if (!status.ok()) return status;
  auto sid = options.identity.Sid();
  if (!sid.ok()) return sid.status();
  return Client(std::make_shared<Channel>(std::move(options), *std::move(sid)));
}

const std::string& Client::sid() const { return channel_->sid(); }

absl::StatusOr<v1::Job> Client::CreateJob(v1::CreateJobRequest request) const {
  if (absl::Status status = EnsureRequestId(request); !status.ok()) return status;
  return JobOf(channel_->Call(channel_->manager(), &ManagerStub::CreateJob, request));
}

absl::StatusOr<v1::Job> Client::GetJob(const std::string& job_id) const {
  return JobOf(
      channel_->Call(channel_->manager(), &ManagerStub::GetJob, ForJob<v1::GetJobRequest>(job_id)));
}

absl::StatusOr<v1::ListJobsResponse> Client::ListJobs(const v1::ListJobsRequest& request) const {
  return channel_->Call(channel_->manager(), &ManagerStub::ListJobs, request);
}

absl::StatusOr<std::vector<v1::Job>> Client::ListAllJobs(bool all_users) const {
  v1::ListJobsRequest request;
  request.set_all_users(all_users);
  return AllPages<v1::Job>(
      std::move(request), [this](const auto& page) { return ListJobs(page); },
      [](auto& response) { return response.mutable_jobs(); });
}

JobWatch Client::WatchJobs(const v1::WatchJobsRequest& request) const {
  auto context = std::make_unique<grpc::ClientContext>();
  channel_->Describe(*context);
  return JobWatch(StartWatch(channel_->manager(), std::move(context), request, channel_));
}

absl::StatusOr<std::string> Client::GetErrorDescription(uint32_t hresult) const {
  v1::GetErrorDescriptionRequest request;
  request.set_hresult(hresult);
  auto response = channel_->Call(channel_->manager(), &ManagerStub::GetErrorDescription, request);
  if (!response.ok()) return response.status();
  return response->description();
}

absl::StatusOr<v1::GetServerInfoResponse> Client::GetServerInfo() const {
  return channel_->Call(channel_->manager(), &ManagerStub::GetServerInfo,
                        v1::GetServerInfoRequest());
}

absl::StatusOr<Handle> Client::QueryInterface(const std::string& job_id,
                                              const std::optional<std::string>& helper_sid) const {
  auto request = ForJob<v1::QueryInterfaceRequest>(job_id);
  request.set_interface_id(kTokenOptionsInterface);
  if (helper_sid) request.set_helper_sid(*helper_sid);
  auto response = channel_->Call(channel_->job(), &JobStub::QueryInterface, request);
  if (!response.ok()) return response.status();
  return Handle::FromBytes(std::move(*response->mutable_handle()));
}

absl::Status Client::Release(const Handle& handle) const {
  return channel_->Call(channel_->job(), &JobStub::Release, WithHandle<v1::ReleaseRequest>(handle))
      .status();
}

absl::StatusOr<v1::Job> Client::AddFileSet(v1::AddFileSetRequest request) const {
  if (absl::Status status = EnsureRequestId(request); !status.ok()) return status;
  return JobOf(channel_->Call(channel_->job(), &JobStub::AddFileSet, request));
}

absl::StatusOr<v1::ListFilesResponse> Client::ListFiles(const v1::ListFilesRequest& request) const {
  return channel_->Call(channel_->job(), &JobStub::ListFiles, request);
}

absl::StatusOr<std::vector<v1::File>> Client::ListAllFiles(const std::string& job_id) const {
  return AllPages<v1::File>(
      ForJob<v1::ListFilesRequest>(job_id), [this](const auto& page) { return ListFiles(page); },
      [](auto& response) { return response.mutable_files(); });
}

absl::StatusOr<v1::Job> Client::UpdateJob(const v1::UpdateJobRequest& request) const {
  return JobOf(channel_->Call(channel_->job(), &JobStub::UpdateJob, request));
}

absl::StatusOr<v1::Job> Client::Suspend(const std::string& job_id) const {
  return JobOf(
      channel_->Call(channel_->job(), &JobStub::Suspend, ForJob<v1::SuspendRequest>(job_id)));
}

absl::StatusOr<v1::Job> Client::Resume(const std::string& job_id) const {
  return JobOf(
      channel_->Call(channel_->job(), &JobStub::Resume, ForJob<v1::ResumeRequest>(job_id)));
}

absl::StatusOr<v1::CancelResponse> Client::Cancel(const std::string& job_id) const {
  return channel_->Call(channel_->job(), &JobStub::Cancel, ForJob<v1::CancelRequest>(job_id));
}

absl::StatusOr<v1::CompleteResponse> Client::Complete(const std::string& job_id) const {
  return channel_->Call(channel_->job(), &JobStub::Complete, ForJob<v1::CompleteRequest>(job_id));
}

absl::Status Client::SetHelperTokenFlags(const Handle& handle, uint32_t usage_flags) const {
  auto request = WithHandle<v1::SetHelperTokenFlagsRequest>(handle);
  request.set_usage_flags(usage_flags);
  return channel_->Call(channel_->token(), &TokenStub::SetHelperTokenFlags, request).status();
}

absl::StatusOr<uint32_t> Client::GetHelperTokenFlags(const Handle& handle) const {
  auto response = channel_->Call(channel_->token(), &TokenStub::GetHelperTokenFlags,
                                 WithHandle<v1::GetHelperTokenFlagsRequest>(handle));
  if (!response.ok()) return response.status();
  return response->usage_flags();
}

absl::StatusOr<std::chrono::system_clock::time_point> Client::SetHelperToken(
    const Handle& handle, const std::string& expected_sid) const {
  if (sid() != expected_sid) {
    return absl::PermissionDeniedError("nothing was sent: the token of " + expected_sid +
                                       " was to be lent, but this certificate is that of " + sid());
  }
  auto response = channel_->Call(channel_->token(), &TokenStub::SetHelperToken,
                                 WithHandle<v1::SetHelperTokenRequest>(handle));
  if (!response.ok()) return response.status();
  return TimeOf(response->expire_time());
}

absl::Status Client::ClearHelperToken(const Handle& handle) const {
  return channel_
      ->Call(channel_->token(), &TokenStub::ClearHelperToken,
             WithHandle<v1::ClearHelperTokenRequest>(handle))
      .status();
}

absl::StatusOr<std::optional<std::string>> Client::GetHelperTokenSid(const Handle& handle) const {
  auto response = channel_->Call(channel_->token(), &TokenStub::GetHelperTokenSid,
                                 WithHandle<v1::GetHelperTokenSidRequest>(handle));
  if (!response.ok()) return response.status();
  if (!response->has_sid()) return std::optional<std::string>();
  return std::optional<std::string>(response->sid());
}

}  // namespace bits
