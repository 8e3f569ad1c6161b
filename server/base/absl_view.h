// Debian's Abseil has a string_view of its own: ours, for its functions.
//
// Thread safety: a pure function. Ownership: the view is of the same bytes.

#ifndef BITSD_SERVER_BASE_ABSL_VIEW_H_
#define BITSD_SERVER_BASE_ABSL_VIEW_H_

#include <string_view>

#include "absl/strings/string_view.h"

namespace bitsd {

inline absl::string_view ToAbsl(std::string_view text) { return {text.data(), text.size()}; }

}  // namespace bitsd

#endif  // BITSD_SERVER_BASE_ABSL_VIEW_H_
