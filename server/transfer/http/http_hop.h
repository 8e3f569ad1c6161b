// The way of one request: from here, through a proxy or not, to a server. Policy decides on each.
//
// Thread safety: pure functions of values.

#ifndef BITSD_SERVER_TRANSFER_HTTP_HTTP_HOP_H_
#define BITSD_SERVER_TRANSFER_HTTP_HTTP_HOP_H_

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "server/model/transfer_service.h"
#include "server/policy/proxy_rules.h"
#include "server/policy/token_scope.h"
#include "server/policy/url.h"
#include "server/transfer/common/transfer_options.h"

namespace bitsd {

struct HttpHop {
  policy::Url url;
  std::optional<policy::Proxy> proxy;
  bool own_host = true;  ///< The one that the job names; false: a redirect led here.
};

/// The way to `url`, where the redirects of `remote_name` have led; `redirected`: there were some.
/// An error: policy allows none.
absl::StatusOr<HttpHop> FindHop(const std::string& url, const std::string& remote_name,
                                bool redirected, const HttpTask& http,
                                const policy::LoanLimits& loan, const TransferOptions& options);

}  // namespace bitsd

#endif  // BITSD_SERVER_TRANSFER_HTTP_HTTP_HOP_H_
