// The configuration of bitsd: one YAML file, every key documented in docs/configuration.md.
//
// Unknown keys, keys given twice, wrong types and values out of bounds are refused with the line.
// Thread safety: a value; a reload makes another.

#ifndef BITSD_SERVER_OPS_CONFIG_H_
#define BITSD_SERVER_OPS_CONFIG_H_

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/policy/job_limits.h"
#include "server/policy/network_rules.h"
#include "server/policy/remote_names.h"
#include "server/policy/session_rules.h"
#include "server/policy/token_rules.h"

namespace bitsd {

enum class StoreKind {
  kSqlite,  ///< In state_dir: jobs outlive a restart.
  kMemory,  ///< They do not: for tests and measurements.
};

struct Config {
  std::string path;  ///< Of the file itself: it is out of reach of every job.

  std::string listen = "127.0.0.1:7443";
  std::string tls_certificate;  ///< PEM files.
  std::string tls_key;
  std::string tls_roots;
  /// Trust roots (PEM) below which the SAN URI counts as a SID too.
  std::vector<std::string> tls_san_sid_roots;
  std::vector<std::string> tls_crls;  ///< PEM files of revocation lists; empty: nothing is revoked.

  std::string account_directory;
  std::vector<std::string> privileged_groups = {"root",   "sudo",   "adm", "disk",
                                                "shadow", "docker", "lxd", "kmem"};

  /// Who bitsd becomes when it is started as root.
  std::optional<uid_t> run_as_uid;
  std::optional<gid_t> run_as_gid;
  bool allow_root = false;  ///< Flag --allow-root, not a key.

  StoreKind store = StoreKind::kSqlite;
  std::string state_dir = "/var/lib/bitsd";
  /// 32 bytes that passwords in the store are encrypted with; empty: a systemd credential, if there
  /// is one.
  std::string store_key_file;
  std::string run_dir = "/run/bitsd";
  std::string log_dir = "/var/log/bitsd";

  policy::Version policy = policy::Version::kWindows10_1607;
  policy::JobLimits limits;
  policy::KeptLimits finished_jobs;                 ///< Of an owner.
  policy::KeptLimits answers;                       ///< Remembered for a caller.
  std::vector<std::string> allowed_roots;           ///< Empty: everywhere the kernel allows.
  std::vector<policy::Endpoint> allowed_addresses;  ///< Exceptions from the denied ones.
  policy::NetworkRules network;

  /// Of the service itself: in total, and of one address (for IPv6: of one /64) and identity.
  size_t connections = 1000;
  size_t connections_per_address = 250;
  size_t connections_per_user = 100;

  size_t max_running_jobs = 64;  ///< 2 to 1,000.
  size_t background_jobs = 1;    ///< Less than max_running_jobs.
  absl::Duration time_slice = absl::Minutes(5);
  absl::Duration lend_after = absl::Seconds(2);
  policy::SessionLimits sessions;
  absl::Duration token_max_ttl = absl::Hours(24);
  absl::Duration token_warning = absl::Minutes(10);  ///< Before the end of a loan.
  absl::Duration handle_idle = absl::Hours(1);
  absl::Duration retention = absl::Hours(1);           ///< Of finished jobs; at most 30 days.
  absl::Duration broker_deadline = absl::Seconds(30);  ///< For one operation on a local file.
  absl::Duration connect_timeout = absl::Seconds(30);
  absl::Duration stall_timeout = absl::Minutes(5);  ///< Without a byte from the server.
  absl::Duration idle_timeout = absl::Minutes(10);  ///< Of a connection without calls.
  /// The service ends when its own listener has not answered for this long; zero: it is not asked.
  absl::Duration listener_timeout = absl::Minutes(1);
  std::string log_level = "info";

  friend bool operator==(const Config&, const Config&) = default;
};

/// Reads and checks `path`. E_INVALIDARG with "FILE:LINE:COLUMN: what is wrong and what to write",
/// a line for each.
absl::StatusOr<Config> LoadConfig(const std::string& path);

inline constexpr size_t kMaxConfigBytes = size_t{1} << 20;

/// As LoadConfig, from text that was read already.
absl::StatusOr<Config> ParseConfig(const std::string& content, const std::string& path);

}  // namespace bitsd

#endif  // BITSD_SERVER_OPS_CONFIG_H_
