#include "server/transfer/response_rules.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "server/policy/remote_names.h"

namespace bitsd {
namespace {

using Kind = ResponseVerdict::Kind;

/// Longer ones are not kept: they are stored and sent back.
constexpr size_t kMaxValidator = 1024;

ResponseVerdict Failure(Hresult hresult, bool transient, int status, std::string message) {
  ResponseVerdict verdict;
  verdict.failure.error.context = ErrorContext::kRemoteFile;
  verdict.failure.error.hresult = hresult;
  verdict.failure.error.http_status = status;
  verdict.failure.error.message = std::move(message);
  verdict.failure.transient = transient;
  return verdict;
}

ResponseVerdict Invalid(const HttpResponse& response, std::string_view what) {
  return Failure(Hresult::kInvalidServerResponse, false, response.status,
                 absl::StrCat("The server's answer is not valid: ", std::string(what),
                              ". Check the server, then resume the job."));
}

ResponseVerdict Of(Kind kind) {
  ResponseVerdict verdict;
  verdict.kind = kind;
  return verdict;
}

bool IsSet(const std::string& value, absl::string_view expected) {
  return !value.empty() && !absl::EqualsIgnoreCase(value, expected);
}

bool IsVisibleAscii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

/// The ETag if it is strong and may be sent back as it is.
std::string StrongEtag(const std::string& etag) {
  const bool quoted = etag.size() >= 2 && etag.front() == '"' && etag.back() == '"';
  return quoted && etag.size() <= kMaxValidator && IsVisibleAscii(etag) ? etag : "";
}

std::string CleanLastModified(const std::string& text) {
  return text.size() <= kMaxValidator && ParseHttpTime(text).has_value() ? text : "";
}

bool IsChunked(const HttpResponse& response) { return !response.transfer_encoding.empty(); }

/// The source is not the one the bytes on the disk came from.
bool Changed(const FilePlan& plan, const HttpResponse& response, uint64_t total) {
  if (plan.size != kSizeUnknown && plan.size != total) return true;
  if (!plan.etag.empty()) return !response.etag.empty() && response.etag != plan.etag;
  return !response.last_modified.empty() && response.last_modified != plan.last_modified;
}

ResponseVerdict JudgeWhole(const HttpResponse& response) {
  ResponseVerdict verdict = Of(Kind::kBody);
  ResponseBody& body = verdict.body;
  if (!response.content_length.empty() && !IsChunked(response)) {
    const auto size = ParseFileSize(response.content_length);
    if (!size) return Invalid(response, "its Content-Length is no size a file can have");
    body.size = *size;
  }
  body.etag = StrongEtag(response.etag);
  body.last_modified = CleanLastModified(response.last_modified);
  body.not_resumable = body.size == kSizeUnknown ||
                       absl::EqualsIgnoreCase(response.accept_ranges, "none") ||
                       (body.etag.empty() && body.last_modified.empty());
  return verdict;
}

ResponseVerdict JudgePartial(const FilePlan& plan, const HttpResponse& response) {
  if (plan.offset == 0) return Invalid(response, "it is partial, and no range was asked for");
  const auto range = ParseContentRange(response.content_range);
  if (!range || !range->total)
    return Invalid(response, "its Content-Range is missing or malformed");
  if (range->first != plan.offset)
    return Invalid(response, "it is not the range that was asked for");
  if (range->last + 1 != *range->total) return Invalid(response, "its range ends early");
  if (!response.content_length.empty() && !IsChunked(response) &&
      ParseFileSize(response.content_length) != range->last - range->first + 1) {
    return Invalid(response, "Content-Length and Content-Range disagree");
  }
  if (Changed(plan, response, *range->total)) return Of(Kind::kRestart);
  ResponseVerdict verdict = Of(Kind::kBody);
  verdict.body = {plan.offset, *range->total, plan.etag, plan.last_modified, false};
  return verdict;
}

ResponseVerdict JudgeUnsatisfiable(const FilePlan& plan, const HttpResponse& response) {
  if (plan.offset != plan.size) return Of(Kind::kRestart);
  const std::string same_size = absl::StrCat("bytes */", plan.size);
  return Of(IsSet(response.content_range, same_size) ? Kind::kRestart : Kind::kWhole);
}

ResponseVerdict JudgeOtherStatus(const HttpResponse& response) {
  const int status = response.status;
  const auto outcome = policy::ClassifyHttpStatus(status);
  if (status < 100 || status > 599 || outcome == policy::HttpOutcome::kOk) {
    return Invalid(response, absl::StrCat("status ", status, " does not answer a download"));
  }
  return Failure(HttpHresult(status), outcome == policy::HttpOutcome::kTransient, status,
                 absl::StrCat("The server answered HTTP ", status, "."));
}

bool IsRedirect(const HttpResponse& response) {
  const int status = response.status;
  return !response.location.empty() &&
         (status == 301 || status == 302 || status == 303 || status == 307 || status == 308);
}

}  // namespace

FilePlan PlanFile(uint32_t index, const FileProgress& progress) {
  FilePlan plan{index, progress.synced, progress.size, progress.etag, progress.last_modified};
  if (progress.not_resumable || progress.size == kSizeUnknown || ValidatorOf(plan).empty()) {
    plan.offset = 0;
  }
  return plan;
}

const std::string& ValidatorOf(const FilePlan& plan) {
  return plan.etag.empty() ? plan.last_modified : plan.etag;
}

ResponseVerdict JudgeResponse(const FilePlan& plan, const HttpResponse& response) {
  if (response.contradictory) return Invalid(response, "it contradicts itself");
  if (IsRedirect(response)) return Of(Kind::kRedirect);
  if (response.status == 416 && plan.offset > 0) return JudgeUnsatisfiable(plan, response);
  if (response.status != 200 && response.status != 206) return JudgeOtherStatus(response);
  if (IsSet(response.content_encoding, "identity")) {
    return Invalid(response, "it is encoded, though only identity was accepted");
  }
  if (IsSet(response.transfer_encoding, "chunked")) {
    return Invalid(response, "its Transfer-Encoding is not chunked");
  }
  return response.status == 200 ? JudgeWhole(response) : JudgePartial(plan, response);
}

}  // namespace bitsd
