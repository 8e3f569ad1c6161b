// Measurements have no way to go on without what they need: they end, and say why.

#ifndef BITSD_TESTS_BENCH_MUST_H_
#define BITSD_TESTS_BENCH_MUST_H_

#include <cstdlib>
#include <iostream>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace bitsd::bench {

/// The value of `result`; aborts with its error when there is none.
template <typename T>
T Must(absl::StatusOr<T> result) {
  if (result.ok()) return *std::move(result);
  std::cerr << result.status() << "\n";
  std::abort();
}

/// Aborts with `status` when it is an error.
inline void Must(const absl::Status& status) {
  if (status.ok()) return;
  std::cerr << status << "\n";
  std::abort();
}

}  // namespace bitsd::bench

#endif  // BITSD_TESTS_BENCH_MUST_H_
