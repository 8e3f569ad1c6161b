#include "bitsd/client/job_feed.h"

#include <utility>

#include "client/feed/feed_state.h"

namespace bits {

JobFeed::JobFeed(std::shared_ptr<State> state) : state_(std::move(state)) {}
JobFeed::JobFeed(JobFeed&&) noexcept = default;

JobFeed& JobFeed::operator=(JobFeed&& other) noexcept {
  if (state_ != nullptr && state_ != other.state_) state_->Stop();
  state_ = std::move(other.state_);
  return *this;
}

JobFeed::~JobFeed() {
  if (state_ != nullptr) state_->Stop();
}

absl::StatusOr<std::optional<JobFeed::Event>> JobFeed::Next() { return state_->Next(); }

void JobFeed::Stop() { state_->Stop(); }

}  // namespace bits
