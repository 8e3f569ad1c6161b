// What bitsctl says and does when a remembered logon session has ended.
//
// Thread safety: pure but for calls to the service and the session's file.

#ifndef BITSD_CLIENT_CLI_SESSION_ENDED_SESSION_H_
#define BITSD_CLIENT_CLI_SESSION_ENDED_SESSION_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "bitsd/client/client.h"
#include "client/cli/session/session_file.h"

namespace bits::cli {

/// A client whose calls go out in a remembered session.
struct RememberedSession {
  Client client;
  SessionFile file;
  std::string id;
};

/// Whether the service refused because there is no logon session.
bool IsNotLoggedOn(const absl::Status& status);

/// Whether this session of the client's identity stands. An error when the service does not say.
absl::StatusOr<bool> Stands(const Client& client, const std::string& session_id);

/// `status` of a run that used these sessions. When it failed because one of them has ended, that
/// one is forgotten, and the message says so. The call is never repeated in another session: what
/// was lent or is waited for there would be another's.
absl::Status ForgetEnded(const absl::Status& status, const std::vector<RememberedSession>& used);

}  // namespace bits::cli

#endif  // BITSD_CLIENT_CLI_SESSION_ENDED_SESSION_H_
