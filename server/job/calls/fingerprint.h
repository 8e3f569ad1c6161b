// Tells requests apart that have the same request id.
//
// Thread safety: a pure function.

#ifndef BITSD_SERVER_JOB_CALLS_FINGERPRINT_H_
#define BITSD_SERVER_JOB_CALLS_FINGERPRINT_H_

#include <string>
#include <string_view>
#include <vector>

namespace bitsd {

/// A digest of fields with their lengths, so that no two requests look the same.
std::string FingerprintOf(const std::vector<std::string_view>& fields);

}  // namespace bitsd

#endif  // BITSD_SERVER_JOB_CALLS_FINGERPRINT_H_
