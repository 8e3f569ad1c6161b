// The words policy judges jobs by: states and the usage flags of a helper token, with BITS' values.
//
// Thread safety: constants and pure functions.

#ifndef BITSD_SERVER_POLICY_JOB_FACTS_H_
#define BITSD_SERVER_POLICY_JOB_FACTS_H_

#include <cstdint>

namespace bitsd {

/// BG_JOB_STATE.
enum class JobState {
  kQueued = 0,
  kConnecting = 1,
  kTransferring = 2,
  kSuspended = 3,
  kError = 4,
  kTransientError = 5,
  kTransferred = 6,
  kAcknowledged = 7,
  kCancelled = 8,
};

/// ACKNOWLEDGED or CANCELLED.
inline bool IsFinal(JobState state) {
  return state == JobState::kAcknowledged || state == JobState::kCancelled;
}

/// BG_TOKEN_LOCAL_FILE and BG_TOKEN_NETWORK: what a helper token is used for.
inline constexpr uint32_t kTokenLocalFile = 0x1;
inline constexpr uint32_t kTokenNetwork = 0x2;

}  // namespace bitsd

#endif  // BITSD_SERVER_POLICY_JOB_FACTS_H_
