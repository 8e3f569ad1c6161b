#include "server/transfer/common/content_writer.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <utility>

namespace bitsd {
namespace {

/// A slow source's bytes reach the disk, and the progress shown, at least this often.
constexpr std::chrono::milliseconds kFlushEvery{100};

}  // namespace

ContentWriter::ContentWriter(Executor& executor, std::shared_ptr<ChunkPool> chunks,
                             size_t max_backlog, std::shared_ptr<ContentSink> sink)
    : executor_(executor),
      chunks_(std::move(chunks)),
      max_backlog_(max_backlog),
      sink_(std::move(sink)) {}

void ContentWriter::Start(uint32_t index, ContentStart start) {
  pending_ = FileStep{};
  pending_.index = index;
  offset_ = start.offset;
  pending_.start = std::move(start);
  FlushLater();
}

void ContentWriter::Append(std::string_view data) {
  while (!data.empty()) {
    if (pending_.chunk == nullptr) {
      pending_.chunk = chunks_->Take();
      pending_.offset = offset_;
    }
    Chunk& chunk = *pending_.chunk;
    const size_t count = std::min(data.size(), Chunk::kCapacity - chunk.size);
    std::memcpy(chunk.data.get() + chunk.size, data.data(), count);
    chunk.size += count;
    offset_ += count;
    data.remove_prefix(count);
    if (chunk.size == Chunk::kCapacity) Flush();
  }
  FlushLater();
}

bool ContentWriter::MustWait() {
  if (sink_->Backlog() < max_backlog_) return false;
  Flush();
  return sink_->AwaitDrain();
}

void ContentWriter::Finish(uint32_t index) {
  pending_.index = index;
  pending_.finish = true;
  Flush();
}

void ContentWriter::GiveUp(uint32_t index, bool forget, bool doubt) {
  pending_.index = index;
  pending_.forget = forget;
  pending_.doubt = doubt;
}

void ContentWriter::CountFruitless(uint32_t index, uint8_t count) {
  Flush();
  pending_.index = index;
  pending_.fruitless = count;
  Flush();
}

void ContentWriter::Flush() {
  if (pending_.IsEmpty()) return;
  FileStep step = std::exchange(pending_, FileStep{});
  pending_.index = step.index;
  sink_->Write(std::move(step));
}

void ContentWriter::FlushLater() {
  if (std::exchange(flush_planned_, true)) return;
  executor_.PostAfter(kFlushEvery, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (self == nullptr || self->closed_) return;
    self->flush_planned_ = false;
    self->Flush();
  });
}

void ContentWriter::Close() {
  closed_ = true;
  pending_ = FileStep{};
}

}  // namespace bitsd
