#include "server/model/network_settings.h"

#include <algorithm>
#include <utility>

namespace bitsd {

NetworkSettingsPtr SharedSettings(NetworkSettings settings) {
  if (settings == NetworkSettings()) return nullptr;
  return std::make_shared<const NetworkSettings>(std::move(settings));
}

bool HasImplicitCredentials(const NetworkSettings* settings) {
  return settings != nullptr &&
         std::any_of(settings->credentials.begin(), settings->credentials.end(),
                     [](const JobCredential& credential) { return credential.is_implicit(); });
}

bool HasClientCertificate(const NetworkSettings* settings) {
  return settings != nullptr && settings->client_certificate.has_value();
}

bool HasOwnCredentials(const NetworkSettings* settings) {
  if (settings == nullptr) return false;
  const bool is_explicit =
      std::any_of(settings->credentials.begin(), settings->credentials.end(),
                  [](const JobCredential& credential) { return !credential.is_implicit(); });
  return is_explicit || HasClientCertificate(settings);
}

NetworkSettingsPtr WithoutSecrets(const NetworkSettingsPtr& settings) {
  if (settings == nullptr) return nullptr;
  NetworkSettings shown = *settings;
  shown.credentials.clear();
  shown.lost.clear();
  shown.client_certificate.reset();
  return SharedSettings(std::move(shown));
}

}  // namespace bitsd
