// Memory that is freed is overwritten: a token, a handle or a key does not stay behind in it.
//
// Small C++ objects by the operators delete of this file, which every program that links it gets;
// everything over a kilobyte by the C library. What C code frees in smaller pieces is not: glibc
// keeps such pieces in a cache of the thread before it would overwrite them. Thread safety: any
// thread, but WipeFreedMemory before the first other thread.

#ifndef BITSD_SERVER_BASE_WIPED_MEMORY_H_
#define BITSD_SERVER_BASE_WIPED_MEMORY_H_

namespace bitsd {

/// From now on; inherited by a fork. Does nothing where a sanitizer has the heap.
void WipeFreedMemory();

}  // namespace bitsd

#endif  // BITSD_SERVER_BASE_WIPED_MEMORY_H_
