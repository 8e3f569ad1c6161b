// Who makes a call.
//
// Thread safety: a value. Ownership: shares token and session.

#ifndef BITSD_SERVER_JOB_SERVICE_CALLER_H_
#define BITSD_SERVER_JOB_SERVICE_CALLER_H_

#include <memory>

#include "server/identity/access_token.h"
#include "server/session/session.h"

namespace bitsd {

/// Who makes a call.
struct Caller {
  std::shared_ptr<const AccessToken> token;
  SessionPtr session;  ///< Null for calls about sessions: they are made in none.
};

}  // namespace bitsd

#endif  // BITSD_SERVER_JOB_SERVICE_CALLER_H_
