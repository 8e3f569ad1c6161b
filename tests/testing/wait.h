// Waiting for what another process does: a condition and a deadline, never a fixed pause.
//
// Thread safety: pure functions.

#ifndef BITSD_TESTS_TESTING_WAIT_H_
#define BITSD_TESTS_TESTING_WAIT_H_

#include <chrono>
#include <functional>

namespace bitsd::tests {

/// Long enough for a loaded two-core machine; a test that passes never waits that long.
inline constexpr std::chrono::seconds kPatience{20};

/// Asks `condition` again and again until it is true; false when `deadline` passes before.
bool WaitFor(const std::function<bool()>& condition,
             std::chrono::milliseconds deadline = kPatience);

}  // namespace bitsd::tests

#endif  // BITSD_TESTS_TESTING_WAIT_H_
