#include "server/ops/audit_budget.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace bitsd {
namespace {

/// What a line has besides its values: time, names, quotes.
constexpr size_t kLineOverhead = 80;

std::string FieldOf(const AuditEvent& event, std::string_view key) {
  for (const auto& [name, value] : event.fields) {
    if (name == key) return value;
  }
  return "";
}

/// Who caused the event; empty when nobody did. What an owner does as a helper is counted apart, so
/// that no flood of the owner's own hides it.
std::string CallerOf(const AuditEvent& event) {
  const std::string_view apart = FieldOf(event, "role") == "helper" ? "/helper" : "";
  for (const std::string_view key : {"caller_sid", "owner_sid", "acting_sid", "user_sid"}) {
    if (std::string caller = FieldOf(event, key); !caller.empty()) return caller.append(apart);
  }
  return "";
}

/// Control characters are written as six.
size_t SizeOf(const AuditEvent& event) {
  size_t size = kLineOverhead + event.name.size();
  for (const auto& [name, value] : event.fields) {
    const auto control = std::count_if(value.begin(), value.end(),
                                       [](char c) { return static_cast<unsigned char>(c) < 0x20; });
    size += name.size() + value.size() + 6 + 5 * static_cast<size_t>(control);
  }
  return size;
}

}  // namespace

void AuditBudget::Write(AuditEvent event) {
  const std::string sid = CallerOf(event);
  if (!sid.empty()) {
    const auto size = static_cast<double>(SizeOf(event));
    const absl::Time now = clock_.Now();
    const std::lock_guard lock(mutex_);
    Caller& caller = Find(sid, now);
    if (caller.left < size) {
      ++caller.left_out;
      return;
    }
    caller.left -= size;
    if (caller.left_out > 0) {
      event.fields.emplace_back("left_out", std::to_string(std::exchange(caller.left_out, 0)));
    }
  }
  log_.Write(std::move(event));
}

void AuditBudget::Refill(Caller& caller, absl::Time now) {
  // A clock that was set back counts from where it is.
  const absl::Duration passed = std::max(now - caller.since, absl::ZeroDuration());
  caller.left =
      std::min(kBurstBytes, caller.left + absl::ToDoubleSeconds(passed) * kBytesPerSecond);
  caller.since = now;
}

AuditBudget::Caller& AuditBudget::Find(const std::string& sid, absl::Time now) {
  if (!sid.empty() && callers_.size() >= kMaxCallers && !callers_.contains(sid)) {
    // Those with nothing to tell are made anew when they call again.
    absl::erase_if(callers_, [now](auto& entry) {
      Refill(entry.second, now);
      return entry.second.left_out == 0 && entry.second.left == kBurstBytes;
    });
    if (callers_.size() >= kMaxCallers) return Find("", now);
  }
  // A new one is full.
  Caller& caller = callers_.try_emplace(sid, Caller{kBurstBytes, now, 0}).first->second;
  Refill(caller, now);
  return caller;
}

}  // namespace bitsd
