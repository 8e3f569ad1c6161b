// Certificates and keys in PEM, which a job names.
//
// Thread safety: free functions. Ownership: what was read is the caller's, overwritten when freed.

#ifndef BITSD_SERVER_BROKER_FILES_PEM_FILE_H_
#define BITSD_SERVER_BROKER_FILES_PEM_FILE_H_

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "server/base/secret.h"
#include "server/base/unique_fd.h"

namespace bitsd {

/// The largest one that is read.
inline constexpr size_t kMaxPemFile = size_t{1} << 20;

/// Whether a line of `text` begins a certificate or a private key (RFC 7468, and OpenSSL's own
/// labels). No other kind of PEM counts: an SSH key is nobody's client certificate.
bool HoldsCertificateOrKey(std::string_view text);

/// The whole of the regular file `fd`, whose offset stays where it is. E_INVALIDARG when it is
/// larger than kMaxPemFile, or holds no certificate or key. `path` is for messages.
absl::StatusOr<Secret> ReadPemFile(const UniqueFd& fd, const std::string& path);

}  // namespace bitsd

#endif  // BITSD_SERVER_BROKER_FILES_PEM_FILE_H_
