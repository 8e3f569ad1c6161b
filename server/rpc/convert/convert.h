// Every conversion between the domain and bits.v1, and the parsing of requests.
//
// Enums of bits.v1 that BITS counts from 0 are BITS' value plus one. Parsers refuse what is not
// well formed; whether it is allowed is the domain's business. Thread safety: pure functions.

#ifndef BITSD_SERVER_RPC_CONVERT_CONVERT_H_
#define BITSD_SERVER_RPC_CONVERT_CONVERT_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "bits/v1/error.pb.h"
#include "bits/v1/job.pb.h"
#include "bits/v1/manager.pb.h"
#include "bits/v1/network.pb.h"
#include "bits/v1/token_options.pb.h"
#include "google/protobuf/duration.pb.h"
#include "google/protobuf/timestamp.pb.h"
#include "server/job/service/job_requests.h"
#include "server/job/service/job_view.h"
#include "server/job/service/job_watch.h"
#include "server/job/service/token_options.h"

namespace bitsd::rpc {

namespace v1 = ::bits::v1;

inline constexpr size_t kHandleSize = 32;
inline constexpr int kMaxWatchedJobs = 1000;

// Domain to bits.v1.
v1::JobType ToProto(JobType type);
v1::JobState ToProto(JobState state);
v1::JobPriority ToProto(JobPriority priority);
v1::ErrorContext ToProto(ErrorContext context);
v1::WaitingFor ToProto(WaitingFor waiting_for);
v1::WatchJobsResponse::Kind ToProto(JobWatch::Kind kind);
v1::ProxyUsage ToProto(ProxyUsage usage);
v1::AuthTarget ToProto(AuthTarget target);
v1::AuthScheme ToProto(AuthScheme scheme);
v1::CredentialStorage ToProto(CredentialStorage storage);
/// Clamped to the years 1 to 9999, as Timestamp demands.
google::protobuf::Timestamp ToProto(absl::Time time);
/// Clamped to 10,000 years either way, as Duration demands.
google::protobuf::Duration ToProto(absl::Duration duration);
v1::JobError ToProto(const JobError& error);
v1::Job ToProto(const JobView& job);
v1::File ToProto(const FileView& file);
v1::TokenScope ToProto(const policy::TokenScope& scope);
v1::WatchJobsResponse ToProto(const JobWatch::Event& event);
/// What `job` shows of its network side.
void AddNetwork(const JobView& job, v1::Job* out);

// bits.v1 to domain.

/// Unspecified means download; E_NOTIMPL for a type that does not exist.
absl::StatusOr<JobType> ParseType(v1::JobType type);
/// E_NOTIMPL unless a priority that exists; unspecified is none.
absl::StatusOr<JobPriority> ParsePriority(v1::JobPriority priority);
/// E_INVALIDARG unless valid by the rules of google.protobuf.Duration.
absl::StatusOr<absl::Duration> ParseDuration(const google::protobuf::Duration& duration);
/// E_INVALIDARG unless empty or a UUID; the result is canonical.
absl::StatusOr<std::string> ParseRequestId(std::string_view text);
/// E_INVALIDARG unless 32 bytes.
absl::StatusOr<std::string> ParseHandle(std::string_view bytes);
/// E_NOINTERFACE unless the IID of IBitsTokenOptions, in any case, with or without braces.
absl::Status CheckInterfaceId(std::string_view text);
/// E_INVALIDARG for a malformed scope, or an end that is not after `now`.
absl::StatusOr<Loan> ParseLoan(const v1::SetHelperTokenRequest& request, absl::Time now);
absl::StatusOr<std::optional<Sid>> ParseHelper(const v1::QueryInterfaceRequest& request);
/// Values that bits.v1 does not have stay what they are: policy refuses them.
AuthTarget ParseTarget(v1::AuthTarget target);
AuthScheme ParseScheme(v1::AuthScheme scheme);
JobCredential ParseCredential(const v1::SetCredentialsRequest& request);
/// E_NOTIMPL unless a usage that exists; unspecified is none.
absl::StatusOr<ProxyUpdate> ParseProxy(const v1::ProxySettings& settings);
absl::StatusOr<NewJob> ParseNewJob(const v1::CreateJobRequest& request);
std::vector<NewFile> ParseFiles(const v1::AddFileSetRequest& request);
/// E_INVALIDARG for an empty mask, an unknown path, or a duration that the mask names and that is
/// not set. Fields outside the mask are ignored.
absl::StatusOr<JobUpdate> ParseUpdate(const v1::UpdateJobRequest& request);
absl::StatusOr<WatchFilter> ParseWatch(const v1::WatchJobsRequest& request);

}  // namespace bitsd::rpc

#endif  // BITSD_SERVER_RPC_CONVERT_CONVERT_H_
