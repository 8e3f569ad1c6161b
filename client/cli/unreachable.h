// What a person reads when bitsd is not there: what is wrong, where, and what to do.
//
// Thread safety: pure functions.

#ifndef BITSD_CLIENT_CLI_UNREACHABLE_H_
#define BITSD_CLIENT_CLI_UNREACHABLE_H_

#include <string>

#include "absl/status/status.h"

namespace bits::cli {

/// A status that gRPC made because it reached no bitsd at `endpoint`, with a sentence of our own
/// before gRPC's text; any other as it is.
absl::Status ExplainUnreachable(const absl::Status& status, const std::string& endpoint);

}  // namespace bits::cli

#endif  // BITSD_CLIENT_CLI_UNREACHABLE_H_
