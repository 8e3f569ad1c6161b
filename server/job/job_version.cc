#include "server/job/job_version.h"

#include <utility>

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
         policy::SameScope(base->scope().get(), next->scope().get());
}

}  // namespace

JobVersion Withdrawn(const JobVersion& base, const JobVersion& next) {
  JobVersion result = base;
  if (!KeepsToken(base.token, next.token)) result.token = nullptr;
  const bool stops = IsStop(next.record->state) && next.record->state != base.record->state;
  const uint32_t flags = base.record->token_flags & next.record->token_flags;
  if (!stops && flags == base.record->token_flags) return result;
  auto record = std::make_shared<JobRecord>(stops ? *next.record : *base.record);
  record->token_flags = flags;
  result.record = std::move(record);
  return result;
}

}  // namespace bitsd
