// A child process: started with its output in a file, waited for with a deadline, stopped by its
// pid.
//
// Thread safety: one thread at a time. Ownership: the process; the destructor ends it and whatever
// is left of the session it was given.

#ifndef BITSD_TESTS_TESTING_PROCESS_H_
#define BITSD_TESTS_TESTING_PROCESS_H_

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "tests/testing/wait.h"

namespace bitsd::tests {

struct Command {
  std::vector<std::string> argv;  ///< argv[0] is the path of the program.
  std::string output;             ///< Standard output and error are appended to this file.
  std::string input;              ///< A file; empty: /dev/null.
  /// Who runs it (uid and gid alike, no other groups); unset: as the test.
  std::optional<uid_t> run_as;
};

class Process {
 public:
  static absl::StatusOr<Process> Start(const Command& command);
  ~Process();
  Process(Process&& other) noexcept;
  Process& operator=(Process&& other) = delete;

  pid_t pid() const { return pid_; }

  /// How it ended: the exit status, or 128 + the signal as in a shell; nothing when it still runs
  /// at the deadline.
  std::optional<int> Wait(std::chrono::milliseconds deadline = kPatience);
  bool IsRunning() { return !Wait(std::chrono::milliseconds(0)).has_value(); }

  void Signal(int signal) const;
  /// SIGTERM, and SIGKILL to its session after the deadline. Returns as Wait.
  std::optional<int> Stop(std::chrono::milliseconds deadline = kPatience);

 private:
  Process(pid_t pid, int pidfd) : pid_(pid), pidfd_(pidfd) {}
  void Reap();

  pid_t pid_;
  int pidfd_;
  std::optional<int> status_;
};

struct Finished {
  int status = -1;     ///< As Process::Wait; -1 when it had to be killed.
  std::string output;  ///< Standard output and error.
};

/// Runs `argv` to its end; `folder` holds its output while it runs.
Finished Run(const std::vector<std::string>& argv, const std::string& folder,
             const std::string& input = "");

}  // namespace bitsd::tests

#endif  // BITSD_TESTS_TESTING_PROCESS_H_
