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

bool IsBlank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

bool IsControl(char c) { return (c >= 0 && c < 0x20) || c == 0x7F; }

bool IsAscii(char c) { return static_cast<unsigned char>(c) < 0x80; }

/// Scheme, host and port, as far as `text` has them.
std::string_view UpToThePath(std::string_view text) {
  const size_t scheme = text.find("://");
  const size_t begin = scheme == std::string_view::npos ? 0 : scheme + 3;
  return text.substr(0, text.find_first_of("/?#", begin));
}

absl::Status NotAscii(std::string_view text) {
  const std::string_view host = UpToThePath(text);
  if (!std::all_of(host.begin(), host.end(), IsAscii)) {
    return Malformed(
        "the URL's host has characters that are not ASCII: write it in ASCII, in its xn-- form");
  }
  return Malformed(
      "a URL is ASCII: percent-encode the other characters of its path and query (%C3%BC for a u "
      "with umlaut)");
}

absl::Status CheckCharacters(std::string_view text) {
  if (text.empty()) return Malformed("the URL is empty: write http:// or https:// and a host");
  if (IsBlank(text.front())) return Malformed("the URL begins with a blank: leave it out");
  if (IsBlank(text.back())) return Malformed("the URL ends with a blank: leave it out");
  if (std::any_of(text.begin(), text.end(), IsControl)) {
    return Malformed("the URL has a control character in it: leave it out");
  }
  if (text.find(' ') != std::string_view::npos) {
    return Malformed("the URL has a blank in it: write %20 for one that is meant");
  }
  if (!std::all_of(text.begin(), text.end(), IsAscii)) return NotAscii(text);
  if (text.find('\\') != std::string_view::npos) {
    return Malformed("the URL has a backslash in it: write /, or %5C for one that is meant");
  }
  if (text.find('#') != std::string_view::npos) {
    return Malformed("the URL has a fragment (#): leave it out, as a server would not see it");
  }
  return absl::OkStatus();
}

absl::Status CheckSize(std::string_view text, size_t max_size) {
  if (text.size() <= max_size) return absl::OkStatus();
  return Malformed(max_size == kMaxRemoteName ? "a URL is at most 2,200 characters"
                                              : "a URL is at most 16,384 characters");
}

uint16_t DefaultPort(Scheme scheme) {
  switch (scheme) {
    case Scheme::kHttp: return 80;
    case Scheme::kHttps: return 443;
  }
  return 0;
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
        "the URL has no valid host: its labels have 1 to 63 letters, digits, '-' and '_'");
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
  url.port = DefaultPort(url.scheme);
  if (text.empty()) return absl::OkStatus();
  const std::optional<uint16_t> port =
      text.front() == ':' ? ParsePort(text.substr(1)) : std::nullopt;
  if (!port || *port == 0) return Malformed("a URL's port is a number from 1 to 65535");
  url.port = *port;
  return absl::OkStatus();
}

absl::Status ParseAuthority(std::string_view authority, Url& url) {
  if (authority.find('@') != std::string_view::npos) {
    return Malformed(
        "the URL has credentials in it: leave them out, and set them as credentials of the job");
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

std::optional<Scheme> SchemeOf(std::string_view text) {
  const size_t end = text.find("://");
  if (end == std::string_view::npos) return std::nullopt;
  const std::string scheme = absl::AsciiStrToLower(std::string(text.substr(0, end)));
  if (scheme == "http") return Scheme::kHttp;
  if (scheme == "https") return Scheme::kHttps;
  return std::nullopt;
}

absl::StatusOr<Url> ParseUrl(std::string_view text, size_t max_size) {
  if (absl::Status status = CheckSize(text, max_size); !status.ok()) return status;
  if (absl::Status status = CheckCharacters(text); !status.ok()) return status;
  const std::optional<Scheme> scheme = SchemeOf(text);
  if (!scheme) return Malformed("a URL begins with http:// or https://: no other scheme is taken");
  Url url;
  url.scheme = *scheme;
  text.remove_prefix(text.find("://") + 3);
  const std::string_view authority = text.substr(0, text.find_first_of("/?"));
  if (absl::Status status = ParseAuthority(authority, url); !status.ok()) return status;
  return url;
}

absl::StatusOr<Url> ParseHop(std::string_view text) {
  return ParseUrl(text.substr(0, text.find('#')), kMaxRedirectTarget);
}

}  // namespace bitsd::policy
