// What is freed is overwritten.

#include "server/base/wiped_memory.h"

#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>

#include "gtest/gtest.h"

namespace bitsd {
namespace {

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define BITSD_HEAP_IS_A_SANITIZERS
#endif
#endif
#if defined(BITSD_HEAP_IS_A_SANITIZERS) || defined(__SANITIZE_ADDRESS__) || \
    defined(__SANITIZE_THREAD__)
constexpr bool kHeapIsOurs = false;
#else
constexpr bool kHeapIsOurs = true;
#endif

/// How many bytes of a freed string of this size still hold its text. The allocator keeps its lists
/// in the first of them.
size_t LeftAfterFree(size_t size) {
  constexpr size_t kLists = 32;
  auto text = std::make_unique<std::string>(size, 'S');
  volatile const char* memory = text->data();
  const std::string keeps_the_heap_from_shrinking(size, 'x');
  asm volatile("" : "+r"(memory));
  text.reset();
  size_t left = 0;
  for (size_t i = kLists; i < size; ++i) left += memory[i] == 'S' ? 1 : 0;
  return left;
}

TEST(WipedMemoryTest, NothingIsLeftOfWhatWasFreed) {
  if (!kHeapIsOurs) GTEST_SKIP() << "the heap is a sanitizer's";
  WipeFreedMemory();
  for (const size_t size : {64, 200, 1000, 1100, 1500, 5000, 100'000}) {
    EXPECT_EQ(LeftAfterFree(size), 0u) << size;
  }
}

}  // namespace
}  // namespace bitsd
