// A program on a terminal of its own: what it draws is read, keys are typed, the window changes.
//
// Thread safety: one thread. Ownership: the process, which is killed with the object, and the
// terminal.

#ifndef BITSD_TESTS_TESTING_TERMINAL_H_
#define BITSD_TESTS_TESTING_TERMINAL_H_

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

namespace bitsd::tests {

class Terminal {
 public:
  /// Starts `argv` on a window of this size; aborts the test program when that cannot be.
  Terminal(const std::vector<std::string>& argv, int columns, int rows);
  ~Terminal();
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  void Resize(int columns, int rows);
  void Type(const std::string& keys);

  /// Reads until `text` has come since the last Forget; false after kPatience, or at the end.
  bool WaitForText(const std::string& text);
  /// Reads to the end; the exit status, or 128 + the signal. No value after kPatience.
  std::optional<int> WaitForEnd();

  /// Everything since the last Forget.
  const std::string& output() const { return output_; }
  void Forget() { output_.clear(); }

 private:
  bool ReadSome();

  pid_t pid_ = -1;
  int fd_ = -1;
  bool at_end_ = false;
  std::string output_;
};

}  // namespace bitsd::tests

#endif  // BITSD_TESTS_TESTING_TERMINAL_H_
