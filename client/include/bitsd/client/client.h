// A client of bitsd: one method per call of the service, over mutual TLS.
//
// Every call has a deadline. A call is repeated, on UNAVAILABLE only, where a repeat cannot do
// something twice: see client/method_table.h. A failed status is read with error.h; what each call
// can answer is in proto/bits/v1. Thread safety: all methods may be called at once. Ownership:
// copies share one connection, which ends with the last of them.

#ifndef BITSD_CLIENT_CLIENT_H_
#define BITSD_CLIENT_CLIENT_H_

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "bits/v1/job.pb.h"
#include "bits/v1/manager.pb.h"
#include "bitsd/client/handle.h"
#include "bitsd/client/identity.h"
#include "bitsd/client/watch.h"

namespace bits {

/// What the service may do with the caller's identity, as COM's proxy blanket.
enum class ImpersonationLevel { kAnonymous, kIdentify, kImpersonate, kDelegate };

struct ClientOptions {
  std::string endpoint = "127.0.0.1:7443";
  Identity identity;
  /// For each call, its repeats included; WatchJobs has none.
  std::chrono::milliseconds deadline{30'000};
  ImpersonationLevel impersonation_level = ImpersonationLevel::kImpersonate;
  /// Present the administrators' group as deny-only, and the account's filtered identity.
  bool filter_admin = false;
  /// For tests: the name expected in the server's certificate instead of the endpoint's.
  std::string ssl_target_name_override;
};

class Client {
 public:
  /// Checks the identity (identity.h) and prepares a connection, which the first call makes.
  static absl::StatusOr<Client> Connect(ClientOptions options);

  /// The SID of the certificate this client shows.
  const std::string& sid() const;

  // BackgroundCopyManager. CreateJob gets a request_id when it has none.
  absl::StatusOr<v1::Job> CreateJob(v1::CreateJobRequest request) const;
  absl::StatusOr<v1::Job> GetJob(const std::string& job_id) const;
  absl::StatusOr<v1::ListJobsResponse> ListJobs(const v1::ListJobsRequest& request) const;
  absl::StatusOr<std::vector<v1::Job>> ListAllJobs(bool all_users) const;
  JobWatch WatchJobs(const v1::WatchJobsRequest& request) const;
  absl::StatusOr<std::string> GetErrorDescription(uint32_t hresult) const;
  absl::StatusOr<v1::GetServerInfoResponse> GetServerInfo() const;

  // BackgroundCopyJob. AddFileSet gets a request_id when it has none.
  /// A handle for the job's IBitsTokenOptions. `helper_sid` binds it; without one, any identity
  /// that has the bytes may present it.
  absl::StatusOr<Handle> QueryInterface(const std::string& job_id,
                                        const std::optional<std::string>& helper_sid) const;
  absl::Status Release(const Handle& handle) const;
  absl::StatusOr<v1::Job> AddFileSet(v1::AddFileSetRequest request) const;
  absl::StatusOr<v1::ListFilesResponse> ListFiles(const v1::ListFilesRequest& request) const;
  absl::StatusOr<std::vector<v1::File>> ListAllFiles(const std::string& job_id) const;
  absl::StatusOr<v1::Job> UpdateJob(const v1::UpdateJobRequest& request) const;
  absl::StatusOr<v1::Job> Suspend(const std::string& job_id) const;
  absl::StatusOr<v1::Job> Resume(const std::string& job_id) const;
  absl::StatusOr<v1::CancelResponse> Cancel(const std::string& job_id) const;
  absl::StatusOr<v1::CompleteResponse> Complete(const std::string& job_id) const;

  // BitsTokenOptions.
  absl::Status SetHelperTokenFlags(const Handle& handle, uint32_t usage_flags) const;
  absl::StatusOr<uint32_t> GetHelperTokenFlags(const Handle& handle) const;
  /// Lends this client's identity and returns when the loan ends. PERMISSION_DENIED, and nothing is
  /// sent, when the certificate's SID is not `expected_sid`: nobody lends an identity by mistake.
  absl::StatusOr<std::chrono::system_clock::time_point> SetHelperToken(
      const Handle& handle, const std::string& expected_sid) const;
  absl::Status ClearHelperToken(const Handle& handle) const;
  absl::StatusOr<std::optional<std::string>> GetHelperTokenSid(const Handle& handle) const;

 private:
  class Channel;

  explicit Client(std::shared_ptr<Channel> channel);

  std::shared_ptr<Channel> channel_;
};

}  // namespace bits

#endif  // BITSD_CLIENT_CLIENT_H_
