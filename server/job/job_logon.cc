// The owner of a job logs on and off: the job runs in between, and waits in QUEUED else.

#include <utility>

#include "server/job/job.h"
#include "server/policy/session_rules.h"

namespace bitsd {

bool Job::OwnerIsLoggedOn(const Account& owner) const {
  return policy::IsAlwaysLoggedOn(owner_, owner.service) ||
         environment_.presence.Of(owner_) != nullptr;
}

bool Job::HangOnPresence(const Account& owner, Deferred& deferred) {
  if (policy::IsAlwaysLoggedOn(owner_, owner.service)) return true;
  if (presence_.holds() && presence_.line()->is_open()) return true;
  while (true) {
    presence_ = OnLogoff();
    if (presence_.holds()) return true;
    if (awaits_logon_) return false;
    awaits_logon_ = environment_.presence.AwaitLogon(owner_, [weak = weak_from_this()] {
      if (const auto job = weak.lock()) job->OnOwnerLoggedOn();
    });
    if (awaits_logon_) Changed(deferred);
  }
}

void Job::OnOwnerLoggedOff(const WaitGroupPtr& wait_group) {
  Deferred deferred;
  {
    std::lock_guard lock(mutex_);
    Evaluate(deferred);
    if (wait_group != nullptr) {
      if (stopping_) on_stopped_.push_back([wait_group] {});
      if (beside_) {
        for (const SideWorkPtr& work : *beside_) {
          if (work->stopping) work->on_stopped.push_back([wait_group] {});
        }
      }
    }
    Changed(deferred);
  }
  Run(deferred);
}

void Job::OnOwnerLoggedOn() {
  Deferred deferred;
  {
    std::lock_guard lock(mutex_);
    awaits_logon_ = false;
    Evaluate(deferred);
    Changed(deferred);
  }
  Run(deferred);
}

}  // namespace bitsd
