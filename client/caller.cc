#include "client/caller.h"

#include <algorithm>
#include <chrono>

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

}  // namespace

std::vector<std::pair<std::string, std::string>> Caller::Metadata() const {
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
  if (!CanBeSessionId(options.session_id)) {
    return absl::InvalidArgumentError("session_id is not what Logon returned");
  }
  auto sid = identity.Sid();
  if (!sid.ok()) return sid.status();
  Caller caller{std::move(identity), *std::move(sid), std::move(options)};
  return std::make_shared<const Caller>(std::move(caller));
}

std::shared_ptr<const Caller> InSession(const Caller& caller, std::string session_id) {
  Caller other = caller;
  other.options.session_id = std::move(session_id);
  return std::make_shared<const Caller>(std::move(other));
}

}  // namespace bits
