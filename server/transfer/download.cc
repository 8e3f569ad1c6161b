#include "server/transfer/download.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <utility>

#include "server/policy/remote_names.h"
#include "server/transfer/failures.h"
#include "server/transfer/http/resolve_url.h"

namespace bitsd {
namespace {

using Kind = ResponseVerdict::Kind;

/// What is read of a body that is not wanted, so that its connection can be used again.
constexpr size_t kMaxDiscarded = size_t{16} << 10;

/// A slow server's bytes reach the disk, and the progress shown, at least this often.
constexpr std::chrono::milliseconds kFlushEvery{100};

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
      files_(std::make_shared<LocalFiles>(context, std::move(task), std::move(events))) {}

void Download::Start() { files_->Start(weak_from_this()); }

void Download::Stop(std::function<void()> stopped) {
  files_->Stop([self = shared_from_this(), stopped = std::move(stopped)] { stopped(); });
}

void Download::Halt() {
  halted_ = true;
  request_.reset();
  ready_.clear();
  pending_ = FileWork{};
}

void Download::OnFilesReady(const std::vector<FilePlan>& plans) {
  if (halted_) return;
  ready_.insert(ready_.end(), plans.begin(), plans.end());
  if (!busy_) NextFile();
}

void Download::NextFile() {
  busy_ = !ready_.empty();
  if (!busy_) return;
  plan_ = std::move(ready_.front());
  ready_.pop_front();
  url_ = (*list_)[plan_.index].remote_name;
  redirects_ = 0;
  const absl::Status allowed = policy::CheckRemoteName(url_, context_.options.remote_rules);
  if (!allowed.ok()) return Fail(RemoteRefusal(allowed));
  Send();
}

void Download::Send() {
  verdict_.reset();
  discarded_ = 0;
  if (request_ == nullptr) {
    request_ =
        std::make_unique<HttpRequest>(context_.engine, context_.options, network_.context, *this);
  }
  request_->Start({url_, plan_.offset, ValidatorOf(plan_)});
}

void Download::OnConnecting() { SetPhase(false); }

void Download::SetPhase(bool transferring) {
  if (std::exchange(transferring_, transferring) != transferring) files_->SetPhase(transferring);
}

void Download::OnSending(std::string_view address) {
  AuditRequest(context_.audit, job_, owner_, url_, address, network_.context);
}

bool Download::OnHead(const HttpResponse& response) {
  verdict_ = JudgeResponse(plan_, response);
  location_ = response.location;
  if (verdict_->kind != Kind::kBody) return IsShort(response);
  SetPhase(true);
  received_ = verdict_->body.offset;
  pending_ = FileWork{};
  pending_.index = plan_.index;
  pending_.begin = verdict_->body;
  if (redirects_ > 0) pending_.final_url = WithoutQuery(url_);
  FlushLater();
  return true;
}

BodyStep Download::OnBody(std::string_view data) {
  if (!verdict_ || verdict_->kind != Kind::kBody) return Discard(data.size());
  if (MustWait()) return BodyStep::kLater;
  if (data.size() > verdict_->body.size - received_) {
    verdict_->failure = InvalidResponse("it is longer than it says");
    verdict_->kind = Kind::kFailure;
    return BodyStep::kStop;
  }
  Append(data);
  return BodyStep::kTaken;
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
  if (!verdict_) return Fail(TransportFailure(end));
  switch (verdict_->kind) {
    case Kind::kBody: return EndOfBody(end);
    case Kind::kRedirect: return FollowRedirect();
    case Kind::kRestart: plan_ = verdict_->again; return Send();
    case Kind::kWhole: return FinishFile();
    case Kind::kFailure: return FailByVerdict();
  }
}

void Download::EndOfBody(const HttpEnd& end) {
  if (end.code != CURLE_OK || end.head_too_large) return Fail(TransportFailure(end));
  const uint64_t size = verdict_->body.size;
  if (size != kSizeUnknown && received_ != size) return Fail(ClosedEarly("bytes are missing"));
  FinishFile();
}

void Download::FollowRedirect() {
  const auto target = ResolveUrl(url_, location_);
  if (!target) return Fail(InvalidResponse("it redirects to something that is no URL"));
  const absl::Status allowed =
      policy::CheckRedirect(url_, *target, ++redirects_, context_.options.remote_rules);
  if (!allowed.ok()) return Fail(RemoteRefusal(allowed));
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
  Fail(verdict_->failure);
}

void Download::Fail(TransferFailure failure) {
  if (!failure.error.file_index) failure.error.file_index = plan_.index;
  Flush();
  Halt();
  files_->Fail(std::move(failure));
}

}  // namespace bitsd
