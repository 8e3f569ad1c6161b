// What the audit log has of a call about a job: who called, what happened, which job.
//
// Thread safety: any thread; never blocks. Ownership: nothing is kept.

#ifndef BITSD_SERVER_JOB_CALLS_CALL_AUDIT_H_
#define BITSD_SERVER_JOB_CALLS_CALL_AUDIT_H_

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/job/service/caller.h"
#include "server/model/job_id.h"
#include "server/ops/audit.h"

namespace bitsd {

void AuditCall(AuditLog& audit, const Caller& caller, std::string_view event, const JobId& job,
               std::vector<std::pair<std::string_view, std::string>> more = {});

}  // namespace bitsd

#endif  // BITSD_SERVER_JOB_CALLS_CALL_AUDIT_H_
