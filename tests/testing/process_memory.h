// Looking for bytes in the memory of running processes.
//
// Needs root. Thread safety: pure functions of /proc.

#ifndef BITSD_TESTS_TESTING_PROCESS_MEMORY_H_
#define BITSD_TESTS_TESTING_PROCESS_MEMORY_H_

#include <sys/types.h>

#include <set>
#include <string>
#include <vector>

namespace bitsd::tests {

/// Where `bytes` are in the memory of `pid`, each with its mapping and what is around it; empty
/// when its memory cannot be read.
std::vector<std::string> FindInMemory(pid_t pid, const std::string& bytes);

/// How often they are there.
int CountInMemory(pid_t pid, const std::string& bytes);

/// The processes of the process group `group` that live.
std::set<pid_t> ProcessesOf(pid_t group);

}  // namespace bitsd::tests

#endif  // BITSD_TESTS_TESTING_PROCESS_MEMORY_H_
