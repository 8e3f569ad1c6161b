// The logon session that bitsctl remembers between runs: one for each service and identity.
//
// It is the UUID in a file of mode 0600 in a folder of mode 0700, both the user's own:
// $XDG_RUNTIME_DIR/bitsctl, or /tmp/bitsctl-UID where there is no such folder of the user's. No
// secret, but what is in it decides in which session the user's next calls are made: what somebody
// else could have put there is never used. Thread safety: a value; pure but for the file system.

#ifndef BITSD_CLIENT_CLI_SESSION_SESSION_FILE_H_
#define BITSD_CLIENT_CLI_SESSION_SESSION_FILE_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace bits::cli {

class SessionFile {
 public:
  /// That of `sid` at `endpoint`, in the folder of this user.
  SessionFile(const std::string& endpoint, const std::string& sid);

  /// The id; empty when there is none. FAILED_PRECONDITION, with what to do, when there is
  /// something that cannot be believed.
  absl::StatusOr<std::string> Read() const;
  /// Replaces what was remembered.
  absl::Status Write(const std::string& session_id) const;
  void Forget() const;

  const std::string& path() const { return path_; }

 private:
  std::string folder_;
  std::string path_;
};

}  // namespace bits::cli

#endif  // BITSD_CLIENT_CLI_SESSION_SESSION_FILE_H_
