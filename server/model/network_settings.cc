#include "server/model/network_settings.h"

#include <utility>

namespace bitsd {

NetworkSettingsPtr SharedSettings(NetworkSettings settings) {
  if (settings == NetworkSettings()) return nullptr;
  return std::make_shared<const NetworkSettings>(std::move(settings));
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
