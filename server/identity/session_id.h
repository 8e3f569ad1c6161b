// The name of a logon session. Thread safety: values.

#ifndef BITSD_SERVER_IDENTITY_SESSION_ID_H_
#define BITSD_SERVER_IDENTITY_SESSION_ID_H_

#include <string_view>

#include "server/base/uuid.h"

namespace bitsd {

struct SessionIdKind {
  static constexpr std::string_view kField = "session_id";
};
using SessionId = UuidOf<SessionIdKind>;

}  // namespace bitsd

#endif  // BITSD_SERVER_IDENTITY_SESSION_ID_H_
