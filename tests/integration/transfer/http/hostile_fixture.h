// What tests of hostile servers share: the paths of hostile_answers.py, and this process' memory.
//
// Thread safety: the test's thread. Ownership: as TransferTest.

#ifndef BITSD_TESTS_INTEGRATION_TRANSFER_HTTP_HOSTILE_FIXTURE_H_
#define BITSD_TESTS_INTEGRATION_TRANSFER_HTTP_HOSTILE_FIXTURE_H_

#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "tests/integration/transfer/transfer_fixture.h"

namespace bitsd::tests {

class HostileTest : public TransferTest {
 protected:
  static std::string Quoted(const std::string& bytes) {
    std::string quoted;
    for (const char c : bytes) {
      absl::StrAppend(&quoted, "%", absl::Hex(static_cast<unsigned char>(c), absl::kZeroPad2));
    }
    return quoted;
  }

  /// The nth request gets the nth answer, and the connection ends; the last one is given again.
  static std::string Raw(const std::vector<std::string>& answers) {
    std::string path = "/raw?";
    for (const std::string& answer : answers) {
      absl::StrAppend(&path, path.back() == '?' ? "" : "|", Quoted(answer));
    }
    return path;
  }
  /// The connection stays open after it.
  static std::string Kept(const std::string& answer) { return "/kept?" + Quoted(answer); }
  static std::string Flood(const std::string& bytes) { return "/flood?" + Quoted(bytes); }
  /// `rest` comes with ten bytes a second.
  static std::string Drip(const std::string& at_once, const std::string& rest) {
    return "/drip?" + Quoted(at_once + "|" + rest);
  }

  /// The most memory this process has had.
  static long PeakMemoryKiB() {
    std::ifstream status("/proc/self/status");
    for (std::string word; status >> word;) {
      long value = 0;
      if (word == "VmHWM:" && status >> value) return value;
    }
    return 0;
  }
};

}  // namespace bitsd::tests

#endif  // BITSD_TESTS_INTEGRATION_TRANSFER_HTTP_HOSTILE_FIXTURE_H_
