#include "client/identity/caller.h"

#include <algorithm>
#include <chrono>

#include "bitsd/client/logon_session.h"

namespace bits {
namespace {

constexpr size_t kMaxSessionId = 128;

const char* LevelName(ImpersonationLevel level) {
  switch (level) {
    case ImpersonationLevel::kAnonymous: return "anonymous";
    case ImpersonationLevel::kIdentify: return "identify";
    case ImpersonationLevel::kImpersonate: return "impersonate";
    case ImpersonationLevel::kDelegate: return "delegate";
  }
  return "anonymous";
}

// gRPC ends the program when metadata has anything but printable ASCII.
bool CanBeSessionId(const std::string& id) {
  return id.size() <= kMaxSessionId &&
         std::all_of(id.begin(), id.end(), [](char c) { return c > ' ' && c < '\x7f'; });
}

absl::StatusOr<std::shared_ptr<const Caller>> Checked(Caller caller) {
  if (!CanBeSessionId(caller.options.session_id)) {
    return absl::InvalidArgumentError("session_id is not what Logon returned");
  }
  return std::make_shared<const Caller>(std::move(caller));
}

}  // namespace

absl::Status Caller::Check() const {
  if (identity.certificate.empty()) return absl::OkStatus();
  return identity.Check(std::chrono::system_clock::now());
}

std::vector<std::pair<std::string, std::string>> MetadataOf(const ImpersonationOptions& options) {
  std::vector<std::pair<std::string, std::string>> metadata;
  metadata.emplace_back("bits-impersonation-level", LevelName(options.impersonation_level));
  if (options.filter_admin) metadata.emplace_back("bits-filter-admin", "1");
  if (!options.session_id.empty()) metadata.emplace_back("bits-session-id", options.session_id);
  return metadata;
}

absl::StatusOr<std::shared_ptr<const Caller>> MakeCaller(Identity identity,
                                                         ImpersonationOptions options) {
  absl::Status status = identity.Check(std::chrono::system_clock::now());
  if (!status.ok()) return status;
  auto sid = identity.Sid();
  if (!sid.ok()) return sid.status();
  return Checked({std::move(identity), *std::move(sid), std::move(options)});
}

absl::StatusOr<std::shared_ptr<const Caller>> MakeTestCaller(std::string sid,
                                                             ImpersonationOptions options) {
  return Checked({{}, std::move(sid), std::move(options)});
}

absl::Status CheckSession(const std::string& sid, const LogonSession& session) {
  if (session.sid() == sid) return absl::OkStatus();
  return absl::InvalidArgumentError("logon session " + session.id() + " is that of " +
                                    session.sid() + ", not of " + sid);
}

std::shared_ptr<const Caller> InSession(const Caller& caller, std::string session_id) {
  Caller other = caller;
  other.options.session_id = std::move(session_id);
  return std::make_shared<const Caller>(std::move(other));
}

}  // namespace bits
