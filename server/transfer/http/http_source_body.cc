// What comes of a response: its head is judged, and its body handed on.

#include <algorithm>
#include <utility>

#include "server/transfer/common/request_audit.h"
#include "server/transfer/http/http_failures.h"
#include "server/transfer/http/http_source.h"

namespace bitsd {
namespace {

using Kind = ResponseVerdict::Kind;

/// What is read of a body that is not wanted, so that its connection can be used again.
constexpr size_t kMaxDiscarded = size_t{16} << 10;

bool IsShort(const HttpResponse& response) {
  const auto length = ParseFileSize(response.content_length);
  return length && *length <= kMaxDiscarded;
}

}  // namespace

bool HttpSource::OnHead(const HttpResponse& head) {
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

void HttpSource::BeginBody(const ResponseBody& body) {
  skip_ = body.skip;
  const bool joins = continues_ && body.offset == writer_->offset();
  if (!joins) writer_->Start(plan_.index, StartOf(body));
}

ContentStart HttpSource::StartOf(const ResponseBody& body) const {
  return {body.offset,  body.source.size,   VersionOf(body.source),
          body.history, body.not_resumable, redirects_ > 0 ? ShownUrl(url_) : ""};
}

/// The body has its length, and the HTTP library would wait for the end of the connection.
bool HttpSource::EndsHere() const {
  const ResponseBody& body = verdict_->body;
  return body.ends_by_length && skip_ == 0 && writer_->offset() == body.end;
}

BodyStep HttpSource::OnBody(std::string_view data) {
  if (!verdict_ || verdict_->kind != Kind::kBody) return Discard(data.size());
  if (writer_->MustWait()) return BodyStep::kLater;
  const size_t skipped = static_cast<size_t>(std::min<uint64_t>(skip_, data.size()));
  skip_ -= skipped;
  data.remove_prefix(skipped);
  const uint64_t wanted = verdict_->body.end - writer_->offset();
  if (data.size() > wanted) {
    if (!verdict_->body.ends_by_length) {
      TooLong();
      return BodyStep::kStop;
    }
    data = data.substr(0, static_cast<size_t>(wanted));
  }
  writer_->Append(data);
  return EndsHere() ? BodyStep::kStop : BodyStep::kTaken;
}

/// What came of a range that is not what it says is cut off again.
void HttpSource::DropWhatCame() {
  writer_->Start(plan_.index, StartOf(verdict_->body));
  writer_->Flush();
}

void HttpSource::TooLong() {
  if (plan_.offset > 0) {
    DropWhatCame();
    verdict_->again = PlanWithoutRange(plan_, /*trusted=*/false);
    verdict_->kind = Kind::kAgain;
  } else {
    verdict_->failure = InvalidResponse("it is longer than it says");
    verdict_->kind = Kind::kFailure;
  }
}

BodyStep HttpSource::Discard(size_t bytes) {
  discarded_ += bytes;
  return discarded_ <= kMaxDiscarded ? BodyStep::kTaken : BodyStep::kStop;
}

void HttpSource::Continue() {
  if (request_ != nullptr) request_->Continue();
}

}  // namespace bitsd
