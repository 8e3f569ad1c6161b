// The files of a download by HTTP: asks for one after the other and hands on what comes.
//
// Each request goes the way that policy says, through a proxy or not, and shows what policy says to
// who asks. A challenge is answered once for each request and target. A download that may show
// anything has connections of its own, which end with it.
//
// Thread safety: as ContentSource; the executor is the engine. Ownership: as ContentSource.

#ifndef BITSD_SERVER_TRANSFER_HTTP_HTTP_SOURCE_H_
#define BITSD_SERVER_TRANSFER_HTTP_HTTP_SOURCE_H_

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/model/transfer_service.h"
#include "server/transfer/common/content_sink.h"
#include "server/transfer/common/content_source.h"
#include "server/transfer/common/content_writer.h"
#include "server/transfer/common/transfer_context.h"
#include "server/transfer/http/challenge_answers.h"
#include "server/transfer/http/http_engine.h"
#include "server/transfer/http/http_hop.h"
#include "server/transfer/http/http_request.h"
#include "server/transfer/http/response_rules.h"

namespace bitsd {

class HttpSource final : public ContentSource,
                         public HttpListener,
                         public std::enable_shared_from_this<HttpSource> {
 public:
  HttpSource(HttpEngine& engine, const TransferContext& context, const DownloadTask& task,
             std::shared_ptr<ContentSink> sink);

  std::optional<TransferFailure> Prepare(const JobFiles& files) override;
  // The engine's thread, as everything below.
  void Fetch(const std::vector<FilePlan>& plans) override;
  void Continue() override;
  void Halt() override;

 private:
  // HttpListener.
  void OnConnecting() override;
  void OnSending(std::string_view address) override;
  bool OnHead(const HttpResponse& head) override;
  BodyStep OnBody(std::string_view data) override;
  void OnEnd(const HttpEnd& end) override;

  // Files and requests.
  void NextFile();
  void Send();
  void SendAgain(RequestPlan plan);
  void SendFromTheStart();
  void SendShowing(ChallengeAnswers::Shown shown);
  HttpRequest& Request();
  void Audit(std::string_view address, const std::optional<AuthScheme>& shown_to_server);
  void SetPhase(bool transferring);

  // What came.
  void BeginBody(const ResponseBody& body);
  ContentStart StartOf(const ResponseBody& body) const;
  bool EndsHere() const;
  BodyStep Discard(size_t bytes);
  void DropWhatCame();
  void TooLong();

  // How a request ended, and what follows.
  bool IsChallenge() const { return status_ == 401 || status_ == 407; }
  void Answer(AuthTarget target, uint32_t offered, int status);
  void EndWithoutHead(TransferFailure failure);
  void EndOfTunnel(const HttpEnd& end);
  void EndOfBody(const HttpEnd& end);
  void NextPart();
  void FollowRedirect();
  void FinishFile();
  void FailByVerdict();
  void FailRequest(TransferFailure failure);
  bool BroughtNothing() const;
  void Fail(TransferFailure failure);

  HttpEngine& engine_;
  const TransferContext context_;
  const JobId job_;
  const Sid owner_;
  const FileList list_;
  const NetworkTask network_;
  const policy::LoanLimits loan_;
  const std::shared_ptr<ContentSink> sink_;

  const uint32_t flags_;            ///< HTTP security flags.
  const std::string context_name_;  ///< Whose connections are used.

  // The engine's thread only.
  ChallengeAnswers answers_;
  const std::shared_ptr<ContentWriter> writer_;
  ClientKeyPairPtr certificate_;
  std::unique_ptr<HttpRequest> request_;
  std::deque<FilePlan> ready_;
  bool halted_ = false;
  bool transferring_ = false;
  bool busy_ = false;  ///< A file is being received: plan_ and what follows are its.

  RequestPlan plan_;
  std::string url_;
  HttpHop hop_;  ///< The way to url_.
  int redirects_ = 0;
  bool used_before_ = false;  ///< url_ is where redirects led, and was asked before.
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
};

}  // namespace bitsd

#endif  // BITSD_SERVER_TRANSFER_HTTP_HTTP_SOURCE_H_
