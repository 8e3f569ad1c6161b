#include "server/identity/account_directory.h"

namespace bitsd {

bool AccountDirectory::Holds(const Sid& sid, const PosixIdentity& identity) const {
  const std::shared_ptr<const Account> account = Find(sid);
  if (account == nullptr || account->disabled) return false;
  return account->posix == identity || account->filtered == identity;
}

bool AccountDirectory::HoldsCredentials(const Sid& sid,
                                        const std::optional<KerberosAccount>& kerberos,
                                        const std::optional<NtlmAccount>& ntlm) const {
  const std::shared_ptr<const Account> account = Find(sid);
  if (account == nullptr || account->disabled || (!kerberos && !ntlm)) return false;
  const auto same = [&](const NetworkCredentials& side) {
    return side.kerberos == kerberos && side.ntlm == ntlm;
  };
  return same(account->network) || same(account->filtered_network);
}

bool AccountDirectory::MayDelegate(const Sid& sid) const {
  const std::shared_ptr<const Account> account = Find(sid);
  if (account == nullptr || account->disabled) return false;
  return !account->network.delegated.empty() || !account->filtered_network.delegated.empty();
}

}  // namespace bitsd
