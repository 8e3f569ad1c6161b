#include "tests/testing/process.h"

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <utility>

#include "tests/testing/temp_folder.h"

namespace bitsd::tests {
namespace {

constexpr int kNoStart = 127;  // What a shell answers for a program that cannot be run.

bool Redirect(const char* path, int flags, int target) {
  const int fd = ::open(path, flags | O_CLOEXEC, 0600);
  return fd >= 0 && ::dup2(fd, target) == target;
}

bool BecomeUser(const std::optional<uid_t>& user) {
  if (!user) return true;
  return ::setgroups(0, nullptr) == 0 && ::setresgid(*user, *user, *user) == 0 &&
         ::setresuid(*user, *user, *user) == 0;
}

// Runs in the child of a possibly threaded parent: only what is safe in a signal handler.
[[noreturn]] void RunChild(const Command& command, const char* input, char* const* argv) {
  ::setsid();  // Web servers signal their whole group when they end.
  ::umask(022);
  const bool ready = Redirect(input, O_RDONLY, STDIN_FILENO) &&
                     Redirect(command.output.c_str(), O_WRONLY | O_CREAT | O_APPEND, 1) &&
                     ::dup2(STDOUT_FILENO, STDERR_FILENO) == STDERR_FILENO &&
                     BecomeUser(command.run_as);
  if (ready) ::execv(argv[0], argv);
  ::_exit(kNoStart);
}

}  // namespace

absl::StatusOr<Process> Process::Start(const Command& command) {
  std::vector<char*> argv;
  for (const std::string& word : command.argv) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  const char* input = command.input.empty() ? "/dev/null" : command.input.c_str();
  const pid_t pid = ::fork();
  if (pid < 0) return absl::ErrnoToStatus(errno, "fork");
  if (pid == 0) RunChild(command, input, argv.data());
  Process process(pid, static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (process.pidfd_ < 0) return absl::ErrnoToStatus(errno, "pidfd_open");
  return process;
}

Process::Process(Process&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      pidfd_(std::exchange(other.pidfd_, -1)),
      status_(other.status_) {}

Process::~Process() {
  if (pid_ > 0) Stop();
  if (pidfd_ >= 0) ::close(pidfd_);
}

std::optional<int> Process::Wait(std::chrono::milliseconds deadline) {
  if (status_) return status_;
  pollfd event{pidfd_, POLLIN, 0};
  if (::poll(&event, 1, static_cast<int>(deadline.count())) == 1) Reap();
  return status_;
}

void Process::Reap() {
  int status = 0;
  if (::waitpid(pid_, &status, 0) != pid_) return;
  status_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void Process::Signal(int signal) const {
  if (pid_ > 0 && !status_) ::kill(pid_, signal);
}

std::optional<int> Process::Stop(std::chrono::milliseconds deadline) {
  Signal(SIGTERM);
  std::optional<int> status = Wait(deadline);
  // The child leads its own session: nobody else's process is in this group.
  ::kill(-pid_, SIGKILL);
  return status ? status : Wait();
}

Finished Run(const std::vector<std::string>& argv, const std::string& folder,
             const std::string& input) {
  static std::atomic<int> runs = 0;
  const std::string output = folder + "/run-" + std::to_string(++runs) + ".out";
  absl::StatusOr<Process> process = Process::Start({argv, output, input, std::nullopt});
  if (!process.ok()) return {-1, std::string(process.status().message())};
  const int status = process->Wait(std::chrono::minutes(1)).value_or(-1);
  process->Stop();
  std::string text = ReadFile(output);
  ::unlink(output.c_str());
  return {status, std::move(text)};
}

}  // namespace bitsd::tests
