// Collects in chunks what a source receives, and hands them to the sink.
//
// A full chunk goes at once, and what a slow source has given a moment later. The source is never
// waited for by the disk nor the other way round: at most `max_backlog` bytes lie in between, then
// the source has to wait.
//
// Thread safety: the executor's thread only. Ownership: shared by the source and its timer.

#ifndef BITSD_SERVER_TRANSFER_COMMON_CONTENT_WRITER_H_
#define BITSD_SERVER_TRANSFER_COMMON_CONTENT_WRITER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "server/transfer/common/chunk.h"
#include "server/transfer/common/content_sink.h"
#include "server/transfer/common/executor.h"

namespace bitsd {

class ContentWriter : public std::enable_shared_from_this<ContentWriter> {
 public:
  ContentWriter(Executor& executor, std::shared_ptr<ChunkPool> chunks, size_t max_backlog,
                std::shared_ptr<ContentSink> sink);

  /// Content of file `index` follows. What was not handed on before is dropped.
  void Start(uint32_t index, ContentStart start);
  void Append(std::string_view data);
  /// In the file, of the next byte.
  uint64_t offset() const { return offset_; }

  /// The disk is too far behind: nothing may be appended before ContentSource::Continue.
  bool MustWait();

  /// File `index` is whole.
  void Finish(uint32_t index);
  /// File `index` is not taken as it came: see FileStep.
  void GiveUp(uint32_t index, bool forget, bool doubt);
  /// So many ranges of file `index` in a row have brought nothing.
  void CountFruitless(uint32_t index, uint8_t count);

  /// Hands on what there is.
  void Flush();
  /// Drops it. Nothing is handed on any more.
  void Close();

 private:
  void FlushLater();

  Executor& executor_;
  const std::shared_ptr<ChunkPool> chunks_;
  const size_t max_backlog_;
  const std::shared_ptr<ContentSink> sink_;
  FileStep pending_;  ///< Received and not yet handed on.
  uint64_t offset_ = 0;
  bool flush_planned_ = false;
  bool closed_ = false;
};

}  // namespace bitsd

#endif  // BITSD_SERVER_TRANSFER_COMMON_CONTENT_WRITER_H_
