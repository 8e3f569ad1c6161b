// How a request ended, and what follows: the next part, another place, another try, or the end.

#include <utility>

#include "server/policy/http_flags.h"
#include "server/policy/remote_names.h"
#include "server/transfer/common/failures.h"
#include "server/transfer/http/http_failures.h"
#include "server/transfer/http/http_source.h"
#include "server/transfer/http/resolve_url.h"

namespace bitsd {
namespace {

using Kind = ResponseVerdict::Kind;

/// Parts that are smaller than this are small, and a download takes so many of them.
constexpr uint64_t kSmallPart = uint64_t{64} << 10;
constexpr int kMaxSmallParts = 100;

}  // namespace

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
