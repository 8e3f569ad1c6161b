#include "server/transfer/http/file_source.h"

#include <algorithm>
#include <string_view>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "server/transfer/http/http_time.h"

namespace bitsd {
namespace {

/// Longer ones are not kept: they are stored and sent back.
constexpr size_t kMaxValidator = 1024;
/// Labels of a file are short.
constexpr size_t kMaxLabel = 200;

/// Visible ASCII between two quotes, and no quote between them.
bool IsEntityTag(std::string_view text) {
  // An empty tag is of no version: some applications send it with every file.
  if (text.size() < 3 || text.size() > kMaxValidator) return false;
  if (text.front() != '"' || text.back() != '"') return false;
  text = text.substr(1, text.size() - 2);
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return c > 0x20 && c < 0x7f && c != '"'; });
}

std::string StrongEtag(const std::string& etag) { return IsEntityTag(etag) ? etag : ""; }

/// The tag without the mark of a weak one, or empty.
std::string AnyEtag(const std::string& etag) {
  const std::string tag(absl::StripPrefix(etag, "W/"));
  return IsEntityTag(tag) ? tag : "";
}

std::string Date(const std::string& text, absl::Time now) {
  return text.size() <= kMaxValidator && ParseHttpTime(text, now) ? text : "";
}

/// Printable ASCII, in lower case, without parameters.
std::string Label(const std::string& text) {
  if (text.size() > kMaxLabel) return "";
  const auto printable = [](char c) { return c >= 0x20 && c < 0x7f; };
  if (!std::all_of(text.begin(), text.end(), printable)) return "";
  std::string label = absl::AsciiStrToLower(text.substr(0, text.find(';')));
  absl::StripAsciiWhitespace(&label);
  return label;
}

/// What people see in a browser, and what a network sends that wants a login.
bool IsPage(const std::string& type) {
  return type == "text/html" || type == "application/xhtml+xml";
}

std::string Encoding(const std::string& text) {
  const std::string label = Label(text);
  return label == "identity" ? "" : label;
}

/// Does the Last-Modified of `response` name the same time? Unset when one of both is missing.
std::optional<bool> SameDate(const FileSource& had, const HttpResponse& response) {
  const auto before = ParseHttpTime(had.last_modified, response.received);
  const auto now = ParseHttpTime(response.last_modified, response.received);
  if (!before || !now) return std::nullopt;
  return before->time == now->time;
}

/// nginx makes its tags of the date and the size: they tell no more apart than these do.
bool IsDateAndSize(const std::string& etag, const HttpResponse& response, uint64_t size) {
  const auto date = ParseHttpTime(response.last_modified, response.received);
  return date && etag == absl::StrCat("\"", absl::Hex(absl::ToUnixSeconds(date->time)), "-",
                                      absl::Hex(size), "\"");
}

}  // namespace

FileSource SourceOf(const HttpResponse& response, uint64_t size) {
  FileSource source;
  source.size = size;
  source.etag = StrongEtag(response.etag);
  source.last_modified = Date(response.last_modified, response.received);
  source.strong_date = !source.last_modified.empty() &&
                       IsStrongDate(response.last_modified, response.date, response.received);
  if (!source.strong_date && IsDateAndSize(source.etag, response, size)) source.etag.clear();
  source.content_type = Label(response.content_type);
  source.content_encoding = Encoding(response.content_encoding);
  return source;
}

SourceVersion VersionOf(const FileSource& source) {
  return {source.etag, source.last_modified, source.content_type, source.content_encoding,
          source.strong_date};
}

FileSource SourceOf(const SourceVersion& version, uint64_t size) {
  return {size,
          version.tag.str(),
          version.date.str(),
          version.strong_date,
          version.content_type.str(),
          version.content_encoding.str()};
}

bool HasValidator(const FileSource& source) { return !source.etag.empty() || source.strong_date; }

SameVersion Compare(const FileSource& had, const HttpResponse& response,
                    std::optional<uint64_t> size) {
  if (size && had.size != *size) return SameVersion::kNo;
  const std::string tag = AnyEtag(response.etag);
  const std::optional<bool> same_date = SameDate(had, response);
  if (!had.etag.empty() && !tag.empty()) {
    if (response.etag == had.etag) return SameVersion::kProven;
    const bool by_date = had.strong_date && same_date == true;
    if (tag != had.etag) return by_date ? SameVersion::kByDate : SameVersion::kNo;
  }
  if (same_date == false) return SameVersion::kNo;
  const std::string encoding = Encoding(response.content_encoding);
  if (!encoding.empty() && encoding != had.content_encoding) return SameVersion::kNo;
  return had.strong_date && same_date == true ? SameVersion::kProven : SameVersion::kAssumed;
}

bool LooksForeign(const FileSource& had, const HttpResponse& response, uint64_t size) {
  // Who answers by parts need not repeat any of it, and speaks of a file.
  if (response.status == 206) return false;
  const std::string type = Label(response.content_type);
  const bool page = IsPage(type) && !IsPage(had.content_type);
  if (page && (size != had.size || size == kSizeUnknown)) return true;
  const bool had_validators = !had.etag.empty() || !had.last_modified.empty();
  const bool has_validators = !response.etag.empty() || !response.last_modified.empty();
  const bool same_type = !type.empty() && type == had.content_type;
  return had_validators && !has_validators && size != had.size && !same_type;
}

}  // namespace bitsd
