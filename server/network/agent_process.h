// A credential agent's process: forked by the broker, of the same user, and able to do nothing but
// hold credentials and answer for them.
//
// It keeps no capability and two descriptors, and cannot be dumped or traced. It ends at once when
// the server closes the channel, the broker lets go of the end signal, or either is gone: also
// while it waits for a KDC. Thread safety: called once, in a process with one thread.

#ifndef BITSD_SERVER_NETWORK_AGENT_PROCESS_H_
#define BITSD_SERVER_NETWORK_AGENT_PROCESS_H_

#include <sys/types.h>

#include "server/base/unique_fd.h"
#include "server/broker/wire/wire.h"

namespace bitsd::network {

/// Serves `channel` as the agent of `who`. `broker` is the process that forked this one.
void RunAgent(const wire::OpenAgentRequest& who, pid_t broker, UniqueFd channel,
              UniqueFd end_signal);

}  // namespace bitsd::network

#endif  // BITSD_SERVER_NETWORK_AGENT_PROCESS_H_
