// A real bitsd for a test: its folder, PKI, account directory and configuration, started and
// stopped.
//
// It is started as root and becomes kBitsdUser; its file broker acts as the identities of
// demo_identities.h. Thread safety: const methods from any thread. Ownership: the process and its
// folder. Only root can start it: see bitsd_test.h.

#ifndef BITSD_TESTS_TESTING_BITSD_BITSD_SERVER_H_
#define BITSD_TESTS_TESTING_BITSD_BITSD_SERVER_H_

#include <chrono>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "bitsd/client/client.h"
#include "tests/testing/bitsd/demo_identities.h"
#include "tests/testing/bitsd/demo_pki.h"
#include "tests/testing/process.h"
#include "tests/testing/temp_folder.h"
#include "tests/testing/wait.h"

namespace bitsd::tests {

struct BitsdOptions {
  /// Port 0: another free one at each start.
  std::string listen = "127.0.0.1:0";
  std::vector<std::string> allowed_addresses;  ///< Such as WebServer::Address().
  std::string config;                          ///< More lines (YAML) for the configuration.
  std::vector<DemoIdentity> accounts = DemoIdentities();
  bool revocation_lists = false;   ///< tls.crls has one of the root; see Revoke.
  std::vector<std::string> flags;  ///< More arguments, such as "--allow-root".
  /// What is started; empty: the bitsd that was built with the tests.
  std::vector<std::string> program;
  std::chrono::milliseconds patience = kPatience;  ///< With its start, and with its end.
};

class BitsdServer {
 public:
  /// Returns when it listens; else with what it logged.
  static absl::StatusOr<std::unique_ptr<BitsdServer>> Start(BitsdOptions options);

  /// SIGTERM; OK when it ends with status 0.
  absl::Status Stop();
  /// SIGKILL to all of its processes; returns when they are gone.
  void Kill();
  /// Its jobs are gone, as on a new machine. Call it while bitsd is down.
  void LoseStore() const;
  /// Starts it again on the same folder, after Stop or a kill.
  absl::Status StartAgain();

  /// What a client of `name` connects with; change it for Connect's second form.
  absl::StatusOr<bits::ClientOptions> ClientOptionsOf(std::string_view name) const;
  absl::StatusOr<bits::Client> Connect(std::string_view name) const;

  /// Runs bitsctl as `name`; `input` is a file for its standard input.
  Finished Bitsctl(std::string_view name, std::vector<std::string> words,
                   const std::string& input = "") const;

  /// Revokes the certificate of `name`; bitsd learns of it as it looks at its files.
  absl::Status Revoke(std::string_view name);

  /// Runs bitsd --check-config on its configuration.
  Finished CheckConfig() const;

  /// Every line of the audit log so far.
  std::vector<nlohmann::json> Audit() const;
  /// Those with this "event".
  std::vector<nlohmann::json> Audit(std::string_view event) const;
  /// The same once there are `count` of them: they are written behind the calls they speak of.
  std::vector<nlohmann::json> AwaitAudit(std::string_view event, size_t count) const;

  const std::string& endpoint() const { return endpoint_; }  ///< "127.0.0.1:PORT".
  const DemoPki& pki() const { return *pki_; }
  const TempFolder& folder() const { return folder_; }
  Process& process() { return *process_; }
  std::string Log() const { return ReadFile(folder_.File("bitsd.log")); }
  std::string StateFolder() const { return folder_.File("own/state"); }

 private:
  explicit BitsdServer(BitsdOptions options) : options_(std::move(options)) {}
  absl::Status Prepare();
  std::string Configuration() const;

  const BitsdOptions options_;
  TempFolder folder_;
  std::unique_ptr<DemoPki> pki_;
  std::string endpoint_;
  std::unique_ptr<Process> process_;
};

}  // namespace bitsd::tests

#endif  // BITSD_TESTS_TESTING_BITSD_BITSD_SERVER_H_
