// A copy-on-write list: copies share the blocks that did not change.
//
// Made for the files of a job, of which every step of progress makes a new version: changing one
// file copies one block and the table of blocks, however many files there are. Thread safety: as a
// std::vector: const methods from any thread; a shared block is never changed. Ownership: blocks
// live as long as a list that holds them.

#ifndef BITSD_SERVER_BASE_COW_VECTOR_H_
#define BITSD_SERVER_BASE_COW_VECTOR_H_

#include <algorithm>
#include <array>
#include <cstddef>
#include <iterator>
#include <memory>
#include <utility>
#include <vector>

#include "absl/container/inlined_vector.h"

namespace bitsd {

template <typename T>
class CowVector {
 public:
  class const_iterator {
   public:
    using iterator_category = std::forward_iterator_tag;
    using value_type = T;
    using difference_type = std::ptrdiff_t;
    using pointer = const T*;
    using reference = const T&;

    const_iterator() = default;
    const_iterator(const CowVector* list, size_t index) : list_(list), index_(index) {}
    reference operator*() const { return (*list_)[index_]; }
    pointer operator->() const { return &(*list_)[index_]; }
    const_iterator& operator++() {
      ++index_;
      return *this;
    }
    const_iterator operator++(int) {
      const_iterator before = *this;
      ++index_;
      return before;
    }
    friend bool operator==(const const_iterator&, const const_iterator&) = default;

   private:
    const CowVector* list_ = nullptr;
    size_t index_ = 0;
  };
  using value_type = T;

  CowVector() = default;
  /// `count` empty values, which cost next to nothing: all such lists share them.
  explicit CowVector(size_t count) : size_(count) {
    for (size_t left = count; left > 0; left -= std::min(left, kBlock)) {
      blocks_.push_back(EmptyBlock(std::min(left, kBlock)));
    }
  }
  CowVector(const std::vector<T>& values) {  // NOLINT(google-explicit-constructor)
    for (const T& value : values) push_back(value);
  }

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  const T& operator[](size_t index) const { return (*blocks_[index / kBlock])[index % kBlock]; }
  const_iterator begin() const { return {this, 0}; }
  const_iterator end() const { return {this, size_}; }

  void push_back(T value) {
    if (size_ % kBlock == 0) blocks_.push_back(std::make_shared<Block>());
    OwnBlock(size_ / kBlock).push_back(std::move(value));
    ++size_;
  }

  /// The value to change; the reference holds until this list is copied or changed.
  T& Edit(size_t index) { return OwnBlock(index / kBlock)[index % kBlock]; }

  /// Calls `visit` with the index of each value that is another than in `before`, or was not in it.
  /// What both share costs nothing.
  template <typename Visit>
  void VisitChanges(const CowVector& before, Visit visit) const {
    for (size_t block = 0; block < blocks_.size(); ++block) {
      const bool known = block < before.blocks_.size();
      if (known && before.blocks_[block] == blocks_[block]) continue;
      const size_t first = block * kBlock;
      for (size_t i = first; i < first + blocks_[block]->size(); ++i) {
        if (i >= before.size_ || !(before[i] == (*this)[i])) visit(i);
      }
    }
  }

  friend bool operator==(const CowVector& a, const CowVector& b) {
    return a.size_ == b.size_ &&
           std::equal(a.blocks_.begin(), a.blocks_.end(), b.blocks_.begin(),
                      [](const BlockPtr& x, const BlockPtr& y) { return x == y || *x == *y; });
  }

 private:
  static constexpr size_t kBlock = 32;
  // Most jobs have one file.
  using Block = absl::InlinedVector<T, 1>;
  using BlockPtr = std::shared_ptr<Block>;

  /// One with so many empty values; never changed, as it is always shared.
  static BlockPtr EmptyBlock(size_t count) {
    static const std::array<BlockPtr, kBlock + 1> kEmpty = [] {
      std::array<BlockPtr, kBlock + 1> blocks;
      for (size_t i = 0; i < blocks.size(); ++i) blocks[i] = std::make_shared<Block>(i);
      return blocks;
    }();
    return kEmpty[count];
  }

  /// The block, shared with nobody: a copy when it is. Nobody else can begin to share it meanwhile,
  /// as that takes a copy of this list.
  Block& OwnBlock(size_t index) {
    BlockPtr& block = blocks_[index];
    if (block.use_count() > 1) {
      block = std::make_shared<Block>(*block);
    } else {
      // A thread that has just let go of it may have read it last: taking a share, unlike looking
      // at the count, puts that before what is written now.
      const BlockPtr after_readers = block;
    }
    return *block;
  }

  absl::InlinedVector<BlockPtr, 1> blocks_;
  size_t size_ = 0;
};

}  // namespace bitsd

#endif  // BITSD_SERVER_BASE_COW_VECTOR_H_
