#include "server/job/calls/handle_calls.h"

#include <utility>

#include "server/error/errors.h"
#include "server/job/calls/call_audit.h"

namespace bitsd {

policy::JobFacts FactsOf(const JobVersion& job) {
  return {job.record->state, job.record->elevated};
}

absl::StatusOr<std::string> HandleCalls::QueryInterface(const Caller& caller, const JobId& id,
                                                        const std::optional<Sid>& helper) {
  const auto job = deps_.jobs.Open(caller, id);
  if (!job.ok()) return job.status();
  policy::HandleFacts facts;
  facts.acquirer = caller.token->user;
  facts.acquired_as_owner = caller.token->user == (*job)->owner();
  facts.acquired_as_enabled_administrator = caller.token->IsEnabledAdministrator();
  facts.bound_helper = helper;
  auto handle = deps_.handles.Acquire(id, facts, caller);
  if (handle.ok()) {
    AuditCall(deps_.audit, caller, "handle_acquired", id,
              {{"handle", deps_.handles.Digest(*handle)},
               {"helper_sid", helper ? helper->ToString() : ""}});
  }
  return handle;
}

absl::Status HandleCalls::Release(const Caller& caller, std::string_view handle) {
  const auto found = deps_.handles.Find(handle);
  if (!found.ok()) return found.status();
  if (found->facts->acquirer != caller.token->user) {
    return error::AccessDenied(Rule::kHandleReleaseByAnother,
                               "only the identity that acquired a handle may release it");
  }
  deps_.handles.Release(handle);
  AuditCall(deps_.audit, caller, "handle_released", found->job,
            {{"handle", deps_.handles.Digest(handle)}});
  return absl::OkStatus();
}

absl::StatusOr<HandleCalls::Presented> HandleCalls::Present(const Caller& caller,
                                                            std::string_view handle,
                                                            policy::TokenCall call) {
  const auto found = deps_.handles.Find(handle);
  if (!found.ok()) return found.status();
  const absl::Status status = policy::MayPresentHandle(*found->facts, caller.token->user, call);
  if (!status.ok()) return status;
  JobPtr job = deps_.table.Find(found->job);
  if (job == nullptr) return error::Disconnected("the job of this handle is gone");
  return Presented{std::move(job), found->facts, found->ended};
}

absl::StatusOr<HandleCalls::Presented> HandleCalls::PresentForReading(const Caller& caller,
                                                                      std::string_view handle,
                                                                      policy::TokenCall call) {
  auto presented = Present(caller, handle, call);
  if (!presented.ok()) return presented;
  const absl::Status status = policy::MayUseHandle(deps_.options.Get()->policy, *presented->facts,
                                                   FactsOf(presented->job->InForce()));
  if (!status.ok()) return status;
  return presented;
}

}  // namespace bitsd
