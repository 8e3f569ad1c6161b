// What a job's requests say to the audit log.
//
// Thread safety: any thread. URLs are logged without their query, which may carry secrets.
// Ownership: none.

#ifndef BITSD_SERVER_TRANSFER_COMMON_REQUEST_AUDIT_H_
#define BITSD_SERVER_TRANSFER_COMMON_REQUEST_AUDIT_H_

#include <string>
#include <string_view>

#include "server/identity/sid.h"
#include "server/model/job_id.h"
#include "server/ops/audit.h"

namespace bitsd {

/// `url` without query and fragment.
std::string WithoutQuery(std::string_view url);

/// The same, and no longer than a remote name may be: what is kept and shown of where redirects
/// led.
std::string ShownUrl(std::string_view url);

/// What a request was, besides its job.
struct SentRequest {
  std::string_view url;
  std::string_view address;
  std::string_view network_context;
  std::string_view proxy;        ///< Empty: none.
  std::string_view credentials;  ///< What was shown to whom; empty: nothing.
};

/// request_sent.
void AuditRequest(AuditLog& audit, const JobId& job, const Sid& owner, const SentRequest& request);

}  // namespace bitsd

#endif  // BITSD_SERVER_TRANSFER_COMMON_REQUEST_AUDIT_H_
