#include "server/policy/remote_names.h"

#include <string>

#include "server/error/errors.h"

namespace bitsd::policy {
namespace {

absl::Status CheckLiteral(const Url& url, const RemoteRules& rules) {
  return url.literal ? CheckEndpoint(*url.literal, rules) : absl::OkStatus();
}

absl::Status Denied(const std::string& why) {
  return error::AccessDenied(Rule::kRedirectDenied, why);
}

}  // namespace

absl::Status CheckRemoteName(std::string_view url, const RemoteRules& rules) {
  const absl::StatusOr<Url> parsed = ParseUrl(url);
  return parsed.ok() ? CheckLiteral(*parsed, rules) : parsed.status();
}

absl::Status CheckRedirect(std::string_view from, std::string_view to, int count,
                           const RemoteRules& rules, bool https_to_http) {
  if (count > kMaxRedirects) return Denied("the server redirected more than 10 times");
  const absl::StatusOr<Url> source = ParseHop(from);
  const absl::StatusOr<Url> target = ParseHop(to);
  if (!source.ok() || !target.ok()) {
    const absl::Status& status = source.ok() ? target.status() : source.status();
    return Denied("the server redirected to a URL that is not taken: " +
                  std::string(status.message().data(), status.message().size()));
  }
  if (source->scheme == Scheme::kHttps && target->scheme == Scheme::kHttp && !https_to_http) {
    return Denied(
        "the server redirected from https to http: add the file with the http URL if it "
        "may be read without protection");
  }
  return CheckLiteral(*target, rules);
}

}  // namespace bitsd::policy
