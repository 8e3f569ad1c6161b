#include "client/feed/feed_state.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "client/base/retryable_status.h"
#include "client/base/uuid.h"

namespace bits {
JobFeed::State::State(CallRoute route, v1::WatchJobsRequest request, FeedOptions options)
    : route_(std::move(route)),
      request_(std::move(request)),
      options_(options),
      pauses_(options.first_pause, options.max_pause) {
  for (std::string& id : *request_.mutable_job_ids()) id = CanonicalUuid(id).value_or(id);
}

absl::StatusOr<std::optional<JobFeed::Event>> JobFeed::State::Next() {
  while (true) {
    if (stopped()) return std::optional<Event>();
    if (!events_.empty()) {
      Event event = std::move(events_.front());
      events_.pop_front();
      return std::optional<Event>(std::move(event));
    }
    if (end_) return *end_;
    Step();
  }
}

void JobFeed::State::Stop() {
  const std::lock_guard lock(mutex_);
  stopped_ = true;
  if (stream_ != nullptr) stream_->Cancel();
  if (looking_up_ != nullptr) looking_up_->Cancel();
  stop_signal_.notify_all();
}

bool JobFeed::State::stopped() const {
  const std::lock_guard lock(mutex_);
  return stopped_;
}

void JobFeed::State::Step() {
  if (stream_ == nullptr) {
    if (pause_ && !PauseOrStop()) return;
    if (absl::Status status = Connect(); !status.ok()) end_ = std::move(status);
    return;
  }
  const auto message = stream_->Next();
  if (stopped()) return;
  if (!message.ok()) return Broken(message.status());
  if (!message->has_value()) return Broken(absl::UnavailableError("the service ended the stream"));
  Take(**message);
}

// The own certificate is looked at first: a refused handshake says nothing but "socket closed".
absl::Status JobFeed::State::Connect() {
  if (absl::Status status = route_.caller->Check(); !status.ok()) return status;
  ledger_.BeginSnapshot();
  resumed_ = false;
  auto stream = std::make_shared<JobWatch::Stream>(route_, request_);
  const std::lock_guard lock(mutex_);
  if (stopped_) stream->Cancel();
  stream_ = std::move(stream);
  return absl::OkStatus();
}

void JobFeed::State::Take(const v1::WatchJobsResponse& message) {
  connected_ = true;
  if (!message.resume_token().empty()) request_.set_resume_token(message.resume_token());
  if (message.kind() == v1::WatchJobsResponse::KIND_RESUMED) resumed_ = true;
  if (message.kind() != v1::WatchJobsResponse::KIND_SNAPSHOT_END) {
    if (message.has_job()) Deliver(message.job());
    return;
  }
  if (!resumed_) {
    if (absl::Status status = LookUpMissing(); !status.ok()) return Broken(status);
  }
  pauses_.Reset();
  caught_up_before_ = true;
  events_.push_back({Kind::kCaughtUp, {}, {}});
}

void JobFeed::State::Deliver(v1::Job job) {
  if (ledger_.Take(job)) events_.push_back({Kind::kJob, std::move(job), {}});
}

absl::Status JobFeed::State::LookUpMissing() {
  for (const std::string& id : ledger_.Missing()) {
    absl::Status status = LookUp(id);
    const bool gone = absl::IsNotFound(status) || absl::IsPermissionDenied(status);
    if (!gone && !status.ok()) return status;
    if (gone) Gone(id);
  }
  return absl::OkStatus();
}

absl::Status JobFeed::State::LookUp(const std::string& job_id) {
  CallContext context = route_.Context();
  {
    const std::lock_guard lock(mutex_);
    if (stopped_) return absl::CancelledError("stopped");
    looking_up_ = &context;
  }
  v1::GetJobRequest request;
  request.set_job_id(job_id);
  auto response = route_.Call<v1::GetJobResponse>(context, request);
  {
    const std::lock_guard lock(mutex_);
    looking_up_ = nullptr;
  }
  if (!response.ok()) return response.status();
  Deliver(std::move(*response->mutable_job()));
  return absl::OkStatus();
}

void JobFeed::State::Gone(const std::string& job_id) {
  const bool finished = ledger_.IsFinished(job_id);
  if (!ledger_.Forget(job_id) || finished) return;
  Event event{Kind::kGone, {}, {}};
  event.job.set_id(job_id);
  events_.push_back(std::move(event));
}

void JobFeed::State::Broken(absl::Status why) {
  Disconnect();
  if (stopped()) return;
  pause_ = true;
  const bool named = caught_up_before_ && request_.job_ids_size() > 0;
  if (absl::IsNotFound(why) && named) why = DropNamedJobs();
  if (why.ok()) return;
  const bool too_long =
      options_.max_outage.count() > 0 && Clock::now() - last_good_ >= options_.max_outage;
  if (!IsPassing(why) || too_long) {
    end_ = std::move(why);
  } else {
    events_.push_back({Kind::kDisconnected, {}, std::move(why)});
  }
}

void JobFeed::State::Disconnect() {
  if (std::exchange(connected_, false)) last_good_ = Clock::now();
  std::shared_ptr<JobWatch::Stream> ended;  // It is finished after the lock.
  const std::lock_guard lock(mutex_);
  ended.swap(stream_);
}

absl::Status JobFeed::State::DropNamedJobs() {
  const std::vector<std::string> ids(request_.job_ids().begin(), request_.job_ids().end());
  request_.clear_job_ids();
  absl::Status broken;
  for (const std::string& id : ids) {
    const absl::Status status = broken.ok() ? LookUp(id) : broken;
    if (absl::IsNotFound(status)) {
      Gone(id);
      continue;
    }
    request_.add_job_ids(id);
    if (!status.ok()) broken = status;
  }
  // Without a name the request would mean all jobs.
  if (request_.job_ids_size() == 0)
    return absl::NotFoundError("none of the jobs is there any more");
  return broken;
}

bool JobFeed::State::PauseOrStop() {
  pause_ = false;
  std::unique_lock lock(mutex_);
  return !stop_signal_.wait_for(lock, pauses_.Next(), [this] { return stopped_; });
}

}  // namespace bits
