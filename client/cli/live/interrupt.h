// Ctrl-C as a question that a loop asks, so that it can leave the terminal as it found it.
//
// Thread safety: one object at a time in a process; Requested from any thread. Ownership: the
// handlers of SIGINT, SIGTERM and SIGHUP while the object lives; the second signal ends the
// process.

#ifndef BITSD_CLIENT_CLI_LIVE_INTERRUPT_H_
#define BITSD_CLIENT_CLI_LIVE_INTERRUPT_H_

#include <csignal>

namespace bits::cli {

class Interrupt {
 public:
  Interrupt();
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  bool Requested() const;

 private:
  struct sigaction before_[3];
};

}  // namespace bits::cli

#endif  // BITSD_CLIENT_CLI_LIVE_INTERRUPT_H_
