#include "client/cli/live/interrupt.h"

#include <atomic>

namespace bits::cli {
namespace {

constexpr int kSignals[] = {SIGINT, SIGTERM, SIGHUP};

std::atomic<bool> requested = false;
static_assert(std::atomic<bool>::is_always_lock_free);

void Request(int) { requested = true; }

}  // namespace

Interrupt::Interrupt() {
  requested = false;
  struct sigaction action {};
  action.sa_handler = Request;
  action.sa_flags = SA_RESETHAND;
  sigemptyset(&action.sa_mask);
  for (int i = 0; i < 3; ++i) sigaction(kSignals[i], &action, &before_[i]);
}

Interrupt::~Interrupt() {
  for (int i = 0; i < 3; ++i) sigaction(kSignals[i], &before_[i], nullptr);
}

bool Interrupt::Requested() const { return requested; }

}  // namespace bits::cli
