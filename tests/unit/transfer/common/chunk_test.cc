// Chunks are used again.

#include "server/transfer/common/chunk.h"

#include <memory>

#include "gtest/gtest.h"

namespace bitsd {
namespace {

TEST(ChunkPoolTest, AUsedChunkComesBackEmpty) {
  const auto pool = std::make_shared<ChunkPool>();
  ChunkPtr first = pool->Take();
  const char* data = first->data.get();
  first->size = 7;
  first.reset();
  const ChunkPtr second = pool->Take();
  EXPECT_EQ(second->data.get(), data);
  EXPECT_EQ(second->size, 0u);
}

}  // namespace
}  // namespace bitsd
