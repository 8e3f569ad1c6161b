#include "server/base/wiped_memory.h"

#include <malloc.h>
#include <string.h>

#include <cstddef>
#include <cstdlib>
#include <new>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || \
    __has_feature(memory_sanitizer)
#define BITSD_HEAP_IS_A_SANITIZERS
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define BITSD_HEAP_IS_A_SANITIZERS
#endif

#ifdef BITSD_HEAP_IS_A_SANITIZERS

namespace bitsd {
void WipeFreedMemory() {}
}  // namespace bitsd

#else

namespace {

constexpr int kFreedByte = 0xDB;
/// What the C library overwrites by itself is larger.
constexpr size_t kSmall = 1100;

void WipeAndFree(void* memory) {
  if (memory == nullptr) return;
  if (const size_t size = malloc_usable_size(memory); size <= kSmall) {
    explicit_bzero(memory, size);
  }
  std::free(memory);
}

}  // namespace

namespace bitsd {

void WipeFreedMemory() { mallopt(M_PERTURB, kFreedByte); }

}  // namespace bitsd

void operator delete(void* memory) noexcept { WipeAndFree(memory); }
void operator delete[](void* memory) noexcept { WipeAndFree(memory); }
void operator delete(void* memory, std::size_t) noexcept { WipeAndFree(memory); }
void operator delete[](void* memory, std::size_t) noexcept { WipeAndFree(memory); }
void operator delete(void* memory, const std::nothrow_t&) noexcept { WipeAndFree(memory); }
void operator delete[](void* memory, const std::nothrow_t&) noexcept { WipeAndFree(memory); }

#endif
