// Which caller may reach which method, before any rule of the method itself. Default: deny.
//
// Thread safety: constants and pure functions.

#ifndef BITSD_SERVER_POLICY_METHOD_TABLE_H_
#define BITSD_SERVER_POLICY_METHOD_TABLE_H_

#include <string_view>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "server/identity/access_token.h"

namespace bitsd::policy {

enum class Admission {
  kVerifiedPeer,          ///< Any peer whose certificate chain verified, anonymous level included.
  kAcceptedIdentity,      ///< An accepted identity, at level identify or above.
  kEnabledAdministrator,  ///< That, and S-1-5-32-544 ENABLED.
};

struct MethodRow {
  std::string_view path;  ///< "/bits.v1.BackgroundCopyManager/GetJob", or "/package.Service/*".
  Admission admission;
};

absl::Span<const MethodRow> AllMethodRows();

/// The row that covers `path`, or nullptr: denied.
const MethodRow* FindMethodRow(std::string_view path);

/// May a caller reach `path`? `token` is null for a verified peer whose identity was refused, with
/// `refusal` saying why; else `refusal` is OK. A refused identity gets its refusal for every path
/// but those of kVerifiedPeer, known or not; the others E_ACCESSDENIED with method_denied.
absl::Status MayCall(std::string_view path, const AccessToken* token, const absl::Status& refusal);

}  // namespace bitsd::policy

#endif  // BITSD_SERVER_POLICY_METHOD_TABLE_H_
