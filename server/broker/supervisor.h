// The supervisor: the first process of bitsd, which starts the broker and the server and watches.
//
// It forks without exec, while the process has one thread and neither gRPC nor curl has started.
// The server gives up every capability; the broker keeps CAP_SETUID and CAP_SETGID. They are joined
// by an inherited socket pair: there is no path in the file system, and no other peer. A broker
// that died is started again; all end together. Thread safety: call once, from the only thread.

#ifndef BITSD_SERVER_BROKER_SUPERVISOR_H_
#define BITSD_SERVER_BROKER_SUPERVISOR_H_

#include <sys/types.h>

#include <functional>
#include <optional>

#include "server/base/unique_fd.h"
#include "server/broker/broker.h"

namespace bitsd {

struct SupervisorOptions {
  /// Whom to become when started as root; both are needed then, and neither may be 0.
  std::optional<uid_t> run_as_uid;
  std::optional<gid_t> run_as_gid;
  BrokerOptions broker;
};

/// Runs until the server ends; returns its exit status, 128 + n when signal n ended it, or
/// EXIT_FAILURE with a message on standard error when it could not be started.
///
/// `server_main` runs in the server process, with the control socket on which broker channels
/// arrive: BrokerClient::Connect takes it. SIGTERM, SIGINT and SIGHUP are forwarded to the server,
/// which may get one twice when the sender signalled every process.
int RunSupervised(const SupervisorOptions& options,
                  const std::function<int(UniqueFd control)>& server_main);

}  // namespace bitsd

#endif  // BITSD_SERVER_BROKER_SUPERVISOR_H_
