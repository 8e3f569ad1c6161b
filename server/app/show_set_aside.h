// bitsd --set-aside: what of the store could not be read.
//
// Changes nothing. Thread safety: once, from a process with one thread, which it makes the user
// that bitsd would be.

#ifndef BITSD_SERVER_APP_SHOW_SET_ASIDE_H_
#define BITSD_SERVER_APP_SHOW_SET_ASIDE_H_

#include <string>

#include "absl/status/statusor.h"

namespace bitsd {

/// As a text for a terminal: for each record a few lines that begin with "--", and the SQL that
/// puts it back. An error when the configuration at `path` or its store cannot be read.
absl::StatusOr<std::string> DescribeSetAside(const std::string& path);

}  // namespace bitsd

#endif  // BITSD_SERVER_APP_SHOW_SET_ASIDE_H_
