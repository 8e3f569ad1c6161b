#include "server/transfer/common/chunk.h"

#include <utility>

namespace bitsd {

ChunkPtr ChunkPool::Take() {
  std::unique_ptr<Chunk> chunk;
  {
    std::lock_guard lock(mutex_);
    if (!spare_.empty()) {
      chunk = std::move(spare_.back());
      spare_.pop_back();
    }
  }
  if (chunk == nullptr) chunk = std::make_unique<Chunk>();
  chunk->size = 0;
  return {chunk.release(), [pool = shared_from_this()](Chunk* used) {
            pool->GiveBack(std::unique_ptr<Chunk>(used));
          }};
}

void ChunkPool::GiveBack(std::unique_ptr<Chunk> chunk) {
  std::lock_guard lock(mutex_);
  if (spare_.size() < kMaxSpare) spare_.push_back(std::move(chunk));
}

}  // namespace bitsd
