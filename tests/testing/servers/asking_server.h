// A server and proxy that asks and asks again (tests/testing/servers/asking_server.py).
//
// Thread safety: const methods from any thread. Ownership: the process and its folder.

#ifndef BITSD_TESTS_TESTING_SERVERS_ASKING_SERVER_H_
#define BITSD_TESTS_TESTING_SERVERS_ASKING_SERVER_H_

#include <cstdint>
#include <optional>
#include <string>

#include "tests/testing/process.h"
#include "tests/testing/temp_folder.h"

namespace bitsd::tests {

class AskingServer {
 public:
  /// Aborts the test program when it does not start.
  AskingServer();

  uint16_t port() const { return port_; }
  std::string Address() const { return "127.0.0.1:" + std::to_string(port_); }
  std::string Url(const std::string& path) const { return "http://" + Address() + "/" + path; }
  /// How often the last component `name` was asked for.
  std::string Count(const std::string& name) const;

 private:
  TempFolder folder_;
  std::optional<Process> process_;
  uint16_t port_ = 0;
};

}  // namespace bitsd::tests

#endif  // BITSD_TESTS_TESTING_SERVERS_ASKING_SERVER_H_
