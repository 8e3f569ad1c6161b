// A real broker without a server beside it: a forked process with CAP_SETUID and CAP_SETGID.
//
// Needs root. Thread safety: start it before the program has threads. Ownership: the process, which
// ends with this object or with the program.

#ifndef BITSD_TESTS_TESTING_BROKER_PROCESS_H_
#define BITSD_TESTS_TESTING_BROKER_PROCESS_H_

#include <sys/types.h>

#include <memory>

#include "absl/status/statusor.h"
#include "server/broker/broker.h"
#include "server/broker/broker_client.h"

namespace bitsd::tests {

class BrokerProcess {
 public:
  /// Forks it; its own uid and gid are `service`.
  BrokerProcess(const BrokerOptions& options, uid_t service);
  ~BrokerProcess();
  BrokerProcess(const BrokerProcess&) = delete;
  BrokerProcess& operator=(const BrokerProcess&) = delete;

  pid_t pid() const { return pid_; }

  /// The other end of its only channel. Once, and not beside Connect.
  UniqueFd TakeChannel() { return std::move(channel_); }
  /// A client that speaks to it. Once.
  absl::StatusOr<std::unique_ptr<BrokerClient>> Connect(absl::Duration deadline);

 private:
  UniqueFd channel_;
  pid_t pid_ = -1;
};

}  // namespace bitsd::tests

#endif  // BITSD_TESTS_TESTING_BROKER_PROCESS_H_
