// The load of the figures about SetHelperTokenFlags: calls on many jobs, each of which changes
// something.
//
// Thread safety: none. Ownership: none.

#ifndef BITSD_TESTS_BENCH_FLAGS_LOAD_H_
#define BITSD_TESTS_BENCH_FLAGS_LOAD_H_

#include <cstddef>
#include <string>
#include <vector>

#include "bitsd/client/client.h"
#include "tests/bench/load.h"
#include "tests/bench/ratio.h"

namespace bitsd::bench {

inline constexpr size_t kFlagsConnections = 4;
inline constexpr size_t kFlagsInFlight = 64;
/// So many calls are one run. It is a multiple of twice the number of jobs: every call of a run
/// changes something, and so does the first one of the next.
inline constexpr size_t kFlagsCalls = 20'000;

/// SetHelperTokenFlags of each of `jobs`, and then of each with other flags. `client` owns the
/// jobs.
std::vector<PreparedCall> FlagsCalls(const bits::Client& client,
                                     const std::vector<std::string>& jobs);

/// {calls per second} of one run.
Sample CallsPerSecond(Load& load, const std::vector<PreparedCall>& calls);

}  // namespace bitsd::bench

#endif  // BITSD_TESTS_BENCH_FLAGS_LOAD_H_
