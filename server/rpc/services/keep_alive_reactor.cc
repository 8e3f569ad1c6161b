#include "server/rpc/services/keep_alive_reactor.h"

#include <algorithm>
#include <utility>

#include "server/rpc/convert/convert.h"
#include "server/rpc/convert/status.h"

namespace bitsd::rpc {
namespace {

constexpr absl::Duration kLongestPause = absl::Minutes(1);
/// So much after the end of a certificate it has surely ended.
constexpr absl::Duration kPast = absl::Milliseconds(50);

class RefusedKeepAlive : public KeepAliveStream {
 public:
  explicit RefusedKeepAlive(const absl::Status& status) { Finish(ToGrpc(status)); }
  void OnDone() override { delete this; }
};

}  // namespace

KeepAliveStream* KeepAliveReactor::Refuse(const absl::Status& status) {
  return new RefusedKeepAlive(status);
}

KeepAliveStream* KeepAliveReactor::Start(Parts parts, StreamRegistry& registry) {
  auto reactor = std::make_shared<KeepAliveReactor>(std::move(parts));
  reactor->self_ = reactor;
  registry.Add(reactor);
  reactor->Beat();
  reactor->SetAlarm();
  return reactor.get();
}

absl::StatusOr<absl::Time> KeepAliveReactor::Renew() {
  if (absl::Status status = parts_.standing(); !status.ok()) return status;
  while (true) {
    absl::StatusOr<SessionPtr> session = parts_.sessions.Own(*parts_.caller, parts_.session);
    if (!session.ok()) return session.status();
    if (session_.line() != *session) {
      session_ = Attachment(*session,
                            [weak = std::weak_ptr(self_)](std::string_view, const WaitGroupPtr&) {
                              if (const auto self = weak.lock()) self->OnSessionEnded();
                            });
    }
    {
      const std::lock_guard lock(mutex_);
      pause_ = std::min((*session)->facts().ttl / 3, kLongestPause);
    }
    // It may have been replaced since it was found: then the other one is taken up.
    absl::StatusOr<absl::Time> deadline = parts_.sessions.Renew(*session);
    if (deadline.ok()) return deadline;
  }
}

void KeepAliveReactor::Beat() {
  {
    const std::lock_guard lock(mutex_);
    if (busy_ || end_) return;
    busy_ = true;
  }
  const absl::StatusOr<absl::Time> deadline = Renew();
  if (!deadline.ok()) {
    End(ToGrpc(deadline.status()));
    return Release();
  }
  *response_.mutable_expire_time() = ToProto(*deadline);
  StartWrite(&response_);
}

void KeepAliveReactor::Release() {
  std::unique_lock lock(mutex_);
  busy_ = false;
  if (!end_ && std::exchange(again_, false)) {
    lock.unlock();
    return Beat();
  }
  if (!end_ || std::exchange(finished_, true)) return;
  const grpc::Status status = *end_;
  lock.unlock();
  Finish(status);
}

void KeepAliveReactor::End(grpc::Status status) {
  {
    const std::lock_guard lock(mutex_);
    if (!end_) end_ = status;
    if (busy_ || std::exchange(finished_, true)) return;
  }
  Finish(std::move(status));
}

void KeepAliveReactor::OnSessionEnded() {
  // An account that is gone or disabled ends its sessions: the account is the reason, then.
  absl::Status status = parts_.standing();
  // With a changed account another session may stand in its place: then it is taken up.
  if (status.ok()) status = parts_.sessions.Own(*parts_.caller, parts_.session).status();
  if (!status.ok()) return End(ToGrpc(status));
  {
    const std::lock_guard lock(mutex_);
    again_ = busy_;
  }
  Beat();
}

void KeepAliveReactor::Recheck() {
  if (absl::Status status = parts_.standing(); !status.ok()) End(ToGrpc(status));
}

void KeepAliveReactor::Stop(const absl::Status& status) { End(ToGrpc(status)); }

void KeepAliveReactor::SetAlarm() {
  auto on_alarm = [weak = std::weak_ptr(self_)](bool fired) {
    const auto self = weak.lock();
    if (!fired || self == nullptr) return;
    self->Recheck();  // An answer that nobody takes holds up a beat, not this.
    self->Beat();
    self->SetAlarm();
  };
  // Each time a new one: an alarm cannot be set again while its callback runs.
  auto alarm = std::make_unique<grpc::Alarm>();
  const std::lock_guard lock(mutex_);
  if (end_) return;
  const absl::Duration left =
      std::max(parts_.caller->certificate_not_after - parts_.clock.Now() + kPast, kPast);
  alarm->Set(absl::ToChronoTime(absl::Now() + std::min(pause_, left)), std::move(on_alarm));
  alarm_ = std::move(alarm);
}

void KeepAliveReactor::OnWriteDone(bool ok) {
  if (!ok) End(grpc::Status::CANCELLED);
  Release();
}

void KeepAliveReactor::OnCancel() { End(grpc::Status::CANCELLED); }

void KeepAliveReactor::OnDone() {
  parts_.ticket.reset();
  const std::shared_ptr<KeepAliveReactor> last = std::move(self_);
}

}  // namespace bitsd::rpc
