#include "server/identity/access_token.h"

#include <algorithm>

namespace bitsd {

bool HasEnabledAdministrators(const std::vector<SidGroup>& groups) {
  return std::any_of(groups.begin(), groups.end(), [](const SidGroup& group) {
    return group.sid == kAdministratorsSid && (group.attributes & kGroupEnabled) != 0 &&
           (group.attributes & kGroupUseForDenyOnly) == 0;
  });
}

bool AccessToken::IsEnabledAdministrator() const { return HasEnabledAdministrators(groups); }

}  // namespace bitsd
