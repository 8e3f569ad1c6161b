#include "server/store/stored_credentials.h"

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/policy/credential_rules.h"

namespace bitsd {
namespace {

std::string ContextOf(const JobId& job, AuthTarget target, AuthScheme scheme) {
  return absl::StrCat("bitsd credential/", job.ToString(), "/", static_cast<int>(target), "/",
                      static_cast<int>(scheme));
}

/// Neither has a NUL (policy::CheckCredential), which parts them.
Secret Joined(const JobCredential& credential) {
  std::string text;
  text.reserve(credential.user.size() + 1 + credential.password.view().size());
  text.append(credential.user).push_back('\0');
  text.append(credential.password.view());
  Secret joined(text);
  explicit_bzero(text.data(), text.size());
  return joined;
}

StoredCredential SealedOne(const JobId& job, const JobCredential& credential,
                           const SecretBox* secrets) {
  StoredCredential stored{credential.target, credential.scheme, credential.is_implicit(), {}};
  if (stored.implicit || secrets == nullptr) return stored;
  stored.sealed =
      secrets->Seal(Joined(credential), ContextOf(job, credential.target, credential.scheme));
  return stored;
}

/// What was sealed, if it opens and is what may be set.
std::optional<JobCredential> Opened(const JobId& job, const StoredCredential& stored,
                                    const SecretBox* secrets) {
  if (!stored.sealed || secrets == nullptr) return std::nullopt;
  const auto text = secrets->Open(*stored.sealed, ContextOf(job, stored.target, stored.scheme));
  if (!text) return std::nullopt;
  const size_t end = text->view().find('\0');
  if (end == std::string_view::npos) return std::nullopt;
  JobCredential credential{stored.target, stored.scheme, std::string(text->view().substr(0, end)),
                           Secret(text->view().substr(end + 1))};
  const bool valid = policy::CheckCredential(stored.target, stored.scheme, credential.user,
                                             credential.password.view())
                         .ok();
  if (!valid || credential.is_implicit()) return std::nullopt;
  return credential;
}

}  // namespace

std::vector<StoredCredential> Sealed(const JobId& job, const NetworkSettings& network,
                                     const SecretBox* secrets) {
  std::vector<StoredCredential> all;
  for (const JobCredential& credential : network.credentials) {
    all.push_back(SealedOne(job, credential, secrets));
  }
  for (const LostCredential& lost : network.lost)
    all.push_back({lost.target, lost.scheme, false, {}});
  return all;
}

void Unseal(const JobId& job, const StoredCredential& stored, const SecretBox* secrets,
            NetworkSettings& network) {
  const bool valid_implicit =
      stored.implicit && policy::CheckCredential(stored.target, stored.scheme, "", "").ok();
  if (valid_implicit) {
    network.credentials.push_back({stored.target, stored.scheme, "", Secret()});
  } else if (auto credential = Opened(job, stored, secrets)) {
    network.credentials.push_back(*std::move(credential));
  } else {
    network.lost.push_back({stored.target, stored.scheme});
  }
}

}  // namespace bitsd
