// The network side of a job, as its owner set it: proxies, credentials, client certificate, TLS.
//
// Thread safety: values; share them as NetworkSettingsPtr.

#ifndef BITSD_SERVER_MODEL_NETWORK_SETTINGS_H_
#define BITSD_SERVER_MODEL_NETWORK_SETTINGS_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "server/base/secret.h"
#include "server/policy/network_facts.h"

namespace bitsd {

/// Explicit, or with neither user nor password implicit: the acting identity's own.
struct JobCredential {
  AuthTarget target = AuthTarget::kServer;
  AuthScheme scheme = AuthScheme::kBasic;
  std::string user;
  Secret password;

  bool is_implicit() const { return user.empty() && password.empty(); }
  friend bool operator==(const JobCredential&, const JobCredential&) = default;
};

/// One that was there before a restart, and that the store could not keep or read any more.
struct LostCredential {
  AuthTarget target = AuthTarget::kServer;
  AuthScheme scheme = AuthScheme::kBasic;

  friend bool operator==(const LostCredential&, const LostCredential&) = default;
};

/// PEM files, opened as the owner, always.
struct ClientCertificate {
  std::string certificate;
  std::string key;

  friend bool operator==(const ClientCertificate&, const ClientCertificate&) = default;
};

struct NetworkSettings {
  ProxyUsage proxy_usage = ProxyUsage::kPreconfig;
  std::string proxy_list;                  ///< With kOverride alone.
  std::string proxy_bypass;                ///< With kOverride alone.
  std::vector<JobCredential> credentials;  ///< One for each target and scheme.
  std::vector<LostCredential> lost;        ///< Shown, never sent. None of them in `credentials`.
  std::optional<ClientCertificate> client_certificate;
  uint32_t security_flags = 0;  ///< Those of network_facts.h.

  friend bool operator==(const NetworkSettings&, const NetworkSettings&) = default;
};
using NetworkSettingsPtr = std::shared_ptr<const NetworkSettings>;

/// Null for settings like those of a new job.
NetworkSettingsPtr SharedSettings(NetworkSettings settings);

/// The acting identity's own credentials may be sent at all.
bool HasImplicitCredentials(const NetworkSettings* settings);

bool HasClientCertificate(const NetworkSettings* settings);

/// It shows something that is the job's own, so that its connections must be, too.
bool HasOwnCredentials(const NetworkSettings* settings);

/// For whoever only looks: neither users nor passwords, nor the client certificate.
NetworkSettingsPtr WithoutSecrets(const NetworkSettingsPtr& settings);

}  // namespace bitsd

#endif  // BITSD_SERVER_MODEL_NETWORK_SETTINGS_H_
