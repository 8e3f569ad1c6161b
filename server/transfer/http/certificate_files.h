// How a download comes by its client certificate: as the job's owner, whoever opens its files.
//
// Thread safety: any thread; blocks.

#ifndef BITSD_SERVER_TRANSFER_HTTP_CERTIFICATE_FILES_H_
#define BITSD_SERVER_TRANSFER_HTTP_CERTIFICATE_FILES_H_

#include "absl/status/statusor.h"
#include "server/model/transfer_service.h"
#include "server/transfer/common/job_files.h"
#include "server/transfer/http/client_certificate.h"

namespace bitsd {

/// The client certificate of `http` and its key; null: the job has none.
absl::StatusOr<ClientKeyPairPtr> OpenClientCertificate(const JobFiles& files, const HttpTask& http);

}  // namespace bitsd

#endif  // BITSD_SERVER_TRANSFER_HTTP_CERTIFICATE_FILES_H_
