#include "server/transfer/http/resolve_url.h"

#include <curl/curl.h>

#include <algorithm>
#include <cstddef>
#include <memory>

namespace bitsd {
namespace {

/// Blanks and characters that are not ASCII are percent-encoded, as every browser does. In a host
/// they stay, and policy refuses it: the library writes it in ASCII in some locales only.
constexpr unsigned kAsServersWrite = CURLU_NON_SUPPORT_SCHEME | CURLU_ALLOW_SPACE | CURLU_URLENCODE;

/// Browsers take a backslash before the query for a slash, and some servers rely on it.
std::string WithSlashes(std::string location) {
  const size_t end = std::min(location.find_first_of("?#"), location.size());
  std::replace(location.begin(), location.begin() + static_cast<std::ptrdiff_t>(end), '\\', '/');
  return location;
}

}  // namespace

std::optional<std::string> ResolveUrl(const std::string& base, const std::string& location) {
  const std::unique_ptr<CURLU, decltype(&curl_url_cleanup)> url(curl_url(), &curl_url_cleanup);
  if (url == nullptr || curl_url_set(url.get(), CURLUPART_URL, base.c_str(), 0) != CURLUE_OK ||
      curl_url_set(url.get(), CURLUPART_URL, WithSlashes(location).c_str(), kAsServersWrite) !=
          CURLUE_OK) {
    return std::nullopt;
  }
  curl_url_set(url.get(), CURLUPART_FRAGMENT, nullptr, 0);
  char* text = nullptr;
  if (curl_url_get(url.get(), CURLUPART_URL, &text, 0) != CURLUE_OK) return std::nullopt;
  const std::unique_ptr<char, decltype(&curl_free)> owned(text, &curl_free);
  return std::string(text);
}

}  // namespace bitsd
