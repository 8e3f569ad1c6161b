#include "server/ops/reload_status.h"

#include <algorithm>
#include <utility>

namespace bitsd {

std::string_view NameOf(ReloadSource source) {
  switch (source) {
    case ReloadSource::kConfiguration: return "configuration";
    case ReloadSource::kAccountDirectory: return "account directory";
    case ReloadSource::kServerCertificate: return "server certificate";
    case ReloadSource::kClientRoots: return "client roots";
    case ReloadSource::kSanSidRoots: return "SAN SID roots";
    case ReloadSource::kRevocationLists: return "revocation lists";
  }
  return "";
}

ReloadStatus::ReloadStatus(absl::Time start) {
  for (size_t i = 0; i < kSources; ++i) {
    states_[i].source = static_cast<ReloadSource>(i + 1);
    states_[i].load_time = start;
  }
}

bool ReloadStatus::Good(ReloadSource source, std::optional<absl::Time> now) {
  const std::lock_guard lock(mutex_);
  ReloadState& state = Of(source);
  if (now) state.load_time = *now;
  return std::exchange(state.failing, false);
}

bool ReloadStatus::Failed(ReloadSource source, ReloadState::Failure failure) {
  const std::lock_guard lock(mutex_);
  ReloadState& state = Of(source);
  const bool known = state.failing && state.last_failure->reason == failure.reason &&
                     state.last_failure->file == failure.file;
  state.failing = true;
  if (!known) state.last_failure = std::move(failure);
  return !known;
}

bool ReloadStatus::SetRestartNeeded(std::vector<std::string> keys) {
  const std::lock_guard lock(mutex_);
  return std::exchange(restart_needed_, keys) != keys;
}

std::vector<ReloadState> ReloadStatus::States() const {
  const std::lock_guard lock(mutex_);
  return {states_.begin(), states_.end()};
}

std::vector<std::string> ReloadStatus::RestartNeeded() const {
  const std::lock_guard lock(mutex_);
  return restart_needed_;
}

bool ReloadStatus::well() const {
  const std::lock_guard lock(mutex_);
  return std::none_of(states_.begin(), states_.end(),
                      [](const ReloadState& state) { return state.failing; });
}

}  // namespace bitsd
