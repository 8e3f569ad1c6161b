// Where the content of files comes from: the network side of a download, as the local side sees it.
//
// Each protocol has one. It gives the files that it is asked for one after the other to its
// ContentSink. Thread safety: Prepare on a disk thread, everything else on the executor's.
// Ownership: shared; the local side holds it weakly.

#ifndef BITSD_SERVER_TRANSFER_COMMON_CONTENT_SOURCE_H_
#define BITSD_SERVER_TRANSFER_COMMON_CONTENT_SOURCE_H_

#include <optional>
#include <vector>

#include "server/model/transfer_service.h"
#include "server/transfer/common/file_plan.h"
#include "server/transfer/common/job_files.h"

namespace bitsd {

class ContentSource {
 public:
  virtual ~ContentSource() = default;

  /// Opens what the source itself needs of local files, before the first file of the job is opened.
  /// It may block, and is looked after as writing is. A failure ends the download.
  virtual std::optional<TransferFailure> Prepare(const JobFiles& files) = 0;
  /// These files are open, and may be asked for. In order.
  virtual void Fetch(const std::vector<FilePlan>& plans) = 0;
  /// The backlog has fallen after ContentSink::AwaitDrain.
  virtual void Continue() = 0;
  /// Sends and receives nothing any more.
  virtual void Halt() = 0;
};

}  // namespace bitsd

#endif  // BITSD_SERVER_TRANSFER_COMMON_CONTENT_SOURCE_H_
