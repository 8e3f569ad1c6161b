#include "bitsd/client/testing/fake_service.h"

#include <google/protobuf/util/time_util.h>

#include <deque>

#include "client/fake/state.h"
#include "client/fake/streams.h"
#include "client/identity/caller.h"

namespace bits {

using google::protobuf::util::TimeUtil;

// The jobs as they are, then each one that changes. A job that changes twice before it is read is
// told once.
class BITS_HIDDEN FakeService::WatchStream final : public FakeStream<State> {
 public:
  WatchStream(std::shared_ptr<State> shared, CallContext& context, v1::WatchJobsRequest watch)
      : FakeStream(std::move(shared), context), watch_(std::move(watch)) {
    const std::lock_guard lock(state().mutex());
    told_ = state().revision();
    for (v1::Job& job : state().Snapshot(sid(), watch_)) {
      Add(v1::WatchJobsResponse::KIND_SNAPSHOT, std::move(job));
    }
    snapshot_.emplace_back().set_kind(v1::WatchJobsResponse::KIND_SNAPSHOT_END);
  }

 private:
  void Add(v1::WatchJobsResponse::Kind kind, v1::Job job) {
    v1::WatchJobsResponse& event = snapshot_.emplace_back();
    event.set_kind(kind);
    *event.mutable_job() = std::move(job);
  }

  bool Next(Message& answer) override {
    if (snapshot_.empty()) {
      const v1::Job* const job = state().NextChange(sid(), watch_, told_);
      if (job == nullptr) return false;
      told_ = job->revision();
      Add(v1::WatchJobsResponse::KIND_CHANGED, *job);
    }
    answer.CopyFrom(snapshot_.front());
    snapshot_.pop_front();
    return true;
  }

  absl::Status Refused() const override { return absl::OkStatus(); }

  const v1::WatchJobsRequest watch_;
  std::deque<v1::WatchJobsResponse> snapshot_;  ///< What is to be told next.
  uint64_t told_ = 0;                           ///< The revision that was told last.
};

// One answer; then it stays open as long as the session.
class BITS_HIDDEN FakeService::KeepAliveStream final : public FakeStream<State> {
 public:
  KeepAliveStream(std::shared_ptr<State> shared, CallContext& context, std::string session_id)
      : FakeStream(std::move(shared), context), session_id_(std::move(session_id)) {}

 private:
  bool Next(Message& answer) override {
    if (std::exchange(answered_, true)) return false;
    v1::KeepAliveResponse renewed;
    *renewed.mutable_expire_time() =
        TimeUtil::GetCurrentTime() + TimeUtil::SecondsToDuration(kSecondsLeft);
    answer.CopyFrom(renewed);
    return true;
  }

  absl::Status Refused() const override { return state().CheckSession(sid(), session_id_); }

  static constexpr int64_t kSecondsLeft = 3600;

  const std::string session_id_;
  bool answered_ = false;
};

FakeService::FakeService() : state_(std::make_shared<State>()) {}
FakeService::~FakeService() = default;

absl::StatusOr<ImpersonationToken> FakeService::TokenFor(std::string sid,
                                                         ImpersonationOptions options) {
  auto caller = MakeTestCaller(std::move(sid), std::move(options));
  if (!caller.ok()) return caller.status();
  return TokenAccess::TokenOf(*std::move(caller));
}

absl::Status FakeService::Transfer(const std::string& job_id, uint64_t file_size) {
  const auto transferred = [](v1::Job& job) {
    job.set_state(v1::JOB_STATE_TRANSFERRED);
    job.clear_error();
    *job.mutable_times()->mutable_transfer_completion_time() = TimeUtil::GetCurrentTime();
  };
  return state_->Change(job_id, transferred, file_size);
}

absl::Status FakeService::Fail(const std::string& job_id, v1::JobError error) {
  return Change(job_id, [&error](v1::Job& job) {
    job.set_state(error.retryable() ? v1::JOB_STATE_TRANSIENT_ERROR : v1::JOB_STATE_ERROR);
    job.set_error_count(job.error_count() + 1);
    *job.mutable_error() = std::move(error);
  });
}

absl::Status FakeService::Change(const std::string& job_id,
                                 const std::function<void(v1::Job&)>& change) {
  return state_->Change(job_id, change);
}

void FakeService::BreakStreams(const absl::Status& why) { state_->BreakStreams(why); }

void FakeService::EndSession(const std::string& session_id) { state_->EndSession(session_id); }

void FakeService::FailNext(const std::string& method, const absl::Status& why) {
  state_->FailNext(method, why);
}

void FakeService::AnswerWith(const google::protobuf::Descriptor* request, Answerer answerer) {
  state_->AnswerWith(request, std::move(answerer));
}

std::vector<FakeService::Received> FakeService::received() const { return state_->received(); }

absl::Status FakeService::Call(CallContext& context, const Message& request, Message& answer) {
  return state_->Call(context, request, answer);
}

std::unique_ptr<Transport::Stream> FakeService::Open(CallContext& context, const Message& request) {
  absl::Status refused = state_->Open(context, request);
  if (!refused.ok()) return std::make_unique<RefusedStream>(std::move(refused));
  if (const auto* watch = dynamic_cast<const v1::WatchJobsRequest*>(&request)) {
    return std::make_unique<WatchStream>(state_, context, *watch);
  }
  const auto& keep = dynamic_cast<const v1::KeepAliveRequest&>(request);
  return std::make_unique<KeepAliveStream>(state_, context, keep.session_id());
}

}  // namespace bits
