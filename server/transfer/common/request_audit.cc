#include "server/transfer/common/request_audit.h"

#include <utility>

#include "absl/strings/match.h"
#include "server/model/transfer_service.h"
#include "server/policy/url.h"

namespace bitsd {

std::string WithoutQuery(std::string_view url) {
  return std::string(url.substr(0, url.find_first_of("?#")));
}

std::string ShownUrl(std::string_view url) {
  return WithoutQuery(url).substr(0, policy::kMaxRemoteName);
}

void AuditRequest(AuditLog& audit, const JobId& job, const Sid& owner, const SentRequest& request) {
  const std::string_view context = request.network_context;
  const bool helper = absl::EndsWith({context.data(), context.size()}, kHelperNetworkContext);
  AuditEvent event{"request_sent",
                   {{"job", job.ToString()},
                    {"owner_sid", owner.ToString()},
                    {"role", helper ? "helper" : "owner"},
                    {"url", ShownUrl(request.url)},
                    {"address", std::string(request.address)}}};
  if (!request.proxy.empty()) event.fields.emplace_back("proxy", request.proxy);
  if (!request.credentials.empty()) event.fields.emplace_back("credentials", request.credentials);
  audit.Write(std::move(event));
}

}  // namespace bitsd
