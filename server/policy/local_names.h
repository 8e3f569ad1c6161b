// What local names a job may have, as far as text can say; the broker judges what they lead to.
//
// Thread safety: pure functions.

#ifndef BITSD_SERVER_POLICY_LOCAL_NAMES_H_
#define BITSD_SERVER_POLICY_LOCAL_NAMES_H_

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace bitsd::policy {

inline constexpr size_t kMaxLocalName = 4095;      ///< PATH_MAX without the NUL.
inline constexpr size_t kMaxLocalComponent = 255;  ///< NAME_MAX.

/// E_INVALIDARG unless `path` is absolute, canonical as text (no empty, "." or ".." component, no
/// trailing slash), within bounds, free of NUL and control characters and valid UTF-8: one file
/// has one spelling. Symbolic links are the broker's to refuse.
absl::Status CheckLocalName(std::string_view path);

/// The name of a temporary file: ".BIT", 16 hexadecimal digits, ".tmp".
inline constexpr size_t kTemporaryNameLength = 24;

/// CheckLocalName for a file to be downloaded: its directory also has room for the temporary file
/// beside it.
absl::Status CheckDestination(std::string_view path);

/// The directory of a name that CheckLocalName accepts.
std::string DirectoryOf(std::string_view path);

}  // namespace bitsd::policy

#endif  // BITSD_SERVER_POLICY_LOCAL_NAMES_H_
