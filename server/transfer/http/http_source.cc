#include "server/transfer/http/http_source.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "server/policy/challenge_rules.h"
#include "server/policy/http_flags.h"
#include "server/policy/remote_names.h"
#include "server/transfer/common/failures.h"
#include "server/transfer/common/request_audit.h"
#include "server/transfer/http/certificate_files.h"
#include "server/transfer/http/connection_context.h"
#include "server/transfer/http/http_failures.h"
#include "server/transfer/http/resolve_url.h"

namespace bitsd {
namespace {

using Kind = ResponseVerdict::Kind;

/// Parts that are smaller than this are small, and a download takes so many of them.
constexpr uint64_t kSmallPart = uint64_t{64} << 10;
constexpr int kMaxSmallParts = 100;

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

void HttpSource::OnEnd(const HttpEnd& end) {
  if (hop_.proxy && !sent_ && end.connect_status != 0) return EndOfTunnel(end);
  if (!verdict_) return EndWithoutHead(TransportFailure(end));
  // Where a redirect leads may be good for one request, as signed URLs are.
  if (used_before_ && status_ >= 400) return SendFromTheStart();
  if (IsChallenge() && verdict_->kind == Kind::kFailure) {
    const bool server = status_ == 401;
    return Answer(server ? AuthTarget::kServer : AuthTarget::kProxy,
                  server ? end.server_offers : end.proxy_offers, status_);
  }
  switch (verdict_->kind) {
    case Kind::kBody: return EndOfBody(end);
    case Kind::kRedirect: return FollowRedirect();
    case Kind::kAgain: return SendAgain(verdict_->again);
    case Kind::kWhole: return FinishFile();
    case Kind::kFailure: return FailByVerdict();
  }
}

// What a request with a range provokes need not be true of the file.
void HttpSource::EndWithoutHead(TransferFailure failure) {
  const bool answered = failure.error.hresult == Hresult::kInvalidServerResponse;
  if (!answered || plan_.offset == 0) return FailRequest(std::move(failure));
  SendAgain(PlanWithoutRange(plan_, /*trusted=*/true));
}

// The proxy made no tunnel, and nothing was sent to the server.
void HttpSource::EndOfTunnel(const HttpEnd& end) {
  Audit(hop_.proxy->Address(), std::nullopt);
  if (end.connect_status == 407) return Answer(AuthTarget::kProxy, end.proxy_offers, 407);
  if (end.connect_status / 100 == 2) return Fail(TransportFailure(end));
  Fail(TunnelRefused(end.connect_status));
}

// Once for each request and target: whoever asks again has refused the answer.
void HttpSource::Answer(AuthTarget target, uint32_t offered, int status) {
  const bool server = target == AuthTarget::kServer;
  const auto& shown = server ? shown_to_server_ : shown_to_proxy_;
  if (shown) return Fail(AnswerRefused(status, *shown));
  // What comes through a tunnel comes from the server, which is no proxy.
  const bool nobody =
      !server && (!hop_.proxy || (hop_.url.scheme == policy::Scheme::kHttps && sent_));
  const absl::Status answered = nobody ? NotAProxy() : answers_.OnChallenge(target, offered, hop_);
  if (answered.ok()) return Send();
  if (plan_.offset > 0) return SendAgain(PlanWithoutRange(plan_, /*trusted=*/true));
  Fail(Unanswered(status, offered, answered));
}

void HttpSource::EndOfBody(const HttpEnd& end) {
  const bool ended = end.code == CURLE_OK || EndsHere();
  if (!ended || end.head_too_large) return FailRequest(TransportFailure(end));
  const ResponseBody& body = verdict_->body;
  if (skip_ > 0 || (body.end != kSizeUnknown && writer_->offset() != body.end)) {
    return FailRequest(ClosedEarly("bytes are missing"));
  }
  if (body.source.size != kSizeUnknown && writer_->offset() < body.source.size) return NextPart();
  FinishFile();
}

void HttpSource::NextPart() {
  const ResponseBody& body = verdict_->body;
  if (body.end - body.offset < kSmallPart && ++small_parts_ > kMaxSmallParts) {
    return Fail(ClosedEarly("the server gives the file in too many small parts"));
  }
  writer_->Flush();
  continues_ = true;
  SendAgain(PlanNextPart(plan_.index, body));
}

void HttpSource::FollowRedirect() {
  if (!policy::FollowsRedirects(flags_)) return Fail(RedirectRefused(status_));
  const auto target = ResolveUrl(url_, location_);
  if (!target) return Fail(InvalidResponse("it redirects to something that is no URL"));
  const absl::Status allowed =
      policy::CheckRedirect(url_, *target, ++redirects_, context_.options->remote_rules,
                            policy::AllowsHttpsToHttp(flags_));
  if (!allowed.ok()) {
    if (redirects_ <= policy::kMaxRedirects) return Fail(RemoteRefusal(allowed));
    return Fail(TooManyRedirects(allowed, request_ != nullptr && request_->cookies_set()));
  }
  const absl::Status lent = policy::CheckLoanedHost(loan_, *target);
  if (!lent.ok()) return Fail(RemoteRefusal(lent));
  url_ = *target;
  used_before_ = false;
  Send();
}

void HttpSource::FinishFile() {
  writer_->Finish(plan_.index);
  NextFile();
}

void HttpSource::FailByVerdict() {
  writer_->GiveUp(plan_.index, verdict_->start_over, verdict_->doubtful);
  FailRequest(verdict_->failure);
}

bool HttpSource::BroughtNothing() const {
  return !verdict_ || verdict_->kind != Kind::kBody || writer_->offset() == verdict_->body.offset;
}

// A range that brings nothing again and again may be what the server cannot do.
void HttpSource::FailRequest(TransferFailure failure) {
  const bool fruitless = failure.transient && sent_ && plan_.offset > 0 && BroughtNothing();
  if (!fruitless) return Fail(std::move(failure));
  const uint8_t count = (plan_.history.fruitless + 1) % kMaxFruitless;
  writer_->CountFruitless(plan_.index, count);
  if (count > 0) return Fail(std::move(failure));
  SendAgain(PlanWithoutRange(plan_, /*trusted=*/true));
}

void HttpSource::Fail(TransferFailure failure) {
  if (!failure.error.file_index) failure.error.file_index = plan_.index;
  NameFile(failure, (*list_)[plan_.index].remote_name, url_);
  writer_->Flush();
  Halt();
  sink_->Fail(std::move(failure));
}

}  // namespace bitsd
