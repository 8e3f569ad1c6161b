// The fake's logon sessions.
#include "client/base/uuid.h"
#include "client/fake/errors.h"
#include "client/fake/state.h"

namespace bits {
namespace {

constexpr int64_t kDefaultTtl = 3600;

}  // namespace

void FakeService::State::ServeSessions() {
  Serve(&State::Logon);
  Serve(&State::Logoff);
}

absl::Status FakeService::State::Logon(const CallContext& context, const v1::LogonRequest& request,
                                       v1::LogonResponse& answer) {
  auto id = NewUuid();
  if (!id.ok()) return id.status();
  sessions_[*id] = context.sid();
  answer.set_session_id(*std::move(id));
  answer.mutable_ttl()->set_seconds(request.has_ttl() ? request.ttl().seconds() : kDefaultTtl);
  return absl::OkStatus();
}

absl::Status FakeService::State::Logoff(const CallContext& context,
                                        const v1::LogoffRequest& request, v1::LogoffResponse&) {
  if (request.session_id().empty()) return absl::OkStatus();
  const auto session = sessions_.find(request.session_id());
  if (session == sessions_.end()) return fake::NotFound();
  if (session->second != context.sid()) return fake::Denied("session_of_another");
  sessions_.erase(session);
  changed_.notify_all();
  return absl::OkStatus();
}

}  // namespace bits
