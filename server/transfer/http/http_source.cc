#include "server/transfer/http/http_source.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "server/policy/challenge_rules.h"
#include "server/policy/remote_names.h"
#include "server/transfer/common/failures.h"
#include "server/transfer/common/request_audit.h"
#include "server/transfer/http/certificate_files.h"
#include "server/transfer/http/connection_context.h"
#include "server/transfer/http/http_failures.h"

namespace bitsd {
namespace {

/// For the audit log: "server Negotiate, proxy Basic".
std::string DescribeShown(std::optional<AuthScheme> server, std::optional<AuthScheme> proxy) {
  std::string text;
  if (server) absl::StrAppend(&text, "server ", policy::SchemeNames(policy::SchemeBit(*server)));
  if (proxy) {
    absl::StrAppend(&text, text.empty() ? "" : ", ", "proxy ",
                    policy::SchemeNames(policy::SchemeBit(*proxy)));
  }
  return text;
}

}  // namespace

HttpSource::HttpSource(HttpEngine& engine, const TransferContext& context, const DownloadTask& task,
                       std::shared_ptr<ContentSink> sink)
    : engine_(engine),
      context_(context),
      job_(task.job),
      owner_(task.owner),
      list_(task.files),
      network_(task.network),
      loan_(task.loan),
      sink_(std::move(sink)),
      flags_(FlagsOf(network_.http)),
      context_name_(ConnectionContextOf(network_, *context.options)),
      answers_(engine, network_, context.options->network),
      writer_(std::make_shared<ContentWriter>(context.executor, context.chunks,
                                              context.options->max_backlog, sink_)) {}

std::optional<TransferFailure> HttpSource::Prepare(const JobFiles& files) {
  absl::StatusOr<ClientKeyPairPtr> pair = OpenClientCertificate(files, network_.http);
  if (!pair.ok()) {
    TransferFailure failure = LocalFailure(pair.status());
    failure.error.message = "Client certificate: " + failure.error.message;
    return failure;
  }
  if (*pair == nullptr) return std::nullopt;
  engine_.Post([self = shared_from_this(), pair = *std::move(pair)] {
    if (!self->halted_) self->certificate_ = pair;
  });
  return std::nullopt;
}

void HttpSource::Halt() {
  if (std::exchange(halted_, true)) return;
  answers_.Close();
  request_.reset();
  certificate_.reset();
  if (MayShow(network_.http)) engine_.Retire(context_name_);
  ready_.clear();
  writer_->Close();
}

void HttpSource::Fetch(const std::vector<FilePlan>& plans) {
  if (halted_) return;
  ready_.insert(ready_.end(), plans.begin(), plans.end());
  if (!busy_) NextFile();
}

void HttpSource::NextFile() {
  busy_ = !ready_.empty();
  if (!busy_) return;
  plan_ = PlanRequest(ready_.front());
  ready_.pop_front();
  continues_ = false;
  small_parts_ = 0;
  if (request_ != nullptr) request_->BeginChain();
  SendFromTheStart();
}

void HttpSource::SendFromTheStart() {
  url_ = (*list_)[plan_.index].remote_name;
  redirects_ = 0;
  used_before_ = false;
  const absl::Status allowed = policy::CheckRemoteName(url_, context_.options->remote_rules);
  if (!allowed.ok()) return Fail(RemoteRefusal(allowed));
  Send();
}

void HttpSource::SendAgain(RequestPlan plan) {
  plan_ = std::move(plan);
  used_before_ = redirects_ > 0;
  Send();
}

void HttpSource::Send() {
  verdict_.reset();
  discarded_ = 0;
  status_ = 0;
  sent_ = false;
  auto hop = FindHop(url_, (*list_)[plan_.index].remote_name, redirects_ > 0, network_.http, loan_,
                     *context_.options);
  if (!hop.ok()) return Fail(RemoteRefusal(hop.status()));
  hop_ = *std::move(hop);
  answers_.Prepare(hop_, [this](AuthTarget target, absl::StatusOr<ChallengeAnswers::Shown> shown) {
    if (!shown.ok()) return Fail(NoAnswerNow(target, shown.status()));
    SendShowing(*std::move(shown));
  });
}

void HttpSource::SendShowing(ChallengeAnswers::Shown shown) {
  shown_to_server_ = shown.to_server.scheme;
  shown_to_proxy_ = shown.to_proxy.scheme;
  HttpGet get{url_,
              plan_.offset,
              ValidatorOf(plan_),
              "",
              hop_.own_host,
              std::move(shown.to_server),
              std::move(shown.to_proxy)};
  if (hop_.proxy) get.proxy = hop_.proxy->Url();
  Request().Start(get);
}

HttpRequest& HttpSource::Request() {
  if (request_ == nullptr) {
    request_ = std::make_unique<HttpRequest>(
        engine_, *context_.options, owner_, context_name_,
        TlsTrust(context_.options->network, flags_, certificate_), *this);
  }
  return *request_;
}

void HttpSource::SetPhase(bool transferring) {
  if (std::exchange(transferring_, transferring) != transferring) sink_->SetPhase(transferring);
}

void HttpSource::OnConnecting() { SetPhase(false); }

void HttpSource::OnSending(std::string_view address) {
  sent_ = true;
  Audit(address, shown_to_server_);
}

void HttpSource::Audit(std::string_view address, const std::optional<AuthScheme>& shown_to_server) {
  AuditRequest(context_.audit, job_, owner_,
               {url_, address, network_.context, hop_.proxy ? hop_.proxy->Address() : "",
                DescribeShown(shown_to_server, shown_to_proxy_)});
}

}  // namespace bitsd
