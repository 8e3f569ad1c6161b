// What the transfer engine asks of a protocol.
//
// Thread safety: any thread. Ownership: it outlives its sources.

#ifndef BITSD_SERVER_TRANSFER_COMMON_PROTOCOL_H_
#define BITSD_SERVER_TRANSFER_COMMON_PROTOCOL_H_

#include <memory>

#include "absl/time/time.h"
#include "server/model/job_record.h"
#include "server/model/transfer_service.h"
#include "server/transfer/common/content_sink.h"
#include "server/transfer/common/content_source.h"
#include "server/transfer/common/transfer_context.h"

namespace bitsd {

class Protocol {
 public:
  virtual ~Protocol() = default;

  /// Gives the files of `task` to `sink`.
  virtual std::shared_ptr<ContentSource> NewSource(const TransferContext& context,
                                                   const DownloadTask& task,
                                                   std::shared_ptr<ContentSink> sink) = 0;

  /// When a file was last changed, as its source said in `version`; InfinitePast: it did not say.
  virtual absl::Time ModifiedAt(const SourceVersion& version) const = 0;
};

}  // namespace bitsd

#endif  // BITSD_SERVER_TRANSFER_COMMON_PROTOCOL_H_
