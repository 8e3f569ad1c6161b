// What every command of bitsctl has: the settings, the streams, and how it connects and answers.
//
// Thread safety: none; a run is one thread. Ownership: the streams outlive the context.

#ifndef BITSD_CLIENT_CLI_CONTEXT_H_
#define BITSD_CLIENT_CLI_CONTEXT_H_

#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "bitsd/client/client.h"
#include "client/cli/exit_code.h"
#include "client/cli/output/streams.h"
#include "client/cli/output/table.h"
#include "client/cli/session/ended_session.h"
#include "client/cli/session/session_file.h"
#include "client/cli/settings/settings.h"

namespace bits::cli {

struct Context {
  Context(const Streams& streams, Settings given);

  /// A client for the settings, in the logon session that is remembered for it. Refuses, before
  /// anything is sent, to be another SID than --as says.
  absl::StatusOr<Client> Connect() const;

  /// A client for another identity of the configuration file, with the same service.
  absl::StatusOr<Client> ConnectAs(const std::string& name) const;

  /// Where the session of `sid` at this service is remembered.
  SessionFile SessionFileOf(const std::string& sid) const;

  /// Remembered sessions that clients were made in so far.
  const std::vector<RememberedSession>& sessions_in_use() const { return sessions_in_use_; }

  /// Prints `text`, or `message` as JSON when that was asked for.
  void Show(const google::protobuf::Message& message, const std::string& text) const;

  /// The same for an answer that is no message of the service; `json` is a JSON text.
  void ShowJson(const std::string& json, const std::string& text) const;

  /// To the error stream: what is done all the same, and should not be done so.
  void Warn(const std::string& text) const;

  /// For people only: nothing with --json.
  void Say(const std::string& text) const;

  bool json() const { return settings.json(); }

  std::istream& in;
  std::ostream& out;
  std::ostream& err;
  const bool terminal;  ///< `out` is a terminal, where lines may be drawn over.
  Settings settings;
  Style style;
  bool raw = false;                     ///< bitsadmin's /rawreturn: a bare value without a newline.
  std::optional<std::string> password;  ///< Of bitsadmin's spelling alone.

 private:
  absl::StatusOr<Client> ConnectWith(const Settings& who) const;

  mutable std::vector<RememberedSession> sessions_in_use_;
};

}  // namespace bits::cli

#endif  // BITSD_CLIENT_CLI_CONTEXT_H_
