// What a reload of the configuration or of the account directory changes for jobs.

#include <algorithm>
#include <utility>

#include "server/job/calls/job_manager.h"

namespace bitsd {

std::shared_ptr<const JobManager::Options> JobManager::CurrentOptions() const {
  std::lock_guard lock(options_mutex_);
  return options_;
}

void JobManager::Reconfigure(Options options) {
  auto next = std::make_shared<const Options>(std::move(options));
  handles_.SetIdleLimit(next->handle_idle);
  ledger_.SetLimits(next->answers);
  std::lock_guard lock(options_mutex_);
  options_.swap(next);
}

void JobManager::OnAccountsChanged(const std::vector<Sid>& gone) {
  for (const Sid& owner : gone) {
    for (const JobPtr& job : table_.OfOwner(owner)) {
      DiscardAnyToken(job, "owner_gone");
    }
  }
  for (const JobPtr& job : table_.All()) job->OnAccountsChanged();
}

}  // namespace bitsd
