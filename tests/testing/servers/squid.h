// squid on a free port of 127.0.0.1, which asks for Negotiate, Basic or nothing.
//
// Thread safety: const methods from any thread. Ownership: the process and its folder.

#ifndef BITSD_TESTS_TESTING_SERVERS_SQUID_H_
#define BITSD_TESTS_TESTING_SERVERS_SQUID_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "tests/testing/process.h"
#include "tests/testing/servers/kdc.h"
#include "tests/testing/temp_folder.h"

namespace bitsd::tests {

/// Who squid lets in with Basic, beside alice.
inline constexpr char kSquidPassword[] = "squid-word";

class Squid {
 public:
  enum class Asks { kNothing, kBasic, kNegotiate };

  /// Fails, with what to install, where there is no squid.
  static absl::StatusOr<std::unique_ptr<Squid>> Start(const Kdc& kdc, Asks asks);

  uint16_t port() const { return port_; }
  std::string Address() const { return "localhost:" + std::to_string(port_); }
  /// "user method url" of every request that was let through.
  std::vector<std::string> Log() const;

 private:
  Squid() = default;
  absl::Status StartOn(const Kdc& kdc, Asks asks);
  std::string Configuration(const Kdc& kdc, Asks asks) const;

  TempFolder folder_;
  uint16_t port_ = 0;
  std::unique_ptr<Process> process_;
};

}  // namespace bitsd::tests

#endif  // BITSD_TESTS_TESTING_SERVERS_SQUID_H_
