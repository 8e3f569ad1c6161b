// The fake's handles and helper tokens.
#include <google/protobuf/util/time_util.h>

#include "bitsd/client/handle.h"
#include "client/base/uuid.h"
#include "client/fake/errors.h"
#include "client/fake/state.h"

namespace bits {
namespace {

using google::protobuf::util::TimeUtil;

constexpr int64_t kLoanSeconds = 3600;
constexpr uint32_t kAllFlags = 3;

/// 32 bytes that no other handle has.
absl::StatusOr<std::string> NewHandle() {
  auto id = NewUuid();
  if (!id.ok()) return id.status();
  std::string bytes;
  for (const char c : *id) {
    if (c != '-') bytes += c;
  }
  return bytes;
}

/// The job has lost its token: what needs it cannot go on.
void FailWithoutToken(v1::Job& job) {
  if (job.helper_token_flags() == 0 || job.state() == v1::JOB_STATE_TRANSFERRED) return;
  job.set_state(v1::JOB_STATE_ERROR);
  v1::JobError& error = *job.mutable_error();
  error.set_context(v1::ERROR_CONTEXT_GENERAL_QUEUE_MANAGER);
  error.set_hresult(fake::kTokenRequired);
  error.set_reason("BG_E_TOKEN_REQUIRED");
  job.set_error_count(job.error_count() + 1);
}

}  // namespace

void FakeService::State::ServeTokens() {
  Serve(&State::QueryInterface);
  Serve(&State::Release);
  Serve(&State::SetHelperTokenFlags);
  Serve(&State::GetHelperTokenFlags);
  Serve(&State::SetHelperToken);
  Serve(&State::ClearHelperToken);
  Serve(&State::GetHelperTokenSid);
}

absl::StatusOr<FakeService::State::HandleEntry*> FakeService::State::FindHandle(
    const CallContext& context, const std::string& handle) {
  const auto found = handles_.find(handle);
  if (found == handles_.end()) return fake::Disconnected();
  HandleEntry& entry = found->second;
  const bool bound_to_another = entry.helper && *entry.helper != context.sid();
  if (bound_to_another && entry.acquirer != context.sid()) {
    return fake::Denied("handle_bound_to_another");
  }
  return &entry;
}

absl::StatusOr<FakeService::State::Entry*> FakeService::State::FindByHandle(
    const CallContext& context, const std::string& handle) {
  const auto entry = FindHandle(context, handle);
  if (!entry.ok()) return entry.status();
  const v1::Job& job = jobs_[(*entry)->job_id].job;
  const bool finished =
      job.state() == v1::JOB_STATE_ACKNOWLEDGED || job.state() == v1::JOB_STATE_CANCELLED;
  if (finished) return fake::InvalidState("the job is finished");
  return &jobs_[(*entry)->job_id];
}

absl::Status FakeService::State::QueryInterface(const CallContext& context,
                                                const v1::QueryInterfaceRequest& request,
                                                v1::QueryInterfaceResponse& answer) {
  const auto entry = FindUnfinished(context, request.job_id());
  if (!entry.ok()) return entry.status();
  auto handle = NewHandle();
  if (!handle.ok()) return handle.status();
  HandleEntry& made = handles_[*handle];
  made.job_id = (*entry)->job.id();
  made.acquirer = context.sid();
  if (request.has_helper_sid()) made.helper = request.helper_sid();
  answer.set_handle(*std::move(handle));
  return absl::OkStatus();
}

absl::Status FakeService::State::Release(const CallContext& context,
                                         const v1::ReleaseRequest& request, v1::ReleaseResponse&) {
  const auto found = handles_.find(request.handle());
  if (found == handles_.end()) return fake::Disconnected();
  if (found->second.acquirer != context.sid()) return fake::Denied("handle_release_by_another");
  handles_.erase(found);
  return absl::OkStatus();
}

absl::Status FakeService::State::SetHelperTokenFlags(const CallContext& context,
                                                     const v1::SetHelperTokenFlagsRequest& request,
                                                     v1::SetHelperTokenFlagsResponse&) {
  if ((request.usage_flags() & ~kAllFlags) != 0) return fake::InvalidArgument("no such flag");
  const auto handle = FindHandle(context, request.handle());
  if (!handle.ok()) return handle.status();
  if ((*handle)->helper && (*handle)->acquirer != context.sid()) {
    return fake::Denied("helper_cannot_change_flags");
  }
  const auto entry = FindByHandle(context, request.handle());
  if (!entry.ok()) return entry.status();
  (*entry)->job.set_helper_token_flags(request.usage_flags());
  Touch(**entry);
  return absl::OkStatus();
}

absl::Status FakeService::State::GetHelperTokenFlags(const CallContext& context,
                                                     const v1::GetHelperTokenFlagsRequest& request,
                                                     v1::GetHelperTokenFlagsResponse& answer) {
  const auto entry = FindByHandle(context, request.handle());
  if (entry.ok()) answer.set_usage_flags((*entry)->job.helper_token_flags());
  return entry.status();
}

absl::Status FakeService::State::SetHelperToken(const CallContext& context,
                                                const v1::SetHelperTokenRequest& request,
                                                v1::SetHelperTokenResponse& answer) {
  const auto entry = FindByHandle(context, request.handle());
  if (!entry.ok()) return entry.status();
  if (context.options().impersonation_level < ImpersonationLevel::kImpersonate) {
    return MakeStatus(absl::StatusCode::kPermissionDenied,
                      {0x80010123, "CO_E_FAILEDTOIMPERSONATE", "impersonation_level"},
                      "the impersonation level is below impersonate");
  }
  auto end = TimeUtil::GetCurrentTime() + TimeUtil::SecondsToDuration(kLoanSeconds);
  if (request.scope().has_max_expire_time() && request.scope().max_expire_time() < end) {
    end = request.scope().max_expire_time();
  }
  v1::Job& job = (*entry)->job;
  job.set_helper_token_sid(context.sid());
  *job.mutable_helper_token_expire_time() = end;
  job.clear_helper_token_scope();
  if (request.has_scope()) *job.mutable_helper_token_scope() = request.scope();
  Touch(**entry);
  *answer.mutable_expire_time() = end;
  return absl::OkStatus();
}

absl::Status FakeService::State::ClearHelperToken(const CallContext& context,
                                                  const v1::ClearHelperTokenRequest& request,
                                                  v1::ClearHelperTokenResponse&) {
  const auto entry = FindByHandle(context, request.handle());
  if (!entry.ok()) return entry.status();
  v1::Job& job = (*entry)->job;
  if (!job.has_helper_token_sid()) return absl::OkStatus();
  job.clear_helper_token_sid();
  job.clear_helper_token_expire_time();
  job.clear_helper_token_scope();
  FailWithoutToken(job);
  Touch(**entry);
  return absl::OkStatus();
}

absl::Status FakeService::State::GetHelperTokenSid(const CallContext& context,
                                                   const v1::GetHelperTokenSidRequest& request,
                                                   v1::GetHelperTokenSidResponse& answer) {
  const auto entry = FindByHandle(context, request.handle());
  if (!entry.ok()) return entry.status();
  const v1::Job& job = (*entry)->job;
  if (job.has_helper_token_sid()) answer.set_sid(job.helper_token_sid());
  return absl::OkStatus();
}

}  // namespace bits
