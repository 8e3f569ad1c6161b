#include "server/job/calls/call_audit.h"

namespace bitsd {

void AuditCall(AuditLog& audit, const Caller& caller, std::string_view event, const JobId& job,
               std::vector<std::pair<std::string_view, std::string>> more) {
  AuditEvent entry{event, {{"caller_sid", caller.token->user.ToString()}, {"job", job.ToString()}}};
  for (auto& field : more) entry.fields.push_back(std::move(field));
  audit.Write(std::move(entry));
}

}  // namespace bitsd
