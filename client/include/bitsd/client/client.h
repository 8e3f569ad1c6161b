// A client of bitsd: one method per call of the service, over mutual TLS.
//
//   auto identity = bits::LoadIdentity("fetcher.crt", "fetcher.key", "ca.crt");
//   bits::ClientOptions options;
//   options.endpoint = "127.0.0.1:7443";
//   options.identity = *std::move(identity);
//   auto client = bits::Client::Connect(std::move(options));
//   auto job = client->GetJob("6b1f0c9e-...");              // absl::StatusOr<bits::v1::Job>
//
// Shapes and units are those of proto/bits/v1, whose comments are the contract: what each call
// needs, answers and can fail with. Job ids are UUIDs (upper case and braces are tolerated), SIDs
// are text such as S-1-5-21-1-2-3-1001, sizes are bytes with 2^64-1 for "not known yet", HRESULTs
// are uint32_t. Every failed status carries the service's HRESULT, its symbolic name and the rule
// that refused: read them with error.h.
//
// Errors that every call can give besides its own: UNAVAILABLE (no connection; a handshake that was
// refused looks the same, and the service's audit log names the reason), DEADLINE_EXCEEDED,
// UNAUTHENTICATED (the certificate is good and the identity in it is not accepted),
// INVALID_ARGUMENT.
//
// Every call has a deadline. A call is repeated, on UNAVAILABLE only and at most three times, where
// a repeat cannot do something twice: reads, and what carries a request_id, which the client makes.
// Whom a call goes out as: impersonation.h; in which logon session: logon_session.h. Calls that do
// not wait: async_client.h. Following jobs: job_feed.h. Tests without a service:
// testing/fake_service.h.
//
// Thread safety: all methods may be called at once. Ownership: copies share their connections,
// which end with the last of them.

#ifndef BITSD_CLIENT_CLIENT_H_
#define BITSD_CLIENT_CLIENT_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "bits/v1/job.pb.h"
#include "bits/v1/manager.pb.h"
#include "bits/v1/session.pb.h"
#include "bits/v1/token_options.pb.h"
#include "bitsd/client/export.h"
#include "bitsd/client/handle.h"
#include "bitsd/client/identity.h"
#include "bitsd/client/impersonation.h"
#include "bitsd/client/job_feed.h"
#include "bitsd/client/transport.h"
#include "bitsd/client/watch.h"

