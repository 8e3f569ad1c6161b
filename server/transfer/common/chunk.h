// Buffers that carry file data from the network to the disk, used again and again.
//
// Thread safety: any thread. Ownership: a chunk goes back to its pool when its last user lets go.

#ifndef BITSD_SERVER_TRANSFER_COMMON_CHUNK_H_
#define BITSD_SERVER_TRANSFER_COMMON_CHUNK_H_

#include <cstddef>
#include <memory>
#include <mutex>
#include <vector>

namespace bitsd {

struct Chunk {
  static constexpr size_t kCapacity = size_t{256} << 10;

  std::unique_ptr<char[]> data{new char[kCapacity]};
  size_t size = 0;
};

using ChunkPtr = std::shared_ptr<Chunk>;

class ChunkPool : public std::enable_shared_from_this<ChunkPool> {
 public:
  ChunkPtr Take();

 private:
  static constexpr size_t kMaxSpare = 64;

  void GiveBack(std::unique_ptr<Chunk> chunk);

  std::mutex mutex_;
  std::vector<std::unique_ptr<Chunk>> spare_;
};

}  // namespace bitsd

#endif  // BITSD_SERVER_TRANSFER_COMMON_CHUNK_H_
