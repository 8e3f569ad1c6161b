#include "server/rpc/services/watch_reactor.h"

#include <algorithm>
#include <utility>

#include "server/error/errors.h"
#include "server/rpc/convert/convert.h"
#include "server/rpc/convert/status.h"

namespace bitsd::rpc {
namespace {

/// Alarms run by a clock that does not follow changes of the wall clock: look at that this often.
constexpr absl::Duration kLongestAlarm = absl::Minutes(1);

class RefusedWatch : public WatchStream {
 public:
  explicit RefusedWatch(const absl::Status& status) { Finish(ToGrpc(status)); }
  void OnDone() override { delete this; }
};

}  // namespace

WatchStream* WatchReactor::Refuse(const absl::Status& status) { return new RefusedWatch(status); }

WatchStream* WatchReactor::Start(Watcher watcher, WatchFilter filter, const WatchParts& parts) {
  auto reactor = std::make_shared<WatchReactor>(std::move(watcher), parts);
  reactor->self_ = reactor;
  // First, so that no renewal is missed: Begin checks what came before.
  parts.registry.Add(reactor);
  reactor->Begin(std::move(filter), parts);
  return reactor.get();
}

WatchReactor::WatchReactor(Watcher watcher, const WatchParts& parts)
    : watcher_(std::move(watcher)), clock_(parts.clock), answers_(parts.answers) {}

void WatchReactor::Begin(WatchFilter filter, const WatchParts& parts) {
  // The watch may call before it is here: the claim is held until then.
  auto on_ready = [weak = std::weak_ptr(self_)] {
    if (const auto self = weak.lock()) self->OnReady();
  };
  auto watch = parts.jobs.WatchJobs(watcher_.caller, std::move(filter), std::move(on_ready));
  if (watch.ok()) {
    watch_ = *std::move(watch);
    SetAlarm();
  } else {
    parts.refused(watch.status());
    End(ToGrpc(watch.status()));
  }
  Run(true);
}

void WatchReactor::OnReady() {
  {
    const std::lock_guard lock(mutex_);
    again_ = true;
    if (busy_) return;
    busy_ = true;
  }
  Run(true);
}

void WatchReactor::Run(bool more) {
  while (Keep(more)) {
    more = false;
    if (absl::Status status = CheckCaller(); !status.ok()) {
      End(ToGrpc(status));
    } else if (const std::optional<JobWatch::Event> event = watch_->Next()) {
      response_ = ToProto(*event);
      status = Charge();
      if (status.ok()) return StartWrite(&response_);
      End(ToGrpc(status));
    }
  }
}

absl::Status WatchReactor::Charge() {
  auto charge = answers_.Take({watcher_.caller.token->user, ""}, response_.ByteSizeLong());
  if (!charge.ok()) return charge.status();
  charge_ = *std::move(charge);
  return absl::OkStatus();
}

bool WatchReactor::Keep(bool more) {
  std::unique_lock lock(mutex_);
  if (end_) {
    // The claim stays held: nothing is written behind the end.
    const grpc::Status status = *end_;
    lock.unlock();
    Finish(status);
    return false;
  }
  busy_ = more || again_;
  again_ = false;
  return busy_;
}

void WatchReactor::End(grpc::Status status) {
  {
    const std::lock_guard lock(mutex_);
    if (end_) return;
    end_ = std::move(status);
    if (busy_) return;
    busy_ = true;
  }
  Keep(false);
}

absl::Status WatchReactor::CheckCaller() const {
  if (clock_.Now() < watcher_.caller.token->certificate_not_after) return watcher_.standing();
  return error::Unauthenticated(
      "The client certificate has expired. Renew it, connect again and watch anew.");
}

void WatchReactor::SetAlarm() {
  const absl::Time now = clock_.Now();
  const absl::Duration left = watcher_.caller.token->certificate_not_after - now;
  const absl::Time when = absl::Now() + std::clamp(left, absl::ZeroDuration(), kLongestAlarm);
  auto on_alarm = [weak = std::weak_ptr(self_)](bool fired) {
    if (const auto self = weak.lock(); fired && self != nullptr) self->OnAlarm();
  };
  // Each time a new one: an alarm cannot be set again while its callback runs.
  auto alarm = std::make_unique<grpc::Alarm>();
  const std::lock_guard lock(mutex_);
  if (end_) return;
  alarm->Set(absl::ToChronoTime(when), std::move(on_alarm));
  alarm_ = std::move(alarm);
}

void WatchReactor::Recheck() {
  if (absl::Status status = CheckCaller(); !status.ok()) End(ToGrpc(status));
}

void WatchReactor::Stop(const absl::Status& status) { End(ToGrpc(status)); }

void WatchReactor::OnAlarm() {
  Recheck();
  SetAlarm();  // Unless that ended it.
}

void WatchReactor::OnWriteDone(bool ok) {
  charge_.reset();
  if (!ok) End(grpc::Status::CANCELLED);
  Run(true);
}

void WatchReactor::OnCancel() { End(grpc::Status::CANCELLED); }

void WatchReactor::OnDone() {
  watcher_.ticket.reset();
  watch_.reset();
  const std::shared_ptr<WatchReactor> last = std::move(self_);
}

}  // namespace bitsd::rpc
