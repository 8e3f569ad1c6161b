// An AuditLog that keeps what is written.
//
// Thread safety: any thread. Ownership: owns its events.

#ifndef BITSD_TESTS_TESTING_FAKES_MEMORY_AUDIT_H_
#define BITSD_TESTS_TESTING_FAKES_MEMORY_AUDIT_H_

#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/ops/audit.h"

namespace bitsd {

class MemoryAudit : public AuditLog {
 public:
  void Write(AuditEvent event) override {
    std::lock_guard lock(mutex_);
    events_.push_back(std::move(event));
  }
  size_t Count(std::string_view name) const {
    std::lock_guard lock(mutex_);
    size_t count = 0;
    for (const AuditEvent& event : events_) count += event.name == name ? 1 : 0;
    return count;
  }
  /// The values of `field` in the events called `name`.
  std::vector<std::string> Values(std::string_view name, std::string_view field) const {
    std::lock_guard lock(mutex_);
    std::vector<std::string> values;
    for (const AuditEvent& event : events_) {
      if (event.name != name) continue;
      for (const auto& [key, value] : event.fields) {
        if (key == field) values.push_back(value);
      }
    }
    return values;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<AuditEvent> events_;
};

}  // namespace bitsd

#endif  // BITSD_TESTS_TESTING_FAKES_MEMORY_AUDIT_H_
