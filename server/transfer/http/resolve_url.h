// Relative references of redirects. Thread safety: pure functions.

#ifndef BITSD_SERVER_TRANSFER_HTTP_RESOLVE_URL_H_
#define BITSD_SERVER_TRANSFER_HTTP_RESOLVE_URL_H_

#include <optional>
#include <string>

namespace bitsd {

/// The absolute URL that `location` means at `base`, without fragment, or unset. What a URL must
/// not have and servers write all the same (blanks, raw UTF-8) is percent-encoded. Of any scheme:
/// policy judges it.
std::optional<std::string> ResolveUrl(const std::string& base, const std::string& location);

}  // namespace bitsd

#endif  // BITSD_SERVER_TRANSFER_HTTP_RESOLVE_URL_H_
