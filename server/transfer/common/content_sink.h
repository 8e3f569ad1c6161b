// Where the content of files goes: the local side of a download, as a source sees it.
//
// Thread safety: any thread; nothing blocks. Ownership: shared by the source that writes to it.

#ifndef BITSD_SERVER_TRANSFER_COMMON_CONTENT_SINK_H_
#define BITSD_SERVER_TRANSFER_COMMON_CONTENT_SINK_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "server/model/job_record.h"
#include "server/model/transfer_service.h"
#include "server/transfer/common/chunk.h"
#include "server/transfer/common/file_plan.h"

namespace bitsd {

/// Content of a file follows.
struct ContentStart {
  uint64_t offset = 0;           ///< In the file, of its first byte.
  uint64_t size = kSizeUnknown;  ///< Of the whole file.
  SourceVersion version;
  FileHistory history;
  bool not_resumable = false;
  std::string final_url;  ///< Where redirects led; empty: nowhere else.
};

/// A step of writing one file; any part may be absent.
struct FileStep {
  uint32_t index = 0;
  std::optional<ContentStart> start;
  ChunkPtr chunk;
  uint64_t offset = 0;  ///< Of the chunk.
  bool finish = false;  ///< The file is whole.
  bool forget = false;  ///< What there is of the file is of no use.
  bool doubt = false;   ///< The answer looked foreign: nothing of it is taken.
  /// So many ranges in a row have brought nothing now.
  std::optional<uint8_t> fruitless;

  bool IsEmpty() const {
    return !start && chunk == nullptr && !finish && !forget && !doubt && !fruitless;
  }
};

class ContentSink {
 public:
  virtual ~ContentSink() = default;

  /// Steps are done in order.
  virtual void Write(FileStep step) = 0;
  /// The job enters CONNECTING (false) or TRANSFERRING (true).
  virtual void SetPhase(bool transferring) = 0;

  /// Bytes given to Write and not written yet.
  virtual size_t Backlog() const = 0;
  /// False when the backlog is low already; else ContentSource::Continue follows.
  virtual bool AwaitDrain() = 0;

  /// Stops the source, records what can be kept, and reports the failure.
  virtual void Fail(TransferFailure failure) = 0;
};

}  // namespace bitsd

#endif  // BITSD_SERVER_TRANSFER_COMMON_CONTENT_SINK_H_
