// What was loaded when, and what could not be: for the log, GetServerInfo and health.
//
// Thread safety: any thread. Ownership: owns its texts.

#ifndef BITSD_SERVER_OPS_RELOAD_STATUS_H_
#define BITSD_SERVER_OPS_RELOAD_STATUS_H_

#include <array>
#include <cstddef>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"

namespace bitsd {

/// What is loaded by itself; the values are those of bits.v1.ReloadState.Source.
enum class ReloadSource {
  kConfiguration = 1,
  kAccountDirectory = 2,
  kServerCertificate = 3,  ///< With its key.
  kClientRoots = 4,
  kSanSidRoots = 5,
  kRevocationLists = 6,
};

/// "configuration", "account directory", ...
std::string_view NameOf(ReloadSource source);

struct ReloadState {
  struct Failure {
    absl::Time time;
    std::string file;
    std::string reason;
  };

  ReloadSource source = ReloadSource::kConfiguration;
  absl::Time load_time;
  bool failing = false;  ///< What is in force is not what the files hold.
  std::optional<Failure> last_failure;
};

class ReloadStatus {
 public:
  /// Everything is in force since `start`.
  explicit ReloadStatus(absl::Time start);

  /// What the files of `source` hold is in force; `now` when it was put in force, unset when they
  /// hold what was in force before. True when it had been failing.
  bool Good(ReloadSource source, std::optional<absl::Time> now);

  /// What the files hold cannot be taken. True when that is news: another reason, or a good load
  /// came between.
  bool Failed(ReloadSource source, ReloadState::Failure failure);

  /// Keys that were changed in the configuration and need a restart. True when that is news.
  bool SetRestartNeeded(std::vector<std::string> keys);

  std::vector<ReloadState> States() const;
  std::vector<std::string> RestartNeeded() const;
  /// Nothing is failing.
  bool well() const;

 private:
  static constexpr size_t kSources = 6;

  ReloadState& Of(ReloadSource source) { return states_[static_cast<size_t>(source) - 1]; }

  mutable std::mutex mutex_;
  std::array<ReloadState, kSources> states_;
  std::vector<std::string> restart_needed_;
};

}  // namespace bitsd

#endif  // BITSD_SERVER_OPS_RELOAD_STATUS_H_
