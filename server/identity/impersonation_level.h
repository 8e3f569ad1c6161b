// The names of the impersonation levels, as metadata and the account directory write them.
//
// Thread safety: pure functions.

#ifndef BITSD_SERVER_IDENTITY_IMPERSONATION_LEVEL_H_
#define BITSD_SERVER_IDENTITY_IMPERSONATION_LEVEL_H_

#include <optional>
#include <string_view>

#include "server/identity/access_token.h"

namespace bitsd {

inline constexpr std::string_view kImpersonationLevelNames =
    "anonymous, identify, impersonate or delegate";

/// The level called `name`, exactly; otherwise unset.
std::optional<ImpersonationLevel> ParseImpersonationLevel(std::string_view name);

}  // namespace bitsd

#endif  // BITSD_SERVER_IDENTITY_IMPERSONATION_LEVEL_H_
