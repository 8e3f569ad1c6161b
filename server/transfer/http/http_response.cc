#include "server/transfer/http/http_response.h"

#include <algorithm>
#include <array>
#include <limits>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "server/base/absl_view.h"
#include "server/policy/http_status.h"

namespace bitsd {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

/// Without the blanks that HTTP allows around a value, and the end of the line.
std::string_view Trim(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.remove_suffix(1);
  const auto is_blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  return text;
}

struct Field {
  std::string_view name;
  std::string HttpResponse::*member;
};

constexpr std::array<Field, 11> kFields = {{
    {"content-length", &HttpResponse::content_length},
    {"content-range", &HttpResponse::content_range},
    {"content-type", &HttpResponse::content_type},
    {"content-encoding", &HttpResponse::content_encoding},
    {"transfer-encoding", &HttpResponse::transfer_encoding},
    {"accept-ranges", &HttpResponse::accept_ranges},
    {"etag", &HttpResponse::etag},
    {"last-modified", &HttpResponse::last_modified},
    {"date", &HttpResponse::date},
    {"retry-after", &HttpResponse::retry_after},
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

std::optional<uint64_t> ParseUnsatisfiedRange(std::string_view text) {
  constexpr std::string_view kUnit = "bytes */";
  if (!absl::StartsWithIgnoreCase(ToAbsl(text), ToAbsl(kUnit))) return std::nullopt;
  return ParseFileSize(text.substr(kUnit.size()));
}

HttpHeadParser::Step HttpHeadParser::Add(std::string_view line) {
  bytes_ += line.size();
  if (++lines_ > kMaxLines || bytes_ > kMaxBytes) return Step::kTooLarge;
  if (complete_) return Step::kTrailer;
  if (line.empty() || line.front() == '\r' || line.front() == '\n') return EndOfHead();
  if (!has_status_line_) {
    AddStatusLine(Trim(line));
  } else if (line.front() == ' ' || line.front() == '\t') {
    Unfold(Trim(line));
  } else {
    AddField(Trim(line));
  }
  return Step::kMore;
}

void HttpHeadParser::AddStatusLine(std::string_view line) {
  has_status_line_ = true;
  const size_t space = line.find(' ');
  if (space == std::string_view::npos) return;
  const std::string_view rest = Trim(line.substr(space));
  const std::string_view digits = rest.substr(0, rest.find(' '));
  int status = 0;
  const bool valid = digits.size() == 3 && std::all_of(digits.begin(), digits.end(), IsDigit) &&
                     absl::SimpleAtoi(ToAbsl(digits), &status) && policy::IsHttpStatus(status);
  if (valid) response_.status = status;
}

void HttpHeadParser::AddField(std::string_view line) {
  last_ = nullptr;
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos) return;
  const std::string name = absl::AsciiStrToLower(ToAbsl(line.substr(0, colon)));
  if (name != "transfer-encoding" && Trim(name) == "transfer-encoding") response_.odd_frame = true;
  const auto field = std::find_if(kFields.begin(), kFields.end(),
                                  [&](const Field& known) { return known.name == name; });
  if (field == kFields.end()) return;
  last_ = field->member;
  std::string& value = response_.*last_;
  const std::string_view given = Trim(line.substr(colon + 1));
  if (value.empty()) {
    value = std::string(given);
  } else if (value != given) {
    value.append(", ").append(given);
    response_.two_locations = response_.two_locations || last_ == &HttpResponse::location;
  }
}

void HttpHeadParser::Unfold(std::string_view line) {
  if (last_ == nullptr) return;
  (response_.*last_).append(" ").append(line);
  response_.odd_frame = response_.odd_frame || last_ == &HttpResponse::content_length ||
                        last_ == &HttpResponse::transfer_encoding;
}

// A length that is given several times, as a list too, is one if it is the same (RFC 9112, 6.3).
void HttpHeadParser::JoinLengths() {
  std::string& length = response_.content_length;
  const std::vector<absl::string_view> parts = absl::StrSplit(ToAbsl(length), ',');
  const std::string first(absl::StripAsciiWhitespace(parts.front()));
  const bool same = std::all_of(parts.begin(), parts.end(), [&](absl::string_view part) {
    return absl::StripAsciiWhitespace(part) == first;
  });
  if (same) length = first;
}

HttpHeadParser::Step HttpHeadParser::EndOfHead() {
  // 101 is final: nobody asked for another protocol.
  if (response_.status >= 100 && response_.status < 200 && response_.status != 101) {
    response_ = HttpResponse{};
    has_status_line_ = false;
    last_ = nullptr;
    return Step::kMore;
  }
  complete_ = true;
  JoinLengths();
  return Step::kComplete;
}

}  // namespace bitsd
