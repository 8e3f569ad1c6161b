// The fake's streams: watches of jobs, and sessions that are kept alive.
//
// Internal. Thread safety: as Transport::Stream. Ownership: a stream shares the state.

#ifndef BITSD_CLIENT_FAKE_STREAMS_H_
#define BITSD_CLIENT_FAKE_STREAMS_H_

#include <memory>

#include "bitsd/client/transport.h"

namespace bits {

/// Waits under the lock of a fake until there is an answer or the stream has an end.
template <typename State>
class FakeStream : public Transport::Stream {
 public:
  FakeStream(std::shared_ptr<State> state, CallContext& context)
      : state_(std::move(state)), context_(context), breaks_(Breaks()) {
    context_.OnCancel([this] {
      const std::lock_guard lock(state_->mutex());
      cancelled_ = true;
      state_->changed().notify_all();
    });
  }
  ~FakeStream() override { context_.OnCancel(nullptr); }

  bool Read(Transport::Message& answer) final {
    std::unique_lock lock(state_->mutex());
    while (true) {
      if (end_.ok()) end_ = Ended();
      if (!end_.ok()) return false;
      if (Next(answer)) return true;
      if (!context_.deadline()) {
        state_->changed().wait(lock);
      } else if (state_->changed().wait_until(lock, *context_.deadline()) ==
                 std::cv_status::timeout) {
        end_ = absl::DeadlineExceededError("the deadline has passed");
      }
    }
  }

  absl::Status Finish() final {
    const std::lock_guard lock(state_->mutex());
    return end_;
  }

 protected:
  State& state() const { return *state_; }
  const std::string& sid() const { return context_.sid(); }

 private:
  /// Under the lock: writes the next answer, if there is one.
  virtual bool Next(Transport::Message& answer) = 0;
  /// Under the lock: OK while the service keeps the stream open.
  virtual absl::Status Refused() const = 0;

  absl::Status Ended() const {
    if (cancelled_) return absl::CancelledError("cancelled");
    if (state_->breaks() != breaks_) return state_->break_reason();
    return Refused();
  }

  uint64_t Breaks() const {
    const std::lock_guard lock(state_->mutex());
    return state_->breaks();
  }

  const std::shared_ptr<State> state_;
  CallContext& context_;
  const uint64_t breaks_;
  bool cancelled_ = false;
  absl::Status end_;
};

/// A stream that was refused.
class RefusedStream final : public Transport::Stream {
 public:
  explicit RefusedStream(absl::Status why) : why_(std::move(why)) {}
  bool Read(Transport::Message&) override { return false; }
  absl::Status Finish() override { return why_; }

 private:
  const absl::Status why_;
};

}  // namespace bits

#endif  // BITSD_CLIENT_FAKE_STREAMS_H_
