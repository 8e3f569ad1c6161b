// CPU time of processes, and which cores they may use.
//
// Thread safety: pure functions, but for PinTo, which is about the calling thread.

#ifndef BITSD_TESTS_BENCH_CPU_H_
#define BITSD_TESTS_BENCH_CPU_H_

#include <sys/types.h>

#include <vector>

namespace bitsd::bench {

/// `root` and all its descendants that live now.
std::vector<pid_t> ProcessTree(pid_t root);

/// CPU seconds (user and system) that the tree of `root` has used so far: the living ones to the
/// nanosecond, and their children that have ended to the clock tick.
double CpuSeconds(pid_t root);

/// CPU seconds of this process's children that have ended and were waited for.
double ChildCpuSeconds();

/// Lets the calling thread, and what it starts from now on, run on core `core` only.
void PinTo(int core);
/// On every core of the machine.
void Unpin();

}  // namespace bitsd::bench

#endif  // BITSD_TESTS_BENCH_CPU_H_
