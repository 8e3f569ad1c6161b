#include "bitsd/client/logon_session.h"

#include <system_error>
#include <utility>

#include "client/base/uuid.h"
#include "client/calls/core.h"
#include "client/connection/callback_thread.h"
#include "client/session/session_keeper.h"

namespace bits {
namespace {

// Logs on; the route is that of the call, whose own session, if any, has no say in it.
absl::StatusOr<v1::LogonResponse> Ask(CallRoute route, std::chrono::seconds ttl) {
  route.caller = InSession(*route.caller, "");
  v1::LogonRequest request;
  request.mutable_ttl()->set_seconds(ttl.count());
  auto granted = route.Call<v1::LogonResponse>(request);
  if (!granted.ok()) return granted.status();
  // It becomes metadata.
  if (!CanonicalUuid(granted->session_id())) {
    return absl::InternalError("the service answered with a session id that is no UUID");
  }
  return granted;
}

}  // namespace

absl::StatusOr<LogonSession> LogonSession::Logon(const Client& client, LogonOptions options) {
  CallRoute route = client.core_->Capture();
  const auto granted = Ask(route, options.ttl);
  if (!granted.ok()) return granted.status();
  auto keeper = std::make_shared<Keeper>(route, *granted, std::move(options));
  try {
    std::thread thread([keeper] { keeper->Run(); });
    return LogonSession(std::move(keeper), std::move(thread));
  } catch (const std::system_error& error) {
    keeper->End(Farewell::kLogoff);
    keeper->Run();
    return absl::ResourceExhaustedError(std::string("no thread for the session: ") + error.what());
  }
}

LogonSession::LogonSession(std::shared_ptr<Keeper> keeper, std::thread thread)
    : keeper_(std::move(keeper)), thread_(std::move(thread)) {}

LogonSession::LogonSession(LogonSession&&) noexcept = default;

LogonSession& LogonSession::operator=(LogonSession&& other) noexcept {
  if (this != &other) {
    End(Farewell::kLogoff);
    keeper_ = std::move(other.keeper_);
    thread_ = std::move(other.thread_);
  }
  return *this;
}

LogonSession::~LogonSession() { End(Farewell::kLogoff); }

const std::string& LogonSession::id() const { return keeper_->id(); }
const std::string& LogonSession::sid() const { return keeper_->sid(); }
absl::Status LogonSession::status() const { return keeper_->status(); }

std::chrono::system_clock::time_point LogonSession::expire_time() const {
  return keeper_->expire_time();
}

absl::Status LogonSession::Logoff() {
  End(Farewell::kLogoff);
  return keeper_->goodbye();
}

void LogonSession::Detach() { End(Farewell::kDetach); }

void LogonSession::End(Farewell farewell) {
  if (keeper_ == nullptr) return;
  keeper_->End(farewell);
  if (!thread_.joinable()) return;
  // An on_lost may destroy the session, and so may a callback of an asynchronous call: the thread
  // finishes by itself then.
  if (thread_.get_id() == std::this_thread::get_id() || OnCallbackThread()) {
    thread_.detach();
  } else {
    thread_.join();
  }
}

}  // namespace bits
