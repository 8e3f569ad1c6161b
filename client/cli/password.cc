#include "client/cli/password.h"

#include <fcntl.h>
#include <termios.h>
#include <unistd.h>

#include <istream>
#include <string_view>
#include <utility>

#include "client/base/private_file.h"
#include "client/cli/exit_code.h"

namespace bits::cli {
namespace {

constexpr char kStandardStream[] = "-";
constexpr size_t kMaxLine = size_t{512} << 10;

std::string FirstLine(std::string text) {
  text.resize(std::min(text.find('\n'), text.size()));
  if (text.ends_with('\r')) text.pop_back();
  return text;
}

// The terminal of the caller without echo, until it goes.
class SilentTerminal {
 public:
  SilentTerminal() : fd_(open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY)) {
    if (fd_ < 0 || tcgetattr(fd_, &before_) != 0) return;
    termios silent = before_;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    silent_ = tcsetattr(fd_, TCSAFLUSH, &silent) == 0;
  }
  ~SilentTerminal() {
    if (silent_) tcsetattr(fd_, TCSAFLUSH, &before_);
    if (fd_ >= 0) close(fd_);
  }
  SilentTerminal(const SilentTerminal&) = delete;
  SilentTerminal& operator=(const SilentTerminal&) = delete;

  bool ready() const { return silent_; }
  void Say(std::string_view text) const {
    // Nobody reads the prompt of a terminal that is gone.
    [[maybe_unused]] const ssize_t written = write(fd_, text.data(), text.size());
  }
  std::string ReadLine() const {
    std::string line;
    char c = 0;
    while (line.size() < kMaxLine && read(fd_, &c, 1) == 1 && c != '\n') line.push_back(c);
    return line;
  }

 private:
  const int fd_;
  termios before_{};
  bool silent_ = false;
};

absl::StatusOr<std::string> Ask() {
  const SilentTerminal terminal;
  if (!terminal.ready()) {
    return UsageError("there is no terminal to ask at: give the password with --password-file");
  }
  terminal.Say("Password: ");
  std::string password = terminal.ReadLine();
  terminal.Say("\n");
  return password;
}

}  // namespace

absl::StatusOr<std::string> ReadPassword(const std::string& file, std::istream& in) {
  if (file.empty()) return Ask();
  if (file == kStandardStream) {
    std::string line;
    std::getline(in, line);
    return FirstLine(std::move(line));
  }
  auto text = ReadSecretFile(file);
  if (!text.ok()) return text.status();
  return FirstLine(*std::move(text));
}

}  // namespace bits::cli
