#include "server/identity/call_metadata.h"

#include <algorithm>
#include <cctype>
#include <string>
#include <utility>

#include "server/error/errors.h"
#include "server/identity/impersonation_level.h"

namespace bitsd {
namespace {

constexpr std::string_view kPrefix = "bits-";
constexpr std::string_view kFilterKey = "bits-filter-admin";
constexpr std::string_view kLevelKey = "bits-impersonation-level";
constexpr std::string_view kSessionKey = "bits-session-id";

/// HTTP/2 keys are lower case; whatever a transport lets through otherwise is not ignored either.
bool IsOurs(std::string_view key) {
  const auto same = [](unsigned char a, char b) { return std::tolower(a) == b; };
  return key.size() >= kPrefix.size() &&
         std::equal(kPrefix.begin(), kPrefix.end(), key.begin(),
                    [&](char b, char a) { return same(static_cast<unsigned char>(a), b); });
}

absl::Status GivenTwice(std::string_view key) {
  return error::InvalidArgument(std::string(key) + " is given twice: send it once");
}

}  // namespace

void CallMetadataParser::Add(std::string_view key, std::string_view value) {
  if (status_.ok() && IsOurs(key)) status_ = Take(key, value);
}

absl::StatusOr<CallMetadata> CallMetadataParser::Finish() const {
  if (!status_.ok()) return status_;
  return result_;
}

absl::Status CallMetadataParser::Take(std::string_view key, std::string_view value) {
  if (key == kFilterKey) return TakeFilter(value);
  if (key == kLevelKey) return TakeLevel(value);
  if (key == kSessionKey) return TakeSession(value);
  return error::InvalidArgument(
      "unknown bits- metadata: the keys are bits-filter-admin, bits-impersonation-level and "
      "bits-session-id");
}

absl::Status CallMetadataParser::TakeFilter(std::string_view value) {
  if (std::exchange(has_filter_, true)) return GivenTwice(kFilterKey);
  if (value != "1") return error::InvalidArgument("bits-filter-admin is 1 or left out");
  result_.filter_administrators = true;
  return absl::OkStatus();
}

absl::Status CallMetadataParser::TakeLevel(std::string_view value) {
  if (std::exchange(has_level_, true)) return GivenTwice(kLevelKey);
  const std::optional<ImpersonationLevel> level = ParseImpersonationLevel(value);
  if (!level) {
    return error::InvalidArgument("bits-impersonation-level is " +
                                  std::string(kImpersonationLevelNames));
  }
  result_.level = *level;
  return absl::OkStatus();
}

absl::Status CallMetadataParser::TakeSession(std::string_view value) {
  if (result_.session) return GivenTwice(kSessionKey);
  const absl::StatusOr<SessionId> session = SessionId::Parse(value);
  if (!session.ok()) {
    return error::InvalidArgument("bits-session-id is the session_id that Logon returned, a UUID");
  }
  result_.session = *session;
  return absl::OkStatus();
}

}  // namespace bitsd
