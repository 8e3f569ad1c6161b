// A worker: one process that acts as one identity and does what file_operations.h lists.
//
// The broker forks it. It gives up everything but its channel, becomes the identity for good, and
// ends when the server closes the channel or the broker ends. Thread safety: one thread.

#ifndef BITSD_SERVER_BROKER_WORKER_H_
#define BITSD_SERVER_BROKER_WORKER_H_

#include <sys/types.h>

#include "server/base/unique_fd.h"
#include "server/broker/files/safe_path.h"
#include "server/identity/access_token.h"

namespace bitsd {

struct WorkerOptions {
  PosixIdentity identity;
  bool identity_switching = true;  ///< Else this process must be `identity` already.
  pid_t broker = 0;                ///< The process that forked this one.
};

/// Serves `channel` until its peer or that of `end_signal` is gone. The broker's death signal does
/// not reach a process with another uid: the end signal does.
void RunWorker(const WorkerOptions& options, const SafePaths& paths, UniqueFd channel,
               UniqueFd end_signal);

/// Answers requests from `channel` as whoever this process is.
void ServeFileRequests(const SafePaths& paths, int channel, int end_signal);

}  // namespace bitsd

#endif  // BITSD_SERVER_BROKER_WORKER_H_
