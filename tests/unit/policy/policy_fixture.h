// What the tests of policy share: identities, tokens, and verdicts as the words of the tables.
//
// Thread safety: constants and pure functions.

#ifndef BITSD_TESTS_UNIT_POLICY_POLICY_FIXTURE_H_
#define BITSD_TESTS_UNIT_POLICY_POLICY_FIXTURE_H_

#include <string>

#include "absl/status/status.h"
#include "server/error/errors.h"
#include "server/identity/access_token.h"
#include "server/identity/sid.h"

namespace bitsd::policy {

inline const Sid kFetcher{5, {21, 1, 2, 3, 1001}};
inline const Sid kAlice{5, {21, 1, 2, 3, 1002}};
inline const Sid kMallory{5, {21, 1, 2, 3, 1003}};
inline const Sid kRoot{5, {21, 1, 2, 3, 500}};

inline const PosixIdentity kPosix{61001, 61001, {61100}};
inline const PosixIdentity kFilteredPosix{61901, 61901, {}};

/// How a token carries S-1-5-32-544.
enum class Admin { kNone, kEnabled, kDenyOnly };

inline AccessToken TokenOf(const Sid& user, Admin admin = Admin::kNone) {
  AccessToken token;
  token.user = user;
  token.posix = kPosix;
  token.filtered = admin == Admin::kDenyOnly;
  if (admin == Admin::kEnabled) token.groups = {{kAdministratorsSid, kGroupEnabled}};
  if (admin == Admin::kDenyOnly) token.groups = {{kAdministratorsSid, kGroupUseForDenyOnly}};
  return token;
}

/// "ok", the rule that refused, or else the name of the HRESULT or "UNAUTHENTICATED".
inline std::string Verdict(const absl::Status& status) {
  if (status.ok()) return "ok";
  if (status.code() == absl::StatusCode::kUnauthenticated) return "UNAUTHENTICATED";
  const ErrorDetail detail = DetailOf(status);
  if (!detail.rule.empty()) return detail.rule;
  return HresultName(static_cast<uint32_t>(detail.hresult));
}

}  // namespace bitsd::policy

#endif  // BITSD_TESTS_UNIT_POLICY_POLICY_FIXTURE_H_
