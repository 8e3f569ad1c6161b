#include "server/job/changes/network_changes.h"

#include <algorithm>
#include <memory>
#include <utility>

namespace bitsd::change {
namespace {

template <typename Entry>
auto IsFor(AuthTarget target, AuthScheme scheme) {
  return [=](const Entry& entry) { return entry.target == target && entry.scheme == scheme; };
}

NetworkSettings Copy(const NetworkSettingsPtr& settings) {
  return settings == nullptr ? NetworkSettings() : *settings;
}

/// Takes the pair out of both lists.
void Erase(NetworkSettings& settings, AuthTarget target, AuthScheme scheme) {
  std::erase_if(settings.credentials, IsFor<JobCredential>(target, scheme));
  std::erase_if(settings.lost, IsFor<LostCredential>(target, scheme));
}

bool Equal(const NetworkSettingsPtr& settings, const NetworkSettings& other) {
  return Copy(settings) == other;
}

/// `edit` changes the settings; the same version comes back when that changes nothing.
template <typename Edit>
Result EditNetwork(const JobVersion& job, Edit edit) {
  if (absl::Status s = NotFinal(*job.record); !s.ok()) return s;
  NetworkSettings settings = Copy(job.record->network);
  edit(settings);
  if (Equal(job.record->network, settings)) return job;
  auto record = std::make_shared<JobRecord>(*job.record);
  record->network = SharedSettings(std::move(settings));
  return JobVersion{std::move(record), job.token};
}

}  // namespace

Result SetCredential(const JobVersion& job, const JobCredential& credential) {
  return EditNetwork(job, [&](NetworkSettings& settings) {
    Erase(settings, credential.target, credential.scheme);
    settings.credentials.push_back(credential);
  });
}

Result RemoveCredential(const JobVersion& job, AuthTarget target, AuthScheme scheme) {
  return EditNetwork(job, [&](NetworkSettings& settings) { Erase(settings, target, scheme); });
}

Result SetClientCertificate(const JobVersion& job, std::optional<ClientCertificate> certificate) {
  return EditNetwork(job, [&](NetworkSettings& settings) {
    settings.client_certificate = std::move(certificate);
  });
}

void UpdateNetwork(const JobUpdate& update, JobRecord& record) {
  if (!update.proxy && !update.security_flags) return;
  NetworkSettings settings = Copy(record.network);
  if (update.proxy) {
    settings.proxy_usage = update.proxy->usage;
    settings.proxy_list = update.proxy->list;
    settings.proxy_bypass = update.proxy->bypass;
  }
  if (update.security_flags) settings.security_flags = *update.security_flags;
  if (!Equal(record.network, settings)) record.network = SharedSettings(std::move(settings));
}

}  // namespace bitsd::change
