// Who is logged on, for those whose work depends on it.
//
// Thread safety: any thread; never blocks. Ownership: nothing is kept but what AwaitLogon says.

#ifndef BITSD_SERVER_SESSION_PRESENCE_H_
#define BITSD_SERVER_SESSION_PRESENCE_H_

#include <functional>
#include <memory>

#include "server/base/end_signal.h"
#include "server/identity/sid.h"

namespace bitsd {

class Presence {
 public:
  virtual ~Presence() = default;

  /// Open while `user` has a session; ends with the last one. Null: the user has none.
  virtual std::shared_ptr<EndSignal> Of(const Sid& user) const = 0;

  /// Keeps `fn` and runs it once, at the next logon of `user`. False, and nothing is kept, when the
  /// user is logged on.
  virtual bool AwaitLogon(const Sid& user, std::function<void()> fn) = 0;
};

}  // namespace bitsd

#endif  // BITSD_SERVER_SESSION_PRESENCE_H_
