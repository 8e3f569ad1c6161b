#include "server/transfer/http/certificate_files.h"

#include <string>

#include "server/base/secret.h"
#include "server/broker/pem_file.h"
#include "server/error/errors.h"

namespace bitsd {
namespace {

/// `status` with `what` in place of paths: a job's error is for all who may open the job, where the
/// files are for its owner alone.
absl::Status WithoutPath(const absl::Status& status, const std::string& what) {
  std::string text(status.message());
  // A name may have quotation marks of its own.
  const size_t begin = text.find("\"/");
  if (begin != text.npos) text.replace(begin, text.rfind('"') + 1 - begin, what);
  absl::Status named(status.code(), text);
  status.ForEachPayload([&named](absl::string_view type, const absl::Cord& payload) {
    named.SetPayload(type, payload);
  });
  return named;
}

absl::StatusOr<Secret> ReadAs(const JobFiles& files, const ActingIdentity& owner,
                              const std::string& path, const std::string& what) {
  const absl::StatusOr<UniqueFd> fd = files.OpenPem(owner, path);
  if (!fd.ok()) return WithoutPath(fd.status(), what);
  absl::StatusOr<Secret> text = ReadPemFile(*fd, path);
  if (!text.ok()) return WithoutPath(text.status(), what);
  return text;
}

}  // namespace

absl::StatusOr<ClientKeyPairPtr> OpenClientCertificate(const JobFiles& files,
                                                       const HttpTask& http) {
  if (http.settings == nullptr || !http.settings->client_certificate) return nullptr;
  const ClientCertificate& certificate = *http.settings->client_certificate;
  if (!http.owner) {
    return error::AccessDenied(Rule::kFilteredTokenHasNoIdentity,
                               "the job's owner has no identity that could open it");
  }
  const absl::StatusOr<Secret> text =
      ReadAs(files, *http.owner, certificate.certificate, "its file");
  if (!text.ok()) return text.status();
  const absl::StatusOr<Secret> key =
      ReadAs(files, *http.owner, certificate.key, "the file of its key");
  if (!key.ok()) return key.status();
  return ParseClientKeyPair(text->view(), key->view());
}

}  // namespace bitsd
