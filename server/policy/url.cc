#include "server/policy/url.h"

#include <arpa/inet.h>

#include <algorithm>

#include "absl/strings/ascii.h"
#include "server/error/errors.h"

namespace bitsd::policy {
namespace {

constexpr size_t kMaxHost = 253;
constexpr size_t kMaxLabel = 63;

absl::Status Malformed(std::string_view message) {
  return error::InvalidArgument(Rule::kUrlDenied, message);
}

absl::Status CheckCharacters(std::string_view text) {
  if (text.size() > kMaxRemoteName) return Malformed("a URL is at most 2,200 characters");
  const auto visible = [](char c) { return c > 0x20 && c < 0x7F && c != '\\'; };
  if (!std::all_of(text.begin(), text.end(), visible)) {
    return Malformed(
        "a URL has visible ASCII characters without backslash only: percent-encode the others");
  }
  if (text.find('#') != std::string_view::npos) {
    return Malformed("a URL has no fragment (#): a server would not see it");
  }
  return absl::OkStatus();
}

/// Takes "http://" or "https://", in any case, off the front of `text`.
bool TakeScheme(std::string_view& text, Url& url) {
  const size_t end = text.find("://");
  if (end == std::string_view::npos) return false;
  const std::string scheme = absl::AsciiStrToLower(std::string(text.substr(0, end)));
  if (scheme != "http" && scheme != "https") return false;
  url.https = scheme == "https";
  text.remove_prefix(end + 3);
  return true;
}

bool IsLabel(std::string_view label) {
  const auto allowed = [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_';
  };
  return !label.empty() && label.size() <= kMaxLabel && label.front() != '-' &&
         label.back() != '-' && std::all_of(label.begin(), label.end(), allowed);
}

/// `host` is labels joined by dots.
bool IsHostName(std::string_view host) {
  if (host.size() > kMaxHost) return false;
  while (true) {
    const size_t dot = host.find('.');
    if (!IsLabel(host.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    host.remove_prefix(dot + 1);
  }
}

/// Digits, or hexadecimal digits after 0x. No top-level domain is one: the host is meant as IPv4.
bool IsNumber(std::string_view label) {
  const bool hex = label.starts_with("0x");
  if (hex) label.remove_prefix(2);
  return std::all_of(label.begin(), label.end(), [hex](unsigned char c) {
    return hex ? absl::ascii_isxdigit(c) : absl::ascii_isdigit(c);
  });
}

/// `host` is lower case.
absl::Status ParseName(std::string_view host, Url& url) {
  if (host.ends_with('.')) host.remove_suffix(1);
  if (!IsHostName(host)) {
    return Malformed(
        "the URL has no valid host: letters, digits, '-' and '_' in labels of 1 to 63");
  }
  if (!IsNumber(host.substr(host.rfind('.') + 1))) return absl::OkStatus();
  in_addr address;
  if (inet_aton(std::string(host).c_str(), &address) == 0) {
    return Malformed("the URL's host ends in a number and is no IPv4 address");
  }
  url.literal = EndpointOf(address, url.port);
  return absl::OkStatus();
}

absl::Status ParseBracketed(const std::string& host, Url& url) {
  in6_addr address;
  if (inet_pton(AF_INET6, host.c_str(), &address) != 1) {
    return Malformed("the URL's brackets hold no IPv6 address (zones are not taken)");
  }
  url.literal = EndpointOf(address, url.port);
  return absl::OkStatus();
}

/// `text` is what follows the host: nothing, or a colon and a port.
absl::Status ParseUrlPort(std::string_view text, Url& url) {
  url.port = url.https ? 443 : 80;
  if (text.empty()) return absl::OkStatus();
  const std::optional<uint16_t> port =
      text.front() == ':' ? ParsePort(text.substr(1)) : std::nullopt;
  if (!port || *port == 0) return Malformed("a URL's port is a number from 1 to 65535");
  url.port = *port;
  return absl::OkStatus();
}

absl::Status ParseAuthority(std::string_view authority, Url& url) {
  if (authority.find('@') != std::string_view::npos) {
    return Malformed("a URL has no credentials in it");
  }
  const bool bracketed = authority.starts_with('[');
  const size_t end = authority.find(bracketed ? ']' : ':');
  if (bracketed && end == std::string_view::npos) return Malformed("the URL's [ has no ]");
  url.host = absl::AsciiStrToLower(std::string(authority.substr(0, end)));
  if (bracketed) url.host.erase(0, 1);
  authority.remove_prefix(std::min(authority.size(), bracketed ? end + 1 : end));
  if (absl::Status status = ParseUrlPort(authority, url); !status.ok()) return status;
  return bracketed ? ParseBracketed(url.host, url) : ParseName(url.host, url);
}

}  // namespace

absl::StatusOr<Url> ParseUrl(std::string_view text) {
  if (absl::Status status = CheckCharacters(text); !status.ok()) return status;
  Url url;
  if (!TakeScheme(text, url)) {
    return Malformed("a remote name is an absolute http:// or https:// URL");
  }
  const std::string_view authority = text.substr(0, text.find_first_of("/?"));
  if (absl::Status status = ParseAuthority(authority, url); !status.ok()) return status;
  return url;
}

}  // namespace bitsd::policy
