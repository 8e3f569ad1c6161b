// The calls of a Client that do not wait: request in, callback out.
//
//   bits::AsyncClient async(client);
//   v1::GetJobRequest request;
//   request.set_job_id(id);
//   async.GetJob(request, [](absl::StatusOr<bits::v1::GetJobResponse> answer) { ... });
//
// The same calls as Client's with the messages of proto/bits/v1, the same deadlines, repeats and
// errors, and the same rule for who a call goes out as: captured when it is started. A call that
// was impersonated has its identity in force again while its callback runs, so that calls started
// there go out as the same one.
//
// A callback runs once, on a thread of gRPC's or before the starting method returns. It must not
// block (no calls of Client, no Next) and not throw. Thread safety: all methods may be called at
// once. Ownership: a call keeps what it needs and does not need the AsyncClient any more; calls
// that are open when the process ends are lost.

#ifndef BITSD_CLIENT_ASYNC_CLIENT_H_
#define BITSD_CLIENT_ASYNC_CLIENT_H_

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "bits/v1/job.pb.h"
#include "bits/v1/manager.pb.h"
#include "bits/v1/session.pb.h"
#include "bits/v1/token_options.pb.h"
#include "bitsd/client/client.h"
#include "bitsd/client/export.h"

namespace bits {

class BITS_EXPORT AsyncClient {
 public:
  template <typename Response>
  using Done = std::function<void(absl::StatusOr<Response>)>;

  /// Shares `client`'s connections.
  explicit AsyncClient(const Client& client);

  // BackgroundCopyManager. CreateJob gets a request_id when it has none.
  void CreateJob(v1::CreateJobRequest request, Done<v1::CreateJobResponse> done) const {
    Start(std::move(request), std::move(done));
  }
  void GetJob(v1::GetJobRequest request, Done<v1::GetJobResponse> done) const {
    Start(std::move(request), std::move(done));
  }
  void ListJobs(v1::ListJobsRequest request, Done<v1::ListJobsResponse> done) const {
    Start(std::move(request), std::move(done));
  }
  void GetErrorDescription(v1::GetErrorDescriptionRequest request,
                           Done<v1::GetErrorDescriptionResponse> done) const {
    Start(std::move(request), std::move(done));
  }
  void GetServerInfo(v1::GetServerInfoRequest request, Done<v1::GetServerInfoResponse> done) const {
    Start(std::move(request), std::move(done));
  }

  // BackgroundCopyJob. AddFileSet gets a request_id when it has none.
  void QueryInterface(v1::QueryInterfaceRequest request,
                      Done<v1::QueryInterfaceResponse> done) const {
    Start(std::move(request), std::move(done));
  }
  void Release(v1::ReleaseRequest request, Done<v1::ReleaseResponse> done) const {
    Start(std::move(request), std::move(done));
  }
  void AddFileSet(v1::AddFileSetRequest request, Done<v1::AddFileSetResponse> done) const {
    Start(std::move(request), std::move(done));
  }
  void ListFiles(v1::ListFilesRequest request, Done<v1::ListFilesResponse> done) const {
    Start(std::move(request), std::move(done));
  }
  void UpdateJob(v1::UpdateJobRequest request, Done<v1::UpdateJobResponse> done) const {
    Start(std::move(request), std::move(done));
  }
  void Suspend(v1::SuspendRequest request, Done<v1::SuspendResponse> done) const {
    Start(std::move(request), std::move(done));
  }
  void Resume(v1::ResumeRequest request, Done<v1::ResumeResponse> done) const {
    Start(std::move(request), std::move(done));
  }
  void Cancel(v1::CancelRequest request, Done<v1::CancelResponse> done) const {
    Start(std::move(request), std::move(done));
  }
  void Complete(v1::CompleteRequest request, Done<v1::CompleteResponse> done) const {
    Start(std::move(request), std::move(done));
  }

  void SetCredentials(v1::SetCredentialsRequest request,
                      Done<v1::SetCredentialsResponse> done) const {
    Start(std::move(request), std::move(done));
  }
  void RemoveCredentials(v1::RemoveCredentialsRequest request,
                         Done<v1::RemoveCredentialsResponse> done) const {
    Start(std::move(request), std::move(done));
  }
  void SetClientCertificate(v1::SetClientCertificateRequest request,
                            Done<v1::SetClientCertificateResponse> done) const {
    Start(std::move(request), std::move(done));
  }
  void RemoveClientCertificate(v1::RemoveClientCertificateRequest request,
                               Done<v1::RemoveClientCertificateResponse> done) const {
    Start(std::move(request), std::move(done));
  }

  // BitsTokenOptions.
  void SetHelperTokenFlags(v1::SetHelperTokenFlagsRequest request,
                           Done<v1::SetHelperTokenFlagsResponse> done) const {
    Start(std::move(request), std::move(done));
  }
  void GetHelperTokenFlags(v1::GetHelperTokenFlagsRequest request,
                           Done<v1::GetHelperTokenFlagsResponse> done) const {
    Start(std::move(request), std::move(done));
  }
  /// PERMISSION_DENIED, and nothing is sent, when the call would not go out as `expected_sid`; with
  /// delegated_credentials as Client::DelegateHelperToken.
  void SetHelperToken(v1::SetHelperTokenRequest request, const std::string& expected_sid,
                      Done<v1::SetHelperTokenResponse> done) const;
  void ClearHelperToken(v1::ClearHelperTokenRequest request,
                        Done<v1::ClearHelperTokenResponse> done) const {
    Start(std::move(request), std::move(done));
  }
  void GetHelperTokenSid(v1::GetHelperTokenSidRequest request,
                         Done<v1::GetHelperTokenSidResponse> done) const {
    Start(std::move(request), std::move(done));
  }

  // Sessions.
  void Logon(v1::LogonRequest request, Done<v1::LogonResponse> done) const {
    Start(std::move(request), std::move(done));
  }
  void Logoff(v1::LogoffRequest request, Done<v1::LogoffResponse> done) const {
    Start(std::move(request), std::move(done));
  }
  void ListSessions(v1::ListSessionsRequest request, Done<v1::ListSessionsResponse> done) const {
    Start(std::move(request), std::move(done));
  }

 private:
  /// A request and the place for its answer.
  struct Messages {
    virtual ~Messages() = default;
    virtual google::protobuf::Message& request() = 0;
    virtual google::protobuf::Message& answer() = 0;
    /// Calls back, once.
    virtual void Finish(const absl::Status& status) = 0;
  };
  template <typename Request, typename Response>
  struct MessagesOf;
  struct Pending;

  template <typename Request, typename Response>
  void Start(Request request, Done<Response> done) const {
    StartCall(std::make_unique<MessagesOf<Request, Response>>(std::move(request), std::move(done)));
  }
  void StartCall(std::unique_ptr<Messages> messages) const;

  std::shared_ptr<const Client::Core> core_;
};

template <typename Request, typename Response>
struct AsyncClient::MessagesOf final : Messages {
  MessagesOf(Request sent, Done<Response> callback)
      : sent(std::move(sent)), callback(std::move(callback)) {}
  google::protobuf::Message& request() override { return sent; }
  google::protobuf::Message& answer() override { return received; }
  void Finish(const absl::Status& status) override {
    if (status.ok()) {
      callback(std::move(received));
    } else {
      callback(status);
    }
  }

  Request sent;
  Response received;
  Done<Response> callback;
};

}  // namespace bits

#endif  // BITSD_CLIENT_ASYNC_CLIENT_H_
