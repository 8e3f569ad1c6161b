#include "tests/testing/terminal.h"

#include <poll.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>

#include "tests/testing/wait.h"

namespace bitsd::tests {
namespace {

constexpr int kReadMilliseconds = 100;

winsize SizeOf(int columns, int rows) {
  winsize size{};
  size.ws_col = static_cast<unsigned short>(columns);
  size.ws_row = static_cast<unsigned short>(rows);
  return size;
}

}  // namespace

Terminal::Terminal(const std::vector<std::string>& argv, int columns, int rows) {
  std::vector<char*> words;
  for (const std::string& word : argv) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  winsize size = SizeOf(columns, rows);
  pid_ = forkpty(&fd_, nullptr, nullptr, &size);
  if (pid_ < 0) std::abort();
  if (pid_ != 0) return;
  execv(words[0], words.data());
  _exit(127);
}

Terminal::~Terminal() {
  if (pid_ > 0) {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  close(fd_);
}

void Terminal::Resize(int columns, int rows) {
  const winsize size = SizeOf(columns, rows);
  ioctl(fd_, TIOCSWINSZ, &size);
}

void Terminal::Type(const std::string& keys) {
  if (write(fd_, keys.data(), keys.size()) < 0) at_end_ = true;
}

bool Terminal::ReadSome() {
  pollfd event{fd_, POLLIN, 0};
  if (at_end_ || poll(&event, 1, kReadMilliseconds) <= 0) return !at_end_;
  char buffer[4096];
  const ssize_t size = read(fd_, buffer, sizeof(buffer));
  // EIO: nobody has the other side open any more.
  at_end_ = size <= 0;
  if (!at_end_) output_.append(buffer, static_cast<size_t>(size));
  return !at_end_;
}

bool Terminal::WaitForText(const std::string& text) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (output_.find(text) == std::string::npos) {
    if (!ReadSome() || std::chrono::steady_clock::now() > deadline) {
      return output_.find(text) != std::string::npos;
    }
  }
  return true;
}

std::optional<int> Terminal::WaitForEnd() {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (ReadSome()) {
    if (std::chrono::steady_clock::now() > deadline) return std::nullopt;
  }
  int status = 0;
  if (waitpid(pid_, &status, 0) != pid_) return std::nullopt;
  pid_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace bitsd::tests
