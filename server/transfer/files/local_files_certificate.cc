// How a download comes by its client certificate: as the job's owner, whoever opens its files.

#include <utility>

#include "server/broker/pem_file.h"
#include "server/error/errors.h"
#include "server/identity/secret.h"
#include "server/transfer/failures.h"
#include "server/transfer/files/local_files.h"

namespace bitsd {
namespace {

absl::StatusOr<Secret> ReadAs(const JobFiles& files, const ActingIdentity& owner,
                              const std::string& path) {
  const absl::StatusOr<UniqueFd> fd = files.OpenPem(owner, path);
  if (!fd.ok()) return fd.status();
  return ReadPemFile(*fd, path);
}

}  // namespace

void LocalFiles::OpenClientCertificate() {
  const NetworkSettingsPtr& settings = task_.network.settings;
  if (settings == nullptr || !settings->client_certificate) return;
  // Reading may hang like writing.
  writing_.Begin();
  absl::StatusOr<ClientKeyPairPtr> pair = ReadClientCertificate(*settings->client_certificate);
  if (!writing_.End()) {
    ended_ = true;
    return;
  }
  if (!pair.ok()) {
    TransferFailure failure = LocalFailure(pair.status());
    failure.error.message = "Client certificate: " + failure.error.message;
    return FailNow(failure);
  }
  PostToFeed([pair = *std::move(pair)](FileFeed& feed) { feed.OnClientCertificate(pair); });
}

absl::StatusOr<ClientKeyPairPtr> LocalFiles::ReadClientCertificate(
    const ClientCertificate& certificate) {
  if (!task_.network.owner) {
    return error::AccessDenied(Rule::kFilteredTokenHasNoIdentity,
                               "the job's owner has no identity that could open it");
  }
  const ActingIdentity& owner = *task_.network.owner;
  const absl::StatusOr<Secret> text = ReadAs(files_, owner, certificate.certificate);
  if (!text.ok()) return text.status();
  const absl::StatusOr<Secret> key = ReadAs(files_, owner, certificate.key);
  if (!key.ok()) return key.status();
  return ParseClientKeyPair(text->view(), key->view());
}

}  // namespace bitsd