namespace bits {

class LogonSession;

/// Whether a ScopedImpersonation decides whom a client's calls go out as.
enum class Cloaking {
  kDynamic,  ///< The innermost ScopedImpersonation of the calling thread; else the client's
             ///< identity.
  kStatic,   ///< Always the identity the client was made with.
};

struct ClientOptions {
  /// HOST:PORT, as gRPC understands it.
  std::string endpoint = "127.0.0.1:7443";
  Identity identity;
  /// For each call, its repeats included; watches and feeds have none.
  std::chrono::milliseconds deadline{30'000};
  ImpersonationLevel impersonation_level = ImpersonationLevel::kImpersonate;
  /// Present the administrators' group as deny-only, and the account's filtered identity.
  bool filter_admin = false;
  /// For tests: the name expected in the server's certificate instead of the endpoint's.
  std::string ssl_target_name_override;
  /// A logon session of the identity; empty: its default one.
  std::string session_id;
  Cloaking cloaking = Cloaking::kDynamic;
  /// Connections of impersonated identities that are kept; beyond it the least recently used one is
  /// closed once its calls have ended. At least 1.
  size_t max_impersonated_connections = 32;
  /// A connection without calls is closed after so long; the next call opens it again. At least 1
  /// s.
  std::chrono::milliseconds idle_timeout{300'000};
  /// While a call is open, how often the other side is asked whether it is still there: at least
  /// 10 s, or bitsd ends the connection. A dead one is noticed at most 10 s later.
  std::chrono::milliseconds keepalive{30'000};
};

class BITS_EXPORT Client {
 public:
  /// Checks the identity (FAILED_PRECONDITION names what is wrong: identity.h) and prepares a
  /// connection, which the first call makes. INVALID_ARGUMENT: a session_id that cannot be one.
  static absl::StatusOr<Client> Connect(ClientOptions options);

  /// A client whose calls go over `transport`, whoever they go out as: for tests. Its own identity
  /// is `sid`, without a certificate. INVALID_ARGUMENT: a session_id that cannot be one.
  static absl::StatusOr<Client> Over(std::shared_ptr<Transport> transport, std::string sid,
                                     ImpersonationOptions options = {});

  /// The same client, on the same connections, whose own calls go out in `session`: those that no
  /// ScopedImpersonation decides (its token has a session of its own). INVALID_ARGUMENT when the
  /// session is another identity's.
  absl::StatusOr<Client> InSession(const LogonSession& session) const;

  /// The SID of the identity this client was made with.
  const std::string& sid() const;
  /// The SID of the identity that a call of this thread would go out as now.
  std::string caller_sid() const;

  // BackgroundCopyManager (proto/bits/v1/manager.proto). CreateJob gets a request_id when it has
  // none.
  absl::StatusOr<v1::Job> CreateJob(v1::CreateJobRequest request) const;
  absl::StatusOr<v1::Job> GetJob(const std::string& job_id) const;
  absl::StatusOr<v1::ListJobsResponse> ListJobs(const v1::ListJobsRequest& request) const;
  /// Every page of ListJobs, in the order of creation.
  absl::StatusOr<std::vector<v1::Job>> ListAllJobs(bool all_users) const;
  /// One stream, to its end: watch.h.
  JobWatch WatchJobs(const v1::WatchJobsRequest& request) const;
  /// The same across restarts and dropped connections: job_feed.h.
  JobFeed FollowJobs(v1::WatchJobsRequest request, FeedOptions options = {}) const;
  absl::StatusOr<std::string> GetErrorDescription(uint32_t hresult) const;
  absl::StatusOr<v1::GetServerInfoResponse> GetServerInfo() const;

  // BackgroundCopyJob (proto/bits/v1/job.proto). AddFileSet gets a request_id when it has none.
  /// A handle for the job's IBitsTokenOptions. `helper_sid` binds it; without one, any identity
  /// that has the bytes may present it. RESOURCE_EXHAUSTED: 16 handles are out; Release one.
  absl::StatusOr<Handle> QueryInterface(const std::string& job_id,
                                        const std::optional<std::string>& helper_sid) const;
  absl::Status Release(const Handle& handle) const;
  absl::StatusOr<v1::Job> AddFileSet(v1::AddFileSetRequest request) const;
  absl::StatusOr<v1::ListFilesResponse> ListFiles(const v1::ListFilesRequest& request) const;
  /// Every page of ListFiles, in the order of transfer.
  absl::StatusOr<std::vector<v1::File>> ListAllFiles(const std::string& job_id) const;
  absl::StatusOr<v1::Job> UpdateJob(const v1::UpdateJobRequest& request) const;
  absl::StatusOr<v1::Job> Suspend(const std::string& job_id) const;
  absl::StatusOr<v1::Job> Resume(const std::string& job_id) const;
  absl::StatusOr<v1::CancelResponse> Cancel(const std::string& job_id) const;
  absl::StatusOr<v1::CompleteResponse> Complete(const std::string& job_id) const;

  // What a job shows on the network: for its owner alone.
  /// With neither user name nor password: the acting identity's own credentials.
  absl::StatusOr<v1::Job> SetCredentials(const v1::SetCredentialsRequest& request) const;
  absl::StatusOr<v1::RemoveCredentialsResponse> RemoveCredentials(const std::string& job_id,
                                                                  v1::AuthTarget target,
                                                                  v1::AuthScheme scheme) const;
  absl::StatusOr<v1::Job> SetClientCertificate(
      const v1::SetClientCertificateRequest& request) const;
  absl::StatusOr<v1::RemoveClientCertificateResponse> RemoveClientCertificate(
      const std::string& job_id) const;

  // BitsTokenOptions (proto/bits/v1/token_options.proto). A dead handle is FAILED_PRECONDITION,
  // RPC_E_DISCONNECTED.
  /// `usage_flags`: 1 LOCAL_FILE, 2 NETWORK, both or none.
  absl::Status SetHelperTokenFlags(const Handle& handle, uint32_t usage_flags) const;
  absl::StatusOr<uint32_t> GetHelperTokenFlags(const Handle& handle) const;
  /// Lends the identity that the call goes out as (impersonation.h) and returns when the loan ends.
  /// PERMISSION_DENIED, and nothing is sent, when its SID is not `expected_sid`: nobody lends an
  /// identity by mistake. `scope` says what it is lent for; without one, for everything that the
  /// flags name.
  absl::StatusOr<std::chrono::system_clock::time_point> SetHelperToken(
      const Handle& handle, const std::string& expected_sid,
      const std::optional<v1::TokenScope>& scope = std::nullopt) const;
  /// The same, with credentials of the lender for the network: `credential_cache` is the content of
  /// a Kerberos credential cache file. It goes over a connection of its own, which is closed
  /// afterwards, and the copy that is made of it is overwritten. INVALID_ARGUMENT, and nothing is
  /// sent, below ImpersonationLevel::kDelegate. PERMISSION_DENIED, rule foreign_principal: they are
  /// of somebody whom the account directory does not list for the lender.
  absl::StatusOr<std::chrono::system_clock::time_point> DelegateHelperToken(
      const Handle& handle, const std::string& expected_sid, const std::string& credential_cache,
      const std::optional<v1::TokenScope>& scope = std::nullopt) const;
  absl::Status ClearHelperToken(const Handle& handle) const;
  /// Whose token is set; no value without one.
  absl::StatusOr<std::optional<std::string>> GetHelperTokenSid(const Handle& handle) const;

  // Sessions (proto/bits/v1/session.proto). A session that keeps itself alive: logon_session.h.
  absl::StatusOr<v1::LogonResponse> Logon(const v1::LogonRequest& request) const;
  /// Empty: the default session of whoever calls.
  absl::Status Logoff(const std::string& session_id) const;
  absl::StatusOr<v1::ListSessionsResponse> ListSessions(
      const v1::ListSessionsRequest& request) const;
  /// Every page of ListSessions, in the order of their beginning.
  absl::StatusOr<std::vector<v1::Session>> ListAllSessions(bool all_users) const;

 private:
  friend class AsyncClient;
  friend class LogonSession;
  class Core;

  explicit Client(std::shared_ptr<const Core> core);

  std::shared_ptr<const Core> core_;
};

}  // namespace bits

#endif  // BITSD_CLIENT_CLIENT_H_
