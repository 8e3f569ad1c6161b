#include "server/job/changes/job_version.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "server/model/network_settings.h"
#include "server/policy/openers.h"

namespace bitsd {
namespace {

/// States in which nothing is transferred and that no grant leads to.
bool IsStop(JobState state) {
  return state == JobState::kSuspended || state == JobState::kError ||
         state == JobState::kTransientError || state == JobState::kCancelled;
}

bool KeepsToken(const HelperTokenPtr& base, const HelperTokenPtr& next) {
  if (base == nullptr || base == next) return true;
  return next != nullptr && policy::ActAlike(base->identity(), next->identity()) &&
         base->principal() == next->principal() &&
         policy::SameScope(base->scope().get(), next->scope().get());
}

/// What of `base` is in force before the change to `next` is in the store: all but the credentials
/// and the certificate that `next` does not have, or has otherwise. `base` itself when it
/// withdraws nothing.
NetworkSettingsPtr KeptOf(const NetworkSettingsPtr& base, const NetworkSettingsPtr& next) {
  if (base == nullptr || base == next) return base;
  NetworkSettings kept = *base;
  const NetworkSettings wanted = next == nullptr ? NetworkSettings() : *next;
  std::erase_if(kept.credentials, [&](const JobCredential& credential) {
    const bool stays = std::find(wanted.credentials.begin(), wanted.credentials.end(),
                                 credential) != wanted.credentials.end();
    // That others may serve in its place is a grant, which waits for the commit.
    if (!stays && !credential.is_implicit()) {
      kept.lost.push_back({credential.target, credential.scheme});
    }
    return !stays;
  });
  if (kept.client_certificate != wanted.client_certificate) kept.client_certificate.reset();
  return kept == *base ? base : SharedSettings(std::move(kept));
}

/// What a stop is made of. Whatever else `next` has was granted: a file that was added, a name.
void Stop(JobRecord& record, const JobRecord& next) {
  record.state = next.state;
  record.error = next.error;
  record.error_count = next.error_count;
  record.no_progress_since = next.no_progress_since;
}

}  // namespace

JobVersion Withdrawn(const JobVersion& base, const JobVersion& next) {
  JobVersion result = base;
  if (!KeepsToken(base.token, next.token)) result.token = nullptr;
  const bool stops = IsStop(next.record->state) && next.record->state != base.record->state;
  const uint32_t flags = base.record->token_flags & next.record->token_flags;
  const NetworkSettingsPtr network = KeptOf(base.record->network, next.record->network);
  const bool takes = flags != base.record->token_flags || network != base.record->network;
  if (!stops && !takes) return result;
  auto record = std::make_shared<JobRecord>(*base.record);
  if (stops) Stop(*record, *next.record);
  record->token_flags = flags;
  record->network = network;
  result.record = std::move(record);
  return result;
}

}  // namespace bitsd
