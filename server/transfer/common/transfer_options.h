// How the transfer layer works: limits and timeouts. Thread safety: a value.

#ifndef BITSD_SERVER_TRANSFER_COMMON_TRANSFER_OPTIONS_H_
#define BITSD_SERVER_TRANSFER_COMMON_TRANSFER_OPTIONS_H_

#include <cstddef>
#include <cstdint>

#include "absl/time/time.h"
#include "server/policy/network_rules.h"
#include "server/policy/remote_names.h"

namespace bitsd {

struct TransferOptions {
  policy::RemoteRules remote_rules;
  absl::Duration connect_timeout = absl::Seconds(30);
  absl::Duration stall_timeout = absl::Minutes(5);      ///< Without a byte from the server.
  absl::Duration idle_connections = absl::Seconds(60);  ///< Then an unused pool is closed.
  /// A download uses two: one writes, one syncs.
  size_t disk_threads = 192;
  /// A disk operation that takes longer hangs: the job is told so, and is tried again.
  absl::Duration disk_patience = absl::Minutes(5);
  /// Bytes of one download that were received and are not written yet; more waits in the network.
  size_t max_backlog = size_t{4} << 20;
  /// Bytes, and time, between two syncs of a file that is being written. A crash costs what came
  /// since, and while the last one was under way: no more than 64 MiB, or 10 s.
  uint64_t sync_interval = uint64_t{32} << 20;
  absl::Duration sync_every = absl::Seconds(4);
  policy::NetworkRules network;
  /// Of the configuration; set by who is given these options. Connections are of one.
  uint64_t generation = 0;
};

}  // namespace bitsd

#endif  // BITSD_SERVER_TRANSFER_COMMON_TRANSFER_OPTIONS_H_
