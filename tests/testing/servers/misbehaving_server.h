// misbehaving_server.py, running. Thread safety: one thread. Ownership: the process and its
// certificate.

#ifndef BITSD_TESTS_TESTING_SERVERS_MISBEHAVING_SERVER_H_
#define BITSD_TESTS_TESTING_SERVERS_MISBEHAVING_SERVER_H_

#include <cstdint>
#include <optional>
#include <string>

#include "tests/testing/process.h"
#include "tests/testing/temp_folder.h"

namespace bitsd::tests {

class MisbehavingServer {
 public:
  /// Starts it; aborts the test program when it does not come up.
  MisbehavingServer();

  std::string Url(const std::string& path) const;
  std::string SecureUrl(const std::string& path) const;
  uint16_t port() const { return http_; }
  uint16_t secure_port() const { return https_; }
  /// Trusts the server's certificate, which is for localhost and 127.0.0.1.
  std::string ca_file() const { return folder_.File("certificate.pem"); }

  /// The bytes of a file.
  static std::string Content(size_t size, int version = 1);

 private:
  const TempFolder folder_;
  std::optional<Process> process_;
  uint16_t http_ = 0;
  uint16_t https_ = 0;
};

}  // namespace bitsd::tests

#endif  // BITSD_TESTS_TESTING_SERVERS_MISBEHAVING_SERVER_H_
