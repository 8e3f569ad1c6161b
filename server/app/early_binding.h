// The functions of shared libraries are looked up when the program starts, and not at their first
// call.
//
// A look-up at the first call saves all registers on the stack, and with them what was copied last:
// pieces of a password or of a ticket stay there. Thread safety: before the first other thread.

#ifndef BITSD_SERVER_APP_EARLY_BINDING_H_
#define BITSD_SERVER_APP_EARLY_BINDING_H_

#include "absl/status/status.h"

namespace bitsd {

/// Starts this program again, as the same process, unless it was started so. Returns only then, or
/// when that is not possible.
absl::Status BindEarly(char** argv);

}  // namespace bitsd

#endif  // BITSD_SERVER_APP_EARLY_BINDING_H_
