#include "server/transfer/http/http_response.h"

#include <algorithm>
#include <array>
#include <limits>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"

namespace bitsd {
namespace {

absl::string_view ToAbsl(std::string_view text) { return {text.data(), text.size()}; }

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

std::string_view Trim(std::string_view text) {
  const absl::string_view trimmed = absl::StripAsciiWhitespace(ToAbsl(text));
  return {trimmed.data(), trimmed.size()};
}

struct Field {
  std::string_view name;
  std::string HttpResponse::*member;
};

constexpr std::array<Field, 8> kFields = {{
    {"content-length", &HttpResponse::content_length},
    {"content-range", &HttpResponse::content_range},
    {"content-encoding", &HttpResponse::content_encoding},
    {"transfer-encoding", &HttpResponse::transfer_encoding},
    {"accept-ranges", &HttpResponse::accept_ranges},
    {"etag", &HttpResponse::etag},
    {"last-modified", &HttpResponse::last_modified},
    {"location", &HttpResponse::location},
}};

}  // namespace

std::optional<uint64_t> ParseFileSize(std::string_view text) {
  uint64_t value = 0;
  if (!std::all_of(text.begin(), text.end(), IsDigit) || !absl::SimpleAtoi(ToAbsl(text), &value) ||
      value > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) {
    return std::nullopt;
  }
  return value;
}

std::optional<ContentRange> ParseContentRange(std::string_view text) {
  constexpr std::string_view kUnit = "bytes ";
  if (!absl::StartsWithIgnoreCase(ToAbsl(text), ToAbsl(kUnit))) return std::nullopt;
  text.remove_prefix(kUnit.size());
  const size_t dash = text.find('-');
  const size_t slash = text.find('/');
  if (dash == std::string_view::npos || slash == std::string_view::npos || slash < dash) {
    return std::nullopt;
  }
  const auto first = ParseFileSize(text.substr(0, dash));
  const auto last = ParseFileSize(text.substr(dash + 1, slash - dash - 1));
  if (!first || !last || *first > *last) return std::nullopt;
  const std::string_view total_text = text.substr(slash + 1);
  if (total_text == "*") return ContentRange{*first, *last, std::nullopt};
  const auto total = ParseFileSize(total_text);
  if (!total || *last >= *total) return std::nullopt;
  return ContentRange{*first, *last, total};
}

std::optional<absl::Time> ParseHttpTime(std::string_view text) {
  absl::Time time;
  std::string error;
  if (!absl::ParseTime("%a, %d %b %E4Y %H:%M:%S GMT", ToAbsl(text), &time, &error)) {
    return std::nullopt;
  }
  return time;
}

HttpHeadParser::Step HttpHeadParser::Add(std::string_view line) {
  bytes_ += line.size();
  if (++lines_ > kMaxLines || bytes_ > kMaxBytes) return Step::kTooLarge;
  if (complete_) return Step::kTrailer;
  const std::string_view text = Trim(line);
  if (text.empty()) return EndOfHead();
  if (response_.status == 0) {
    AddStatusLine(text);
  } else {
    AddField(text);
  }
  return Step::kMore;
}

void HttpHeadParser::AddStatusLine(std::string_view line) {
  const size_t space = line.find(' ');
  if (space == std::string_view::npos) return;
  // Three digits: no sign, no blank.
  const std::string_view code = line.substr(space + 1, 3);
  const bool digits = code.size() == 3 && std::all_of(code.begin(), code.end(), IsDigit);
  int status = 0;
  if (digits && absl::SimpleAtoi(ToAbsl(code), &status)) response_.status = status;
}

void HttpHeadParser::AddField(std::string_view line) {
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos) return;
  const std::string name = absl::AsciiStrToLower(ToAbsl(line.substr(0, colon)));
  const auto field = std::find_if(kFields.begin(), kFields.end(),
                                  [&](const Field& known) { return known.name == name; });
  if (field == kFields.end()) return;
  std::string& value = response_.*(field->member);
  const std::string_view given = Trim(line.substr(colon + 1));
  if (!value.empty() && value != given) response_.contradictory = true;
  value = std::string(given);
}

HttpHeadParser::Step HttpHeadParser::EndOfHead() {
  if (response_.status >= 100 && response_.status < 200) {
    response_ = HttpResponse{};
    return Step::kMore;
  }
  complete_ = true;
  return Step::kComplete;
}

}  // namespace bitsd
