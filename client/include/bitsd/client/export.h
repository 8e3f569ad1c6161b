// BITS_EXPORT marks what the shared library shows; everything else stays inside it.

#ifndef BITSD_CLIENT_EXPORT_H_
#define BITSD_CLIENT_EXPORT_H_

#define BITS_EXPORT __attribute__((visibility("default")))

#endif  // BITSD_CLIENT_EXPORT_H_
