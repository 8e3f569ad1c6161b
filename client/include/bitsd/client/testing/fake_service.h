// A bitsd that exists in memory only, for unit tests of programs that use a Client.
//
//   const auto service = std::make_shared<bits::FakeService>();
//   const bits::Client client = *bits::Client::Over(service, "S-1-5-21-1-2-3-1001");
//   const std::string id = StartDownload(client);             // the code under test
//   service->Transfer(id);                                    // the test plays the network
//   service->FailNext("Complete", absl::UnavailableError("the disk does not answer"));
//
// What it does: jobs with their states, owners, files and revisions; watches and feeds; handles and
// helper tokens with their flags; logon sessions. It refuses with the service's errors: unknown and
// other people's jobs, finished jobs, empty jobs, stale revisions, dead and bound handles, sessions
// that have ended. A test may script the answer of any method.
//
// What it does not do: it transfers nothing and opens no file, so that a resumed job stays QUEUED
// until the test moves it. It checks no certificate, URL, path or length, and has no limits. It has
// no administrators: `all_users` is refused. Nothing ends by time; a token outlives the session it
// was lent in. A list is one page. It has no answer of its own to SetCredentials,
// RemoveCredentials, SetClientCertificate, RemoveClientCertificate, ListSessions,
// GetErrorDescription and GetServerInfo: they are UNIMPLEMENTED unless the test scripts them.
//
// Thread safety: all methods may be called at once. Ownership: shared by the test and its clients.

#ifndef BITSD_CLIENT_TESTING_FAKE_SERVICE_H_
#define BITSD_CLIENT_TESTING_FAKE_SERVICE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "bits/v1/error.pb.h"
#include "bits/v1/job.pb.h"
#include "bitsd/client/export.h"
#include "bitsd/client/impersonation.h"
#include "bitsd/client/transport.h"

namespace bits {

class BITS_EXPORT FakeService final : public Transport {
 public:
  /// A call that came in.
  struct Received {
    std::string method;  ///< "Resume".
    std::string sid;     ///< Of the caller.
  };

  FakeService();
  ~FakeService() override;

  /// A token for a ScopedImpersonation, without a certificate. INVALID_ARGUMENT: a session_id that
  /// cannot be one.
  static absl::StatusOr<ImpersonationToken> TokenFor(std::string sid,
                                                     ImpersonationOptions options = {});

  // What the network and the service would do. NOT_FOUND: there is no such job.
  /// The transfer succeeds: every file has `file_size` bytes, and the job is TRANSFERRED.
  absl::Status Transfer(const std::string& job_id, uint64_t file_size = 0);
  /// The transfer fails: TRANSIENT_ERROR when `error` is retryable, else ERROR.
  absl::Status Fail(const std::string& job_id, v1::JobError error);
  /// Anything else: the job gets a new revision, and watchers see it. `change` must not use the
  /// fake.
  absl::Status Change(const std::string& job_id, const std::function<void(v1::Job&)>& change);
  /// Every open stream ends with `why`, as when the service restarts.
  void BreakStreams(const absl::Status& why);
  /// The session ends, as by an administrator's Logoff.
  void EndSession(const std::string& session_id);

  // What a test scripts.
  /// The next call of `method` ("Resume") fails. Several of them fail in this order.
  void FailNext(const std::string& method, const absl::Status& why);
  /// From now on `answer` answers the method of Request, in place of the fake.
  template <typename Request, typename Response>
  void Answer(std::function<absl::StatusOr<Response>(const Request&)> answer);

  /// Every call so far, refused ones and streams included.
  std::vector<Received> received() const;

  absl::Status Call(CallContext& context, const Message& request, Message& answer) override;
  std::unique_ptr<Stream> Open(CallContext& context, const Message& request) override;

 private:
  class State;
  class WatchStream;
  class KeepAliveStream;
  using Answerer = std::function<absl::Status(const Message& request, Message& answer)>;

  void AnswerWith(const google::protobuf::Descriptor* request, Answerer answerer);

  const std::shared_ptr<State> state_;
};

template <typename Request, typename Response>
void FakeService::Answer(std::function<absl::StatusOr<Response>(const Request&)> answer) {
  AnswerWith(Request::descriptor(),
             [answer = std::move(answer)](const Message& request, Message& out) -> absl::Status {
               auto* const response = dynamic_cast<Response*>(&out);
               if (response == nullptr) {
                 return absl::InvalidArgumentError("scripted with another method's response");
               }
               auto scripted = answer(static_cast<const Request&>(request));
               if (scripted.ok()) *response = *std::move(scripted);
               return scripted.status();
             });
}

}  // namespace bits

#endif  // BITSD_CLIENT_TESTING_FAKE_SERVICE_H_
