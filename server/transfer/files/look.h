// Looks at files: can they be put in place by who acts, and can others be made in their folders?
//
// Thread safety: pure but for the broker; blocks. Call it on a disk thread.

#ifndef BITSD_SERVER_TRANSFER_FILES_LOOK_H_
#define BITSD_SERVER_TRANSFER_FILES_LOOK_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "server/model/transfer_service.h"
#include "server/transfer/common/job_files.h"
#include "server/transfer/files/errand.h"

namespace bitsd {

/// The recorded file is not there for who acts: a new one has to take its place.
bool IsLost(const absl::Status& status);

/// As TransferService::StartLook: the files that are lost, while a new one could be made.
std::vector<uint32_t> FindLost(const JobFiles& files, const LookTask& task,
                               const Errand::GoesOn& goes_on);

}  // namespace bitsd

#endif  // BITSD_SERVER_TRANSFER_FILES_LOOK_H_
