// A one-shot end signal: callbacks attached to it run once, when it ends.
//
// A session, a certificate and the presence of an owner each have one. Whoever holds something that
// must end with them attaches a callback. Ending first marks the signal under its own lock, then
// runs the callbacks: nothing can attach afterwards. The cost grows with the attachments.
//
// Thread safety: any thread; callbacks run without the lock. Do not hold a lock while calling Close
// that a callback takes. Ownership: shared; an Attachment keeps its end signal.

#ifndef BITSD_SERVER_BASE_END_SIGNAL_H_
#define BITSD_SERVER_BASE_END_SIGNAL_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string_view>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "server/base/wait_group.h"

namespace bitsd {

class EndSignal {
 public:
  /// Gets why it ended, as the audit log has it, and holds `wait_group` until what was discarded
  /// has come to rest.
  using Discard = std::function<void(std::string_view reason, const WaitGroupPtr& wait_group)>;

  EndSignal() = default;
  virtual ~EndSignal() = default;
  EndSignal(const EndSignal&) = delete;
  EndSignal& operator=(const EndSignal&) = delete;

  bool is_open() const;

  /// Ends it and runs everything attached to it, on this thread. False when it had ended already.
  bool Close(std::string_view reason = "session_ended", const WaitGroupPtr& wait_group = nullptr);

  /// The callbacks of a signal that was marked as ended.
  using Attached = absl::flat_hash_map<uint64_t, Discard>;

  /// The first half of Close; Run is the second, for a caller that must do something in between.
  Attached MarkEnded();
  static void Run(const Attached& attached, std::string_view reason,
                  const WaitGroupPtr& wait_group);

 protected:
  mutable std::mutex mutex_;
  bool open_ = true;

 private:
  friend class Attachment;

  uint64_t Attach(Discard discard);
  void Detach(uint64_t id);

  uint64_t next_id_ = 1;
  Attached attached_;
};

/// A callback attached to an end signal, until this is destroyed.
class Attachment {
 public:
  Attachment() = default;
  /// Runs `discard` when `line` ends. Holds nothing when it has ended already.
  Attachment(std::shared_ptr<EndSignal> line, EndSignal::Discard discard)
      : line_(std::move(line)), id_(line_->Attach(std::move(discard))) {
    if (id_ == 0) line_.reset();
  }
  ~Attachment() { Drop(); }
  Attachment(Attachment&& other) noexcept
      : line_(std::exchange(other.line_, nullptr)), id_(std::exchange(other.id_, 0)) {}
  Attachment& operator=(Attachment&& other) noexcept {
    if (this != &other) {
      Drop();
      line_ = std::exchange(other.line_, nullptr);
      id_ = std::exchange(other.id_, 0);
    }
    return *this;
  }

  bool holds() const { return line_ != nullptr; }
  const std::shared_ptr<EndSignal>& line() const { return line_; }

 private:
  void Drop() {
    if (line_ != nullptr) line_->Detach(id_);
    line_.reset();
  }

  std::shared_ptr<EndSignal> line_;
  uint64_t id_ = 0;
};

}  // namespace bitsd

#endif  // BITSD_SERVER_BASE_END_SIGNAL_H_
