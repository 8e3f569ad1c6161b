#include "server/identity/account_directory.h"

namespace bitsd {

bool AccountDirectory::Holds(const Sid& sid, const PosixIdentity& identity) const {
  const std::shared_ptr<const Account> account = Find(sid);
  if (account == nullptr || account->disabled) return false;
  return account->posix == identity || account->filtered == identity;
}

}  // namespace bitsd
