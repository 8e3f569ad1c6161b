#include "server/job/acting.h"

#include <utility>

#include "server/error/errors.h"
#include "server/identity/account_changes.h"
#include "server/policy/openers.h"
#include "server/policy/session_rules.h"

namespace bitsd {

absl::StatusOr<ActingIdentity> LocalIdentity(const JobVersion& version, const Account* owner) {
  const JobRecord& record = *version.record;
  if (absl::Status s = policy::OwnerStanding(owner, record.elevated); !s.ok()) return s;
  const HelperToken* token = version.LiveToken();
  const auto side =
      policy::SideFor(policy::Resource::kLocalFile, record.token_flags, token != nullptr);
  if (!side.ok()) return side.status();
  if (*side == policy::Side::kHelper) return policy::HelperIdentity(token->identity());
  return policy::OwnerIdentity(owner, record.elevated);
}

absl::StatusOr<policy::LoanLimits> LoanOf(const JobVersion& version, uint32_t flags) {
  const HelperToken* token = version.LiveToken();
  if (token == nullptr) return policy::LoanLimits();
  flags &= version.record->token_flags;
  if (absl::Status s = policy::CheckScopeFlags(token->scope().get(), flags); !s.ok()) return s;
  return policy::LimitsOf(token->scope(), flags);
}

absl::StatusOr<LocalActor> ActorOf(const JobVersion& version, std::shared_ptr<const Account> owner,
                                   uint32_t flags) {
  auto identity = LocalIdentity(version, owner.get());
  if (!identity.ok()) return identity.status();
  auto loan = LoanOf(version, flags);
  if (!loan.ok()) return loan.status();
  return LocalActor{std::move(owner), *std::move(identity), *std::move(loan)};
}

bool IsSame(const LocalActor& actor, const absl::StatusOr<LocalActor>& now) {
  return now.ok() && !WhatChanged(*actor.owner, now->owner.get()) &&
         now->identity == actor.identity && now->loan == actor.loan;
}

absl::StatusOr<LocalActor> FindLocalActor(const JobEnvironment& environment,
                                          const JobVersion& version) {
  const Sid& sid = version.record->owner;
  const std::shared_ptr<const Account> owner = environment.accounts.Find(sid);
  auto identity = LocalIdentity(version, owner.get());
  if (!identity.ok()) return identity.status();
  if (!IsLoggedOn(environment, sid, *owner)) {
    return error::NotLoggedOn(Rule::kOwnerLoggedOff, "the job's owner is not logged on");
  }
  auto loan = LoanOf(version, kTokenLocalFile);
  if (!loan.ok()) return loan.status();
  return LocalActor{owner, *std::move(identity), *std::move(loan)};
}

bool OwnerIsThere(const JobEnvironment& environment, const Sid& owner) {
  const auto account = environment.accounts.Find(owner);
  return account != nullptr && !account->disabled;
}

bool IsLoggedOn(const JobEnvironment& environment, const Sid& owner, const Account& account) {
  return policy::IsAlwaysLoggedOn(owner, account.service) ||
         environment.presence.Of(owner) != nullptr;
}

}  // namespace bitsd
