// Keeps signals away from worker threads. Thread safety: concerns the calling thread only.

#ifndef BITSD_SERVER_BASE_THREAD_SIGNALS_H_
#define BITSD_SERVER_BASE_THREAD_SIGNALS_H_

#include <csignal>

namespace bitsd {

/// Blocks every signal in this thread and the threads it starts: the main thread handles them, and
/// a peer that closes its connection must not end the process with SIGPIPE.
inline void BlockSignalsInThread() {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
}

}  // namespace bitsd

#endif  // BITSD_SERVER_BASE_THREAD_SIGNALS_H_
