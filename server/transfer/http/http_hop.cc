#include "server/transfer/http/http_hop.h"

#include <utility>

#include "server/policy/challenge_rules.h"
#include "server/policy/remote_names.h"

namespace bitsd {
namespace {

absl::StatusOr<std::optional<policy::Proxy>> ChooseProxy(const policy::Url& url,
                                                         const HttpTask& http,
                                                         const policy::NetworkRules& rules) {
  static const NetworkSettings kNone;
  const NetworkSettings& settings = http.settings != nullptr ? *http.settings : kNone;
  return policy::ProxyFor(url, settings.proxy_usage, {settings.proxy_list, settings.proxy_bypass},
                          rules.proxy);
}

}  // namespace

absl::StatusOr<HttpHop> FindHop(const std::string& url, const std::string& remote_name,
                                bool redirected, const HttpTask& http,
                                const policy::LoanLimits& loan, const TransferOptions& options) {
  const auto target = policy::ParseHop(url);
  if (!target.ok()) return target.status();
  const auto own = policy::ParseUrl(remote_name);
  if (!own.ok()) return own.status();
  auto proxy = ChooseProxy(*target, http, options.network);
  if (!proxy.ok()) return proxy.status();
  HttpHop hop{*target, *std::move(proxy), !redirected || policy::IsOwnHost(*own, *target)};
  if (!hop.proxy) return hop;
  absl::Status allowed = policy::CheckLoanedHost(loan, hop.proxy->Url());
  if (allowed.ok()) {
    allowed =
        policy::CheckBehindProxy(*target, options.remote_rules, options.network.behind_proxies);
  }
  if (!allowed.ok()) return allowed;
  return hop;
}

}  // namespace bitsd
