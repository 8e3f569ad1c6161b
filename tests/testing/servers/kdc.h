// A real KDC (MIT) on loopback: its realm, principals, keytabs and tickets, in a folder of its own.
//
// The realm is TEST.LOCAL; alice, bob, netuser, fetcher and HTTP/localhost are there from the
// start. Nothing of it is in the environment: whoever is to use it is given config() as
// KRB5_CONFIG. Thread safety: one thread at a time. Ownership: the process and its folder.

#ifndef BITSD_TESTS_TESTING_SERVERS_KDC_H_
#define BITSD_TESTS_TESTING_SERVERS_KDC_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tests/testing/process.h"
#include "tests/testing/temp_folder.h"

namespace bitsd::tests {

inline constexpr char kRealm[] = "TEST.LOCAL";

class Kdc {
 public:
  /// Returns when it answers. NotFound when its packages are missing.
  static absl::StatusOr<std::unique_ptr<Kdc>> Start();

  /// Runs commands of kadmin, such as "addprinc -randkey carol".
  absl::Status Admin(const std::vector<std::string>& commands) const;
  /// Writes a keytab for `principal` (without realm), mode 0600, and leaves its key as it is.
  absl::Status WriteKeytab(std::string_view principal, const std::string& path) const;
  /// Writes a credential cache with the tickets of `principal`, mode 0600; `options` are kinit's.
  absl::Status WriteCache(std::string_view principal, const std::string& path,
                          const std::vector<std::string>& options = {}) const;
  /// Adds a ticket for `service` to a cache.
  absl::Status AddTicket(std::string_view service, const std::string& cache) const;
  /// From now on config() has the KDC at `address` ("127.0.0.1:PORT"): a proxy's. What this class
  /// does itself goes to the KDC as before.
  void LeadThrough(const std::string& address) const;

  void Stop() { process_.reset(); }
  absl::Status StartAgain();

  /// A krb5.conf that leads here.
  const std::string& config() const { return config_; }
  uint16_t port() const { return port_; }
  const TempFolder& folder() const { return folder_; }
  /// Every request and what became of it.
  std::string Log() const { return ReadFile(folder_.File("kdc.log")); }

 private:
  Kdc() = default;
  absl::Status Prepare(uint16_t port);
  std::string OwnConfig() const { return folder_.File("own.conf"); }
  absl::Status RunHere(const std::vector<std::string>& command, const std::string& input) const;

  TempFolder folder_;
  uint16_t port_ = 0;
  std::string config_;
  std::unique_ptr<Process> process_;
};

}  // namespace bitsd::tests

#endif  // BITSD_TESTS_TESTING_SERVERS_KDC_H_
