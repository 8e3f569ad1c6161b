#include "tests/testing/wait.h"

#include <poll.h>

namespace bitsd::tests {

bool WaitFor(const std::function<bool()>& condition, std::chrono::milliseconds deadline) {
  constexpr int kPauseMs = 5;  // Between two questions: short for a test, cheap for the machine.
  const auto end = std::chrono::steady_clock::now() + deadline;
  while (!condition()) {
    if (std::chrono::steady_clock::now() >= end) return condition();
    ::poll(nullptr, 0, kPauseMs);
  }
  return true;
}

}  // namespace bitsd::tests
