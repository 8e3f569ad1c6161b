// One download: asks for the files of a job one after the other and hands what comes to the disk.
//
// Each request goes the way that policy says, through a proxy or not, and shows what policy says to
// who asks. A challenge is answered once for each request and target. A download that may show
// anything has connections of its own, which end with it.
//
// The network side lives on the engine's thread; the disk side is LocalFiles. A body is never
// waited for by the disk nor the other way round: at most max_backlog bytes lie in between, then
// the connection is paused. Thread safety: Start and Stop from any thread. Ownership: shared by its
// tasks and the Activity that stands for it.

#ifndef BITSD_SERVER_TRANSFER_DOWNLOAD_H_
#define BITSD_SERVER_TRANSFER_DOWNLOAD_H_

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "server/model/transfer_service.h"
#include "server/transfer/files/local_files.h"
#include "server/transfer/http/challenge_answers.h"
#include "server/transfer/http/http_request.h"
#include "server/transfer/http/response_rules.h"
#include "server/transfer/transfer_context.h"

namespace bitsd {

class Download final : public FileFeed,
                       public HttpListener,
                       public std::enable_shared_from_this<Download> {
 public:
  Download(const TransferContext& context, DownloadTask task,
           std::shared_ptr<DownloadEvents> events);

  void Start();
  void Stop(std::function<void()> stopped);

  // FileFeed, on the engine's thread, as everything below.
  void OnFilesReady(const std::vector<FilePlan>& plans) override;
  void OnClientCertificate(ClientKeyPairPtr certificate) override;
  void OnDrained() override;
  void Halt() override;

 private:
  // HttpListener.
  void OnConnecting() override;
  void OnSending(std::string_view address) override;
  bool OnHead(const HttpResponse& head) override;
  BodyStep OnBody(std::string_view data) override;
  void OnEnd(const HttpEnd& end) override;

  void NextFile();
  absl::Status FindWay();
  void Send();
  void SendShowing(ChallengeAnswers::Shown shown);
  HttpRequest& Request();
  bool IsChallenge() const { return status_ == 401 || status_ == 407; }
  void Answer(AuthTarget target, uint32_t offered, int status);
  void EndWithoutHead(TransferFailure failure);
  void EndOfTunnel(const HttpEnd& end);
  void BeginBody(const ResponseBody& body);
  bool EndsHere() const;
  void EndOfBody(const HttpEnd& end);
  void NextPart();
  void FollowRedirect();
  void FinishFile();
  void DropWhatCame();
  void TooLong();
  BodyStep Discard(size_t bytes);
  bool MustWait();
  void Append(std::string_view data);
  void Flush();
  void FlushLater();
  void FailByVerdict();
  void Fail(TransferFailure failure);
  void SetPhase(bool transferring);

  const TransferContext context_;
  const JobId job_;
  const Sid owner_;
  const FileList list_;
  const NetworkTask network_;
  const policy::LoanLimits loan_;
  const std::shared_ptr<LocalFiles> files_;

  const uint32_t flags_;            ///< HTTP security flags.
  const std::string context_name_;  ///< Whose connections are used.

  // The engine's thread only.
  ChallengeAnswers answers_;
  ClientKeyPairPtr certificate_;
  std::unique_ptr<HttpRequest> request_;
  std::deque<FilePlan> ready_;
  bool halted_ = false;
  bool transferring_ = false;
  bool busy_ = false;  ///< A file is being received: plan_ and what follows are its.

  FilePlan plan_;
  std::string url_;
  HttpHop hop_;  ///< The way to url_.
  int redirects_ = 0;
  std::optional<AuthScheme> shown_to_server_;  ///< By the request under way.
  std::optional<AuthScheme> shown_to_proxy_;
  bool sent_ = false;  ///< Past any tunnel.
  int status_ = 0;     ///< Of the response; 0: none yet.
  std::optional<ResponseVerdict> verdict_;
  std::string location_;
  size_t discarded_ = 0;
  uint64_t skip_ = 0;       ///< Bytes of the body that are here already.
  bool continues_ = false;  ///< The file's first part came in this download.
  int small_parts_ = 0;
  uint64_t received_ = 0;  ///< Offset in the file of the next byte.
  FileWork pending_;       ///< Received and not yet handed to the disk.
  bool flush_planned_ = false;
};

}  // namespace bitsd

#endif  // BITSD_SERVER_TRANSFER_DOWNLOAD_H_
