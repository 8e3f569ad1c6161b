// The account directory: which POSIX identity, groups and limits stand behind a SID.
//
// An interface, so that SSSD, winbind or LDAP can stand behind it; the file implementation is in
// file_directory.h. Thread safety: const methods may be called from any thread. Ownership: accounts
// are shared and immutable.

#ifndef BITSD_SERVER_IDENTITY_ACCOUNT_DIRECTORY_H_
#define BITSD_SERVER_IDENTITY_ACCOUNT_DIRECTORY_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "server/identity/access_token.h"
#include "server/identity/network_credentials.h"
#include "server/identity/sid.h"

namespace bitsd {

struct Account {
  Sid sid;
  std::string name;
  std::optional<PosixIdentity> posix;  ///< Unset: an account that only calls, and opens nothing.
  mode_t umask = 022;
  std::vector<SidGroup> groups;
  bool service = false;
  bool disabled = false;
  ImpersonationLevel max_level = ImpersonationLevel::kDelegate;
  NetworkCredentials network;             ///< What a token that is not filtered may show.
  std::optional<PosixIdentity> filtered;  ///< Who a filtered token opens files as.
  NetworkCredentials filtered_network;    ///< What it may show. Nothing without `filtered`.
  /// SHA-256 of the certificates (DER, lower-case hex) that may carry S-1-5-18, -19 or -20.
  std::vector<std::string> certificates;

  friend bool operator==(const Account&, const Account&) = default;

  bool IsAdministrator() const { return HasEnabledAdministrators(groups); }
};

class AccountDirectory {
 public:
  virtual ~AccountDirectory() = default;

  /// The account of `sid`, or nullptr. Never blocks.
  virtual std::shared_ptr<const Account> Find(const Sid& sid) const = 0;

  /// True when an enabled account maps `sid` to exactly `identity`, as its full or filtered side.
  bool Holds(const Sid& sid, const PosixIdentity& identity) const;

  /// True when an enabled account has exactly `kerberos` and `ntlm`, on its full or filtered side,
  /// and any of the two.
  bool HoldsCredentials(const Sid& sid, const std::optional<KerberosAccount>& kerberos,
                        const std::optional<NtlmAccount>& ntlm) const;

  /// True when an enabled account may delegate credentials of some principal.
  bool MayDelegate(const Sid& sid) const;
};

}  // namespace bitsd

#endif  // BITSD_SERVER_IDENTITY_ACCOUNT_DIRECTORY_H_
