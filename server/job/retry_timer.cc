#include "server/job/retry_timer.h"

#include <algorithm>

#include "server/job/changes/transfer_changes.h"
#include "server/policy/http_status.h"

namespace bitsd {

void RetryTimer::Await(const JobRecord& record, bool may_begin) {
  const absl::Time when = *record.error->next_retry;
  if (retry_ && retry_->when != when) Drop();
  if (retry_ || !may_begin) return;
  // A clock that was set back, also while bitsd was down, does not make it later: the record was
  // made no earlier than the error, whose delay is what a server may ask for at most.
  const absl::Duration most = std::max(record.minimum_retry_delay, policy::kMaxRetryAfter);
  const absl::Duration left =
      std::min({when - core_.environment().clock.Now(), when - record.modification, most});
  Timer& timer = core_.environment().timer;
  retry_ = Retry{when, timer.AtOrAfter(when, left, [this, weak = core_.weak_from_this(), when] {
                   if (const auto job = weak.lock()) OnDue(when);
                 })};
}

void RetryTimer::Drop() {
  if (!retry_) return;
  core_.environment().timer.Cancel(retry_->task);
  retry_.reset();
}

void RetryTimer::OnDue(absl::Time when) {
  bool due = false;
  core_.Locked([&](Deferred&) {
    due = retry_ && retry_->when == when;
    if (due) retry_.reset();
  });
  if (!due) return;
  changes_.SubmitNews([when](const JobVersion& newest) { return change::Retry(newest, when); });
}

}  // namespace bitsd
