#include "server/job/owner_presence.h"

#include <memory>
#include <utility>

#include "server/policy/session_rules.h"

namespace bitsd {

Attachment OwnerPresence::OnLogoff() const {
  std::shared_ptr<EndSignal> line = core_.environment().presence.Of(core_.owner());
  if (line == nullptr) return {};
  return {std::move(line), [weak = core_.weak_from_this(), observer = &observer_](
                               std::string_view, const WaitGroupPtr& wait_group) {
            if (const auto job = weak.lock()) observer->OnOwnerLoggedOff(wait_group);
          }};
}

bool OwnerPresence::Require(const Account& owner, Deferred& deferred) {
  if (policy::IsAlwaysLoggedOn(core_.owner(), owner.service)) return true;
  if (logoff_.holds() && logoff_.line()->is_open()) return true;
  while (true) {
    logoff_ = OnLogoff();
    if (logoff_.holds()) return true;
    if (awaits_logon_) return false;
    awaits_logon_ = core_.environment().presence.AwaitLogon(
        core_.owner(), [weak = core_.weak_from_this(), observer = &observer_] {
          if (const auto job = weak.lock()) observer->OnOwnerLoggedOn();
        });
    if (awaits_logon_) core_.Changed(deferred);
  }
}

}  // namespace bitsd
