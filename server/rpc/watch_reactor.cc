#include "server/rpc/watch_reactor.h"

#include <algorithm>
#include <utility>

#include "server/error/errors.h"
#include "server/rpc/convert.h"
#include "server/rpc/status.h"

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

WatchStream* WatchReactor::Start(const Caller& caller, WatchFilter filter, JobService& jobs,
                                 const Clock& clock, std::unique_ptr<WatchLimiter::Ticket> ticket) {
  auto reactor = std::make_shared<WatchReactor>(caller, &clock, std::move(ticket));
  reactor->self_ = reactor;
  reactor->Begin(std::move(filter), jobs);
  return reactor.get();
}

WatchReactor::WatchReactor(Caller caller, const Clock* clock,
                           std::unique_ptr<WatchLimiter::Ticket> ticket)
    : caller_(std::move(caller)), clock_(clock), ticket_(std::move(ticket)) {}

void WatchReactor::Begin(WatchFilter filter, JobService& jobs) {
  // The watch may call before it is here: the claim is held until then.
  auto on_ready = [weak = std::weak_ptr(self_)] {
    if (const auto self = weak.lock()) self->OnReady();
  };
  auto watch = jobs.WatchJobs(caller_, std::move(filter), std::move(on_ready));
  if (watch.ok()) {
    watch_ = *std::move(watch);
    SetAlarm();
  } else {
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
      return StartWrite(&response_);
    }
  }
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
  if (clock_->Now() < caller_.token->certificate_not_after) return absl::OkStatus();
  return error::Unauthenticated(
      "The client certificate has expired. Renew it, connect again and watch anew.");
}

void WatchReactor::SetAlarm() {
  const absl::Time now = clock_->Now();
  const absl::Duration left = caller_.token->certificate_not_after - now;
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

void WatchReactor::OnAlarm() {
  if (absl::Status status = CheckCaller(); !status.ok()) return End(ToGrpc(status));
  SetAlarm();
}

void WatchReactor::OnWriteDone(bool ok) {
  if (!ok) End(grpc::Status::CANCELLED);
  Run(true);
}

void WatchReactor::OnCancel() { End(grpc::Status::CANCELLED); }

void WatchReactor::OnDone() {
  ticket_.reset();
  watch_.reset();
  const std::shared_ptr<WatchReactor> last = std::move(self_);
}

}  // namespace bitsd::rpc
