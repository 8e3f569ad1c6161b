// What a caller says about itself in a call's metadata. It can only take away.
//
//   bits-filter-admin: 1                 the caller's filtered token
//   bits-impersonation-level: LEVEL      anonymous, identify, impersonate (if absent) or delegate
//   bits-session-id: UUID                the logon session of the call, of Logon
//
// Any other `bits-` key, one given twice and any other value are E_INVALIDARG, never ignored.
// Thread safety: one thread. Ownership: a parser keeps no reference to what it is fed.

#ifndef BITSD_SERVER_IDENTITY_CALL_METADATA_H_
#define BITSD_SERVER_IDENTITY_CALL_METADATA_H_

#include <optional>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/identity/access_token.h"
#include "server/identity/session_id.h"

namespace bitsd {

struct CallMetadata {
  bool filter_administrators = false;
  ImpersonationLevel level = ImpersonationLevel::kImpersonate;
  std::optional<SessionId> session;
};

class CallMetadataParser {
 public:
  /// Takes one pair of the call's metadata; keys that are not ours are ignored.
  void Add(std::string_view key, std::string_view value);

  /// What was asked for, or the first error.
  absl::StatusOr<CallMetadata> Finish() const;

 private:
  absl::Status Take(std::string_view key, std::string_view value);
  absl::Status TakeFilter(std::string_view value);
  absl::Status TakeLevel(std::string_view value);
  absl::Status TakeSession(std::string_view value);

  CallMetadata result_;
  bool has_filter_ = false;
  bool has_level_ = false;
  absl::Status status_;
};

}  // namespace bitsd

#endif  // BITSD_SERVER_IDENTITY_CALL_METADATA_H_
