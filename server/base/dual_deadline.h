// A deadline by two clocks: the wall clock, which dates go by and which can be set, and the steady
// clock. It has passed when either says so: setting the wall clock makes nothing last longer.
//
// Thread safety: values.

#ifndef BITSD_SERVER_BASE_DUAL_DEADLINE_H_
#define BITSD_SERVER_BASE_DUAL_DEADLINE_H_

#include <algorithm>

#include "absl/time/time.h"

namespace bitsd {

struct DualDeadline {
  absl::Time wall;
  absl::Time steady;

  /// As a deadline: it has come.
  bool HasCome(const DualDeadline& now) const { return now.wall >= wall || now.steady >= steady; }

  /// Both `span` later.
  friend DualDeadline operator+(const DualDeadline& moment, absl::Duration span) {
    return {moment.wall + span, moment.steady + span};
  }
  friend bool operator==(const DualDeadline&, const DualDeadline&) = default;
};

/// Each clock's earlier one.
inline DualDeadline Earlier(const DualDeadline& a, const DualDeadline& b) {
  return {std::min(a.wall, b.wall), std::min(a.steady, b.steady)};
}

}  // namespace bitsd

#endif  // BITSD_SERVER_BASE_DUAL_DEADLINE_H_
