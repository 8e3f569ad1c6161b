// A loan and its scope, there and back.

#include <vector>

#include "server/error/errors.h"
#include "server/rpc/convert/convert.h"

namespace bitsd::rpc {
namespace {

constexpr int kMaxNanos = 999'999'999;

absl::StatusOr<absl::Time> ParseEnd(const google::protobuf::Timestamp& end, absl::Time now) {
  const absl::Time time = absl::FromUnixSeconds(end.seconds()) + absl::Nanoseconds(end.nanos());
  const bool valid = end.nanos() >= 0 && end.nanos() <= kMaxNanos;
  if (valid && time > now) return time;
  return error::InvalidArgument("scope.max_expire_time: a loan ends in the future");
}

}  // namespace

v1::TokenScope ToProto(const policy::TokenScope& scope) {
  v1::TokenScope out;
  for (const std::string& root : scope.local_roots) out.add_local_roots(root);
  for (const policy::HostRule& host : scope.hosts) out.add_hosts(host.text);
  out.set_usage_flags(scope.usage_flags);
  return out;
}

absl::StatusOr<Loan> ParseLoan(const v1::SetHelperTokenRequest& request, absl::Time now) {
  Loan loan;
  if (request.has_delegated_credentials()) {
    loan.delegated.emplace(request.delegated_credentials().credential_cache());
  }
  if (!request.has_scope()) return loan;
  const v1::TokenScope& scope = request.scope();
  absl::StatusOr<policy::TokenScope> parsed =
      policy::ParseScope({scope.local_roots().begin(), scope.local_roots().end()},
                         {scope.hosts().begin(), scope.hosts().end()}, scope.usage_flags());
  if (!parsed.ok()) return parsed.status();
  loan.scope = std::make_shared<const policy::TokenScope>(*std::move(parsed));
  if (!scope.has_max_expire_time()) return loan;
  const absl::StatusOr<absl::Time> end = ParseEnd(scope.max_expire_time(), now);
  if (!end.ok()) return end.status();
  loan.end = *end;
  return loan;
}

}  // namespace bitsd::rpc
