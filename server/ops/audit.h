// The audit log: who did what to which job, and which identity opened what. One JSON line an event.
//
// Thread safety: any thread; Write never blocks on the disk. Handles appear as keyed digests only,
// tokens and their bytes never. Ownership: the log owns its file and its writer thread.

#ifndef BITSD_SERVER_OPS_AUDIT_H_
#define BITSD_SERVER_OPS_AUDIT_H_

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bitsd {

/// One event: its name (such as "temporary_created") and its fields in the order they are printed.
/// Values are text; a field that does not apply is left out.
struct AuditEvent {
  std::string_view name;
  std::vector<std::pair<std::string_view, std::string>> fields;
};

class AuditLog {
 public:
  virtual ~AuditLog() = default;
  virtual void Write(AuditEvent event) = 0;
};

}  // namespace bitsd

#endif  // BITSD_SERVER_OPS_AUDIT_H_
