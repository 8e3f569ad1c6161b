// What is kept of a logon session, so that it outlives a restart. There is no secret in it.
//
// Thread safety: values.

#ifndef BITSD_SERVER_MODEL_SESSION_RECORD_H_
#define BITSD_SERVER_MODEL_SESSION_RECORD_H_

#include "absl/time/time.h"
#include "server/identity/session_id.h"
#include "server/identity/sid.h"

namespace bitsd {

struct SessionRecord {
  SessionId id;
  Sid user;
  bool is_default = false;  ///< Made on demand, for calls that name no session.
  absl::Duration ttl;       ///< What a renewal adds.
  absl::Time begin;
  absl::Time deadline;  ///< It has ended then, unless it was renewed.

  friend bool operator==(const SessionRecord&, const SessionRecord&) = default;
};

}  // namespace bitsd

#endif  // BITSD_SERVER_MODEL_SESSION_RECORD_H_
