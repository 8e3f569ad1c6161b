// The credentials of a job, to their rows and back.
//
// An explicit one is sealed together with job, target and scheme: a row that is moved to another
// place does not open. Thread safety: pure functions.

#ifndef BITSD_SERVER_STORE_STORED_CREDENTIALS_H_
#define BITSD_SERVER_STORE_STORED_CREDENTIALS_H_

#include <vector>

#include "server/model/job_id.h"
#include "server/model/network_settings.h"
#include "server/store/job_columns.h"
#include "server/store/secret_box.h"

namespace bitsd {

/// With null `secrets`, and where sealing fails, explicit ones become entries without their text.
std::vector<StoredCredential> Sealed(const JobId& job, const NetworkSettings& network,
                                     const SecretBox* secrets);

/// Puts it back into `network`: among its credentials, or among those that were lost.
void Unseal(const JobId& job, const StoredCredential& stored, const SecretBox* secrets,
            NetworkSettings& network);

}  // namespace bitsd

#endif  // BITSD_SERVER_STORE_STORED_CREDENTIALS_H_
