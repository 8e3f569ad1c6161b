#include "server/transfer/download.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/policy/challenge_rules.h"
#include "server/policy/http_flags.h"
#include "server/policy/proxy_rules.h"
#include "server/policy/remote_names.h"
#include "server/transfer/failures.h"
#include "server/transfer/http/resolve_url.h"

namespace bitsd {
namespace {

using Kind = ResponseVerdict::Kind;

/// What is read of a body that is not wanted, so that its connection can be used again.
constexpr size_t kMaxDiscarded = size_t{16} << 10;

/// Parts that are smaller than this are small, and a download takes so many of them.
constexpr uint64_t kSmallPart = uint64_t{64} << 10;
constexpr int kMaxSmallParts = 100;

/// A slow server's bytes reach the disk, and the progress shown, at least this often.
constexpr std::chrono::milliseconds kFlushEvery{100};

/// It may come to show something: a login, a certificate, an identity.
bool MayShow(const NetworkTask& task) {
  return task.settings != nullptr &&
         (!task.settings->credentials.empty() || task.settings->client_certificate);
}

/// Connections that may be authenticated are of one download, whose number is never given again;
/// others are shared by what is the same security context in everything, the options that judged
/// whom they lead to included.
std::string ContextOf(const NetworkTask& task, const TransferOptions& options) {
  static std::atomic<uint64_t> downloads{0};
  const uint32_t flags = task.settings != nullptr ? task.settings->security_flags : 0;
  return absl::StrCat(task.context, "?flags=", flags, "&options=", options.generation,
                      MayShow(task) ? absl::StrCat("&download=", ++downloads) : "", "|");
}

uint32_t FlagsOf(const NetworkTask& task) {
  return task.settings != nullptr ? task.settings->security_flags : 0;
}

absl::StatusOr<std::optional<policy::Proxy>> ChooseProxy(const policy::Url& url,
                                                         const NetworkTask& task,
                                                         const policy::NetworkRules& rules) {
  static const NetworkSettings kNone;
  const NetworkSettings& settings = task.settings != nullptr ? *task.settings : kNone;
  return policy::ProxyFor(url, settings.proxy_usage, {settings.proxy_list, settings.proxy_bypass},
                          rules.proxy);
}

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

bool IsShort(const HttpResponse& response) {
  const auto length = ParseFileSize(response.content_length);
  return length && *length <= kMaxDiscarded;
}

}  // namespace

Download::Download(const TransferContext& context, DownloadTask task,
                   std::shared_ptr<DownloadEvents> events)
    : context_(context),
      job_(task.job),
      owner_(task.owner),
      list_(task.files),
      network_(task.network),
      loan_(task.loan),
      files_(std::make_shared<LocalFiles>(context, std::move(task), std::move(events))),
      flags_(FlagsOf(network_)),
      context_name_(ContextOf(network_, context.options)),
      answers_(context.engine, network_, context.options.network) {}

void Download::Start() { files_->Start(weak_from_this()); }

void Download::Stop(std::function<void()> stopped) {
  // At once: a disk that hangs does not hold back what ends on the network.
  context_.engine.Post([self = shared_from_this()] { self->Halt(); });
  files_->Stop([self = shared_from_this(), stopped = std::move(stopped)] { stopped(); });
}

void Download::Halt() {
  if (std::exchange(halted_, true)) return;
  answers_.Close();
  request_.reset();
  certificate_.reset();
  if (MayShow(network_)) context_.engine.Retire(context_name_);
  ready_.clear();
  pending_ = FileWork{};
}

void Download::OnFilesReady(const std::vector<FilePlan>& plans) {
  if (halted_) return;
  ready_.insert(ready_.end(), plans.begin(), plans.end());
  if (!busy_) NextFile();
}

void Download::OnClientCertificate(ClientKeyPairPtr certificate) {
  certificate_ = std::move(certificate);
}

void Download::NextFile() {
  busy_ = !ready_.empty();
  if (!busy_) return;
  plan_ = std::move(ready_.front());
  ready_.pop_front();
  url_ = (*list_)[plan_.index].remote_name;
  redirects_ = 0;
  continues_ = false;
  small_parts_ = 0;
  if (request_ != nullptr) request_->BeginChain();
  const absl::Status allowed = policy::CheckRemoteName(url_, context_.options.remote_rules);
  if (!allowed.ok()) return Fail(RemoteRefusal(allowed));
  Send();
}

absl::Status Download::FindWay() {
  const policy::NetworkRules& rules = context_.options.network;
  const auto url = policy::ParseHop(url_);
  if (!url.ok()) return url.status();
  const auto own = policy::ParseUrl((*list_)[plan_.index].remote_name);
  if (!own.ok()) return own.status();
  auto proxy = ChooseProxy(*url, network_, rules);
  if (!proxy.ok()) return proxy.status();
  hop_ = {*url, *std::move(proxy), redirects_ == 0 || policy::IsOwnHost(*own, *url)};
  if (!hop_.proxy) return absl::OkStatus();
  absl::Status lent = policy::CheckLoanedHost(loan_, hop_.proxy->Url());
  if (!lent.ok()) return lent;
  return policy::CheckBehindProxy(*url, context_.options.remote_rules, rules.behind_proxies);
}

void Download::Send() {
  verdict_.reset();
  discarded_ = 0;
  status_ = 0;
  sent_ = false;
  if (const absl::Status way = FindWay(); !way.ok()) return Fail(RemoteRefusal(way));
  answers_.Prepare(hop_, [this](AuthTarget target, absl::StatusOr<ChallengeAnswers::Shown> shown) {
    if (!shown.ok()) return Fail(NoAnswerNow(target, shown.status()));
    SendShowing(*std::move(shown));
  });
}

void Download::SendShowing(ChallengeAnswers::Shown shown) {
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

HttpRequest& Download::Request() {
  if (request_ == nullptr) {
    request_ = std::make_unique<HttpRequest>(
        context_.engine, context_.options, owner_, context_name_,
        TlsTrust(context_.options.network, flags_, certificate_), *this);
  }
  return *request_;
}

void Download::OnConnecting() { SetPhase(false); }

void Download::SetPhase(bool transferring) {
  if (std::exchange(transferring_, transferring) != transferring) files_->SetPhase(transferring);
}

void Download::OnSending(std::string_view address) {
  sent_ = true;
  AuditRequest(context_.audit, job_, owner_,
               {url_, address, network_.context, hop_.proxy ? hop_.proxy->Address() : "",
                DescribeShown(shown_to_server_, shown_to_proxy_)});
}

bool Download::OnHead(const HttpResponse& head) {
  HttpResponse response = head;
  response.received = absl::Now();
  status_ = response.status;
  verdict_ = JudgeResponse(plan_, response);
  location_ = response.location;
  if (verdict_->kind != Kind::kBody) return IsShort(response);
  SetPhase(true);
  BeginBody(verdict_->body);
  return !EndsHere();
}

void Download::BeginBody(const ResponseBody& body) {
  skip_ = body.skip;
  const bool joins = continues_ && body.offset == received_;
  received_ = body.offset;
  if (joins) return;
  pending_ = FileWork{};
  pending_.index = plan_.index;
  pending_.begin = body;
  if (redirects_ > 0) pending_.final_url = ShownUrl(url_);
  FlushLater();
}

/// The body has its length, and the HTTP library would wait for the end of the connection.
bool Download::EndsHere() const {
  const ResponseBody& body = verdict_->body;
  return body.ends_by_length && skip_ == 0 && received_ == body.end;
}

BodyStep Download::OnBody(std::string_view data) {
  if (!verdict_ || verdict_->kind != Kind::kBody) return Discard(data.size());
  if (MustWait()) return BodyStep::kLater;
  const size_t skipped = static_cast<size_t>(std::min<uint64_t>(skip_, data.size()));
  skip_ -= skipped;
  data.remove_prefix(skipped);
  const uint64_t wanted = verdict_->body.end - received_;
  if (data.size() > wanted) {
    if (!verdict_->body.ends_by_length) {
      TooLong();
      return BodyStep::kStop;
    }
    data = data.substr(0, static_cast<size_t>(wanted));
  }
  Append(data);
  return EndsHere() ? BodyStep::kStop : BodyStep::kTaken;
}

/// What came of a range that is not what it says is cut off again.
void Download::DropWhatCame() {
  pending_ = FileWork{};
  pending_.index = plan_.index;
  pending_.begin = verdict_->body;
  if (redirects_ > 0) pending_.final_url = ShownUrl(url_);
  Flush();
}

void Download::TooLong() {
  if (plan_.offset > 0) {
    DropWhatCame();
    verdict_->again = PlanWithoutRange(plan_, /*trusted=*/false);
    verdict_->kind = Kind::kAgain;
  } else {
    verdict_->failure = InvalidResponse("it is longer than it says");
    verdict_->kind = Kind::kFailure;
  }
}

BodyStep Download::Discard(size_t bytes) {
  discarded_ += bytes;
  return discarded_ <= kMaxDiscarded ? BodyStep::kTaken : BodyStep::kStop;
}

bool Download::MustWait() {
  if (files_->Backlog() < context_.options.max_backlog) return false;
  Flush();
  return files_->AwaitDrain();
}

void Download::Append(std::string_view data) {
  while (!data.empty()) {
    if (pending_.chunk == nullptr) {
      pending_.chunk = context_.chunks->Take();
      pending_.offset = received_;
    }
    Chunk& chunk = *pending_.chunk;
    const size_t count = std::min(data.size(), Chunk::kCapacity - chunk.size);
    std::memcpy(chunk.data.get() + chunk.size, data.data(), count);
    chunk.size += count;
    received_ += count;
    data.remove_prefix(count);
    if (chunk.size == Chunk::kCapacity) Flush();
  }
  FlushLater();
}

void Download::Flush() {
  if (pending_.IsEmpty()) return;
  FileWork work = std::exchange(pending_, FileWork{});
  pending_.index = work.index;
  files_->Write(std::move(work));
}

void Download::FlushLater() {
  if (std::exchange(flush_planned_, true)) return;
  context_.engine.PostAfter(kFlushEvery, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (self == nullptr || self->halted_) return;
    self->flush_planned_ = false;
    self->Flush();
  });
}

void Download::OnDrained() {
  if (request_ != nullptr) request_->Continue();
}

void Download::OnEnd(const HttpEnd& end) {
  if (hop_.proxy && !sent_ && end.connect_status != 0) return EndOfTunnel(end);
  if (!verdict_) return EndWithoutHead(TransportFailure(end));
  if (IsChallenge() && verdict_->kind == Kind::kFailure) {
    const bool server = status_ == 401;
    return Answer(server ? AuthTarget::kServer : AuthTarget::kProxy,
                  server ? end.server_offers : end.proxy_offers, status_);
  }
  switch (verdict_->kind) {
    case Kind::kBody: return EndOfBody(end);
    case Kind::kRedirect: return FollowRedirect();
    case Kind::kAgain: plan_ = verdict_->again; return Send();
    case Kind::kWhole: return FinishFile();
    case Kind::kFailure: return FailByVerdict();
  }
}

// What a request with a range provokes need not be true of the file.
void Download::EndWithoutHead(TransferFailure failure) {
  const bool answered = failure.error.hresult == Hresult::kInvalidServerResponse;
  if (!answered || plan_.offset == 0) return Fail(std::move(failure));
  plan_ = PlanWithoutRange(plan_, /*trusted=*/true);
  Send();
}

// The proxy made no tunnel, and nothing was sent to the server.
void Download::EndOfTunnel(const HttpEnd& end) {
  AuditRequest(context_.audit, job_, owner_,
               {url_, hop_.proxy->Address(), network_.context, hop_.proxy->Address(),
                DescribeShown(std::nullopt, shown_to_proxy_)});
  if (end.connect_status == 407) return Answer(AuthTarget::kProxy, end.proxy_offers, 407);
  if (end.connect_status / 100 == 2) return Fail(TransportFailure(end));
  Fail(TunnelRefused(end.connect_status));
}

// Once for each request and target: whoever asks again has refused the answer.
void Download::Answer(AuthTarget target, uint32_t offered, int status) {
  const bool server = target == AuthTarget::kServer;
  const auto& shown = server ? shown_to_server_ : shown_to_proxy_;
  if (shown) return Fail(AnswerRefused(status, *shown));
  // What comes through a tunnel comes from the server, which is no proxy.
  const bool nobody = !server && (!hop_.proxy || (hop_.url.https && sent_));
  const absl::Status answered = nobody ? NotAProxy() : answers_.OnChallenge(target, offered, hop_);
  if (!answered.ok()) return Fail(Unanswered(status, offered, answered));
  Send();
}

void Download::EndOfBody(const HttpEnd& end) {
  const bool ended = end.code == CURLE_OK || EndsHere();
  if (!ended || end.head_too_large) return Fail(TransportFailure(end));
  const ResponseBody& body = verdict_->body;
  if (skip_ > 0 || (body.end != kSizeUnknown && received_ != body.end)) {
    return Fail(ClosedEarly("bytes are missing"));
  }
  if (body.source.size != kSizeUnknown && received_ < body.source.size) return NextPart();
  FinishFile();
}

void Download::NextPart() {
  const ResponseBody& body = verdict_->body;
  if (body.end - body.offset < kSmallPart && ++small_parts_ > kMaxSmallParts) {
    return Fail(ClosedEarly("the server gives the file in too many small parts"));
  }
  Flush();
  continues_ = true;
  plan_ = PlanNextPart(plan_.index, body);
  Send();
}

void Download::FollowRedirect() {
  if (!policy::FollowsRedirects(flags_)) return Fail(RedirectRefused(status_));
  const auto target = ResolveUrl(url_, location_);
  if (!target) return Fail(InvalidResponse("it redirects to something that is no URL"));
  const absl::Status allowed =
      policy::CheckRedirect(url_, *target, ++redirects_, context_.options.remote_rules,
                            policy::AllowsHttpsToHttp(flags_));
  if (!allowed.ok()) {
    if (redirects_ <= policy::kMaxRedirects) return Fail(RemoteRefusal(allowed));
    return Fail(TooManyRedirects(allowed, request_ != nullptr && request_->cookies_set()));
  }
  const absl::Status lent = policy::CheckLoanedHost(loan_, *target);
  if (!lent.ok()) return Fail(RemoteRefusal(lent));
  url_ = *target;
  Send();
}

void Download::FinishFile() {
  pending_.index = plan_.index;
  pending_.finish = true;
  Flush();
  NextFile();
}

void Download::FailByVerdict() {
  pending_.index = plan_.index;
  pending_.forget = verdict_->start_over;
  pending_.doubt = verdict_->doubtful;
  Fail(verdict_->failure);
}

void Download::Fail(TransferFailure failure) {
  if (!failure.error.file_index) failure.error.file_index = plan_.index;
  NameFile(failure, (*list_)[plan_.index].remote_name, url_);
  Flush();
  Halt();
  files_->Fail(std::move(failure));
}

}  // namespace bitsd
