// What became of a request to a worker.
//
// Thread safety: a value. Ownership: owns the descriptors in it.

#ifndef BITSD_SERVER_BROKER_WIRE_FILE_RESULT_H_
#define BITSD_SERVER_BROKER_WIRE_FILE_RESULT_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "server/base/unique_fd.h"
#include "server/model/file_id.h"

namespace bitsd {

struct FileResult {
  absl::Status status;
  /// The files that were done, in order; `status` is about the one after them.
  std::vector<FileId> ids = {};
  std::vector<UniqueFd> fds = {};
  std::vector<uint32_t> not_set = {};  ///< Of files that were published: FileNotSet.
};

}  // namespace bitsd

#endif  // BITSD_SERVER_BROKER_WIRE_FILE_RESULT_H_
