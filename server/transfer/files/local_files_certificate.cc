// How a download comes by its client certificate: as the job's owner, whoever opens its files.

#include <unistd.h>

#include <cerrno>
#include <utility>

#include "server/error/errors.h"
#include "server/identity/secret.h"
#include "server/transfer/failures.h"
#include "server/transfer/files/local_files.h"

namespace bitsd {
namespace {

constexpr size_t kMaxFile = FileBroker::kMaxReadable;

/// The whole file, with one byte more than it may have when it is larger.
absl::StatusOr<Secret> ReadWhole(const UniqueFd& fd, const std::string& path) {
  std::string text(kMaxFile + 1, '\0');
  size_t size = 0;
  ssize_t count = 1;
  while (count > 0 && size < text.size()) {
    count = ::read(fd.get(), text.data() + size, text.size() - size);
    if (count > 0) size += static_cast<size_t>(count);
    if (count < 0 && errno == EINTR) count = 1;
  }
  const Secret content(std::string_view(text).substr(0, size));
  explicit_bzero(text.data(), text.size());
  if (count < 0) return error::Unavailable("\"" + path + "\" could not be read");
  if (size <= kMaxFile) return content;
  return error::InvalidArgument("\"" + path +
                                "\" is larger than a certificate or key may be, 1 MiB");
}

absl::StatusOr<Secret> ReadAs(const JobFiles& files, const ActingIdentity& owner,
                              const std::string& path) {
  const absl::StatusOr<UniqueFd> fd = files.OpenToRead(owner, path);
  if (!fd.ok()) return fd.status();
  return ReadWhole(*fd, path);
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
