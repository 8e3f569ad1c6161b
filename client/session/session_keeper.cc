#include "client/session/session_keeper.h"

#include <algorithm>
#include <utility>

#include "client/base/proto_time.h"
#include "client/base/retryable_status.h"

namespace bits {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kFirstPause{200};
constexpr milliseconds kLongestPause{5'000};
// Whatever the service says: a stream of no length would be opened again and again.
constexpr std::chrono::seconds kShortestTtl{1};
constexpr std::chrono::seconds kLongestTtl{7 * 24 * 3600};

// Asks for the stream and the logoff in the session itself, whatever session the logon went out in.
CallRoute RouteIn(const CallRoute& route, const std::string& session_id) {
  CallRoute own = route;
  own.caller = InSession(*route.caller, session_id);
  return own;
}

}  // namespace

LogonSession::Keeper::Keeper(const CallRoute& route, const v1::LogonResponse& granted,
                             LogonOptions options)
    : route_(RouteIn(route, granted.session_id())),
      id_(granted.session_id()),
      ttl_(std::clamp(SecondsOf(granted.ttl()), kShortestTtl, kLongestTtl)),
      options_(std::move(options)),
      pauses_(kFirstPause, kLongestPause),
      expire_time_(std::chrono::system_clock::now() + ttl_),
      last_end_(Clock::now() + ttl_) {}

void LogonSession::Keeper::Run() {
  absl::Status lost;
  while (lost.ok() && !ended()) {
    lost = Judge(KeepStream());
    if (lost.ok()) Pause();
  }
  if (lost.ok()) {
    TakeLeave();
  } else {
    Lose(lost);
  }
}

void LogonSession::Keeper::End(Farewell farewell) {
  const std::lock_guard lock(mutex_);
  if (std::exchange(ended_, true)) return;
  farewell_ = farewell;
  if (stream_ != nullptr) stream_->Cancel();
  end_signal_.notify_all();
}

absl::Status LogonSession::Keeper::status() const {
  const std::lock_guard lock(mutex_);
  return status_;
}

absl::Status LogonSession::Keeper::goodbye() const {
  const std::lock_guard lock(mutex_);
  return goodbye_;
}

std::chrono::system_clock::time_point LogonSession::Keeper::expire_time() const {
  const std::lock_guard lock(mutex_);
  return expire_time_;
}

bool LogonSession::Keeper::ended() const {
  const std::lock_guard lock(mutex_);
  return ended_;
}

// A stream ends when the session would, as that stands at its beginning: whatever hangs on the way
// is noticed by then. In place of a healthy one comes the next.
absl::Status LogonSession::Keeper::KeepStream() {
  CallContext context = route_.Until(SessionEnd());
  {
    const std::lock_guard lock(mutex_);
    if (ended_) return absl::CancelledError("ended");
    stream_ = &context;
  }
  absl::Status end = Listen(context);
  const std::lock_guard lock(mutex_);
  stream_ = nullptr;
  return end;
}

absl::Status LogonSession::Keeper::Listen(CallContext& context) {
  v1::KeepAliveRequest request;
  request.set_session_id(id_);
  const auto stream = route_.transport->Open(context, request);
  v1::KeepAliveResponse answer;
  while (stream->Read(answer)) Renewed(answer);
  return stream->Finish();
}

CallContext::Time LogonSession::Keeper::SessionEnd() const {
  const std::lock_guard lock(mutex_);
  return std::chrono::system_clock::now() +
         std::chrono::duration_cast<CallContext::Time::duration>(last_end_ - Clock::now());
}

void LogonSession::Keeper::Renewed(const v1::KeepAliveResponse& answer) {
  const std::lock_guard lock(mutex_);
  expire_time_ = TimeOf(answer.expire_time());
  last_end_ = Clock::now() + ttl_;
  renewed_ = true;
}

absl::Status LogonSession::Keeper::Judge(const absl::Status& broken) const {
  const std::lock_guard lock(mutex_);
  if (ended_) return absl::OkStatus();
  if (!broken.ok() && !IsPassing(broken)) return broken;
  if (Clock::now() < last_end_) return absl::OkStatus();
  return absl::UnavailableError(
      "logon session " + id_ +
      " has run out without contact with the service, last: " + std::string(broken.message()));
}

void LogonSession::Keeper::Pause() {
  std::unique_lock lock(mutex_);
  if (std::exchange(renewed_, false)) pauses_.Reset();
  const Clock::time_point next = std::min(Clock::now() + pauses_.Next(), last_end_);
  end_signal_.wait_until(lock, next, [this] { return ended_; });
}

void LogonSession::Keeper::Lose(const absl::Status& why) {
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(ended_, true)) return;
    status_ = why;
    goodbye_ = why;
  }
  if (options_.on_lost) options_.on_lost(why);
}

void LogonSession::Keeper::TakeLeave() {
  {
    const std::lock_guard lock(mutex_);
    status_ = absl::FailedPreconditionError("logon session " + id_ + " was logged off or detached");
    if (farewell_ == Farewell::kDetach) return;
  }
  v1::LogoffRequest request;
  request.set_session_id(id_);
  CallRoute route = route_;
  route.deadline = options_.logoff_deadline;
  const absl::Status end = route.Call<v1::LogoffResponse>(request).status();
  const std::lock_guard lock(mutex_);
  goodbye_ = end;
}

}  // namespace bits
