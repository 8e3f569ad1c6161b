// Whom the broker may become: judged by its own account directory, whatever the server says.
//
// Thread safety: const methods may be called from any thread. Ownership: shares the directory.

#ifndef BITSD_SERVER_BROKER_IDENTITY_CHECK_H_
#define BITSD_SERVER_BROKER_IDENTITY_CHECK_H_

#include <memory>

#include "absl/status/status.h"
#include "server/broker/wire/wire.h"
#include "server/identity/account_directory.h"

namespace bitsd {

class IdentityCheck {
 public:
  struct Options {
    bool identity_switching = true;
    bool allow_root = false;
    uid_t service_uid = static_cast<uid_t>(-1);  ///< Of server and broker.
  };

  IdentityCheck(std::shared_ptr<const AccountDirectory> directory, Options options)
      : directory_(std::move(directory)), options_(options) {}

  /// E_ACCESSDENIED with the rule that refuses, or OK.
  absl::Status Check(const wire::OpenWorkerRequest& request) const;
  /// The same for whose credentials an agent may hold.
  absl::Status Check(const wire::OpenAgentRequest& request) const;

 private:
  absl::Status CheckNumbers(const PosixIdentity& posix) const;
  absl::Status CheckService(const PosixIdentity& posix) const;

  std::shared_ptr<const AccountDirectory> directory_;
  Options options_;
};

}  // namespace bitsd

#endif  // BITSD_SERVER_BROKER_IDENTITY_CHECK_H_
