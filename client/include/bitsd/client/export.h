// BITS_EXPORT marks what the shared library shows, BITS_HIDDEN the inner classes of what it shows;
// everything else stays inside it.

#ifndef BITSD_CLIENT_EXPORT_H_
#define BITSD_CLIENT_EXPORT_H_

#define BITS_EXPORT __attribute__((visibility("default")))
#define BITS_HIDDEN __attribute__((visibility("hidden")))

#endif  // BITSD_CLIENT_EXPORT_H_
