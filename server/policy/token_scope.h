// What a lender lends a token for: folders, hosts, uses. Outside of it nothing is opened, not even
// as the owner.
//
// A folder holds what is below it, component by component, as text; that no link leads out of it is
// the broker's to see to, which follows none. Hosts are those of host_rules.h.
//
// Thread safety: values and pure functions.

#ifndef BITSD_SERVER_POLICY_TOKEN_SCOPE_H_
#define BITSD_SERVER_POLICY_TOKEN_SCOPE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/policy/host_rules.h"

namespace bitsd::policy {

inline constexpr size_t kMaxScopeEntries = 64;  ///< Of each list.

/// An empty list limits nothing of its kind, and 0 no use.
struct TokenScope {
  std::vector<std::string> local_roots;
  std::vector<HostRule> hosts;
  uint32_t usage_flags = 0;

  friend bool operator==(const TokenScope&, const TokenScope&) = default;
};
using TokenScopePtr = std::shared_ptr<const TokenScope>;

/// E_INVALIDARG: too many entries, a root that is no canonical absolute path, a host that is none,
/// unknown flags.
absl::StatusOr<TokenScope> ParseScope(const std::vector<std::string>& local_roots,
                                      const std::vector<std::string>& hosts, uint32_t usage_flags);

/// Null is no scope: BITS' behaviour, everything.
bool SameScope(const TokenScope* a, const TokenScope* b);

/// May the token be used at all while `flags` are in force? E_ACCESSDENIED, token_scope.
absl::Status CheckScopeFlags(const TokenScope* scope, uint32_t flags);

/// The limits of one piece of work in which a token is used.
struct LoanLimits {
  TokenScopePtr scope;       ///< Null: none.
  bool local_files = false;  ///< The token opens the local files.

  friend bool operator==(const LoanLimits& a, const LoanLimits& b) {
    return SameScope(a.scope.get(), b.scope.get()) && a.local_files == b.local_files;
  }
};

/// For work while `flags` are in force: with 0 the token is idle and limits nothing.
LoanLimits LimitsOf(TokenScopePtr scope, uint32_t flags);

/// E_ACCESSDENIED, token_scope, unless the loan covers this local name.
absl::Status CheckLoanedFile(const LoanLimits& limits, std::string_view local_name);
/// The same for the host of a URL that CheckRemoteName takes: the first, and every redirect.
absl::Status CheckLoanedHost(const LoanLimits& limits, std::string_view url);

}  // namespace bitsd::policy

#endif  // BITSD_SERVER_POLICY_TOKEN_SCOPE_H_
