#include "server/transfer/http/response_rules.h"

#include <algorithm>
#include <optional>
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

/// Asks for the whole file. `lied`: the answer to a range was no such range.
ResponseVerdict Restart(const FilePlan& plan, bool lied) {
  ResponseVerdict verdict = Of(Kind::kRestart);
  verdict.again.index = plan.index;
  verdict.again.no_ranges = plan.no_ranges || lied;
  verdict.again.restarts = plan.restarts + (lied ? 0 : 1);
  return verdict;
}

/// The source is not the one the bytes on the disk came from.
bool Changed(const FilePlan& plan, const HttpResponse& response, std::optional<uint64_t> total) {
  if (total && plan.size != *total) return true;
  if (!plan.etag.empty()) return !response.etag.empty() && response.etag != plan.etag;
  return !response.last_modified.empty() && response.last_modified != plan.last_modified;
}

ResponseVerdict JudgeWhole(const FilePlan& plan, const HttpResponse& response) {
  ResponseVerdict verdict = Of(Kind::kBody);
  ResponseBody& body = verdict.body;
  if (!response.content_length.empty() && !IsChunked(response)) {
    const auto size = ParseFileSize(response.content_length);
    if (!size) return Invalid(response, "its Content-Length is no size a file can have");
    body.size = *size;
  }
  body.etag = StrongEtag(response.etag);
  body.last_modified = CleanLastModified(response.last_modified);
  body.not_resumable = body.size == kSizeUnknown || plan.no_ranges ||
                       absl::EqualsIgnoreCase(response.accept_ranges, "none") ||
                       (body.etag.empty() && body.last_modified.empty());
  const bool known = body.size != kSizeUnknown;
  const bool changed =
      plan.offset > 0 && Changed(plan, response, known ? std::optional(body.size) : std::nullopt);
  body.restarts = plan.restarts + (changed ? 1 : 0);
  return verdict;
}

ResponseVerdict JudgePartial(const FilePlan& plan, const HttpResponse& response) {
  if (plan.offset == 0) return Invalid(response, "it is partial, and no range was asked for");
  const auto range = ParseContentRange(response.content_range);
  // Also "multipart/byteranges", which has no Content-Range of its own.
  if (!range) return Restart(plan, true);
  if (Changed(plan, response, range->total)) return Restart(plan, false);
  const bool whole = range->first == plan.offset && range->last + 1 == plan.size;
  const bool lengths_agree =
      response.content_length.empty() || IsChunked(response) ||
      ParseFileSize(response.content_length) == range->last - range->first + 1;
  if (!whole || !lengths_agree) return Restart(plan, true);
  ResponseVerdict verdict = Of(Kind::kBody);
  verdict.body = {plan.offset, plan.size, plan.etag, plan.last_modified, false, plan.restarts};
  return verdict;
}

ResponseVerdict JudgeUnsatisfiable(const FilePlan& plan, const HttpResponse& response) {
  const std::string same_size = absl::StrCat("bytes */", plan.size);
  if (IsSet(response.content_range, same_size) || Changed(plan, response, std::nullopt)) {
    return Restart(plan, false);
  }
  return plan.offset == plan.size ? Of(Kind::kWhole) : Restart(plan, true);
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

/// A source that changes for ever would be downloaded for ever.
ResponseVerdict Bounded(ResponseVerdict verdict) {
  const uint32_t restarts = std::max(verdict.again.restarts, verdict.body.restarts);
  if (restarts <= kMaxRestarts) return verdict;
  ResponseVerdict failure =
      Failure(Hresult::kRemoteFileChanged, false, 0,
              absl::StrCat("The file on the server changed ", kMaxRestarts,
                           " times while it was downloaded. Resume starts it again."));
  failure.start_over = true;
  return failure;
}

bool IsRedirect(const HttpResponse& response) {
  const int status = response.status;
  return !response.location.empty() &&
         (status == 301 || status == 302 || status == 303 || status == 307 || status == 308);
}

}  // namespace

FilePlan PlanFile(uint32_t index, const FileProgress& progress) {
  FilePlan plan{index,
                progress.synced,
                progress.size,
                progress.etag,
                progress.last_modified,
                progress.not_resumable,
                progress.restarts};
  if (plan.no_ranges || progress.size == kSizeUnknown || ValidatorOf(plan).empty()) {
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
  if (response.status == 416 && plan.offset > 0) return Bounded(JudgeUnsatisfiable(plan, response));
  if (response.status != 200 && response.status != 206) return JudgeOtherStatus(response);
  if (IsSet(response.content_encoding, "identity")) {
    return Invalid(response, "it is encoded, though only identity was accepted");
  }
  if (IsSet(response.transfer_encoding, "chunked")) {
    return Invalid(response, "its Transfer-Encoding is not chunked");
  }
  return Bounded(response.status == 200 ? JudgeWhole(plan, response)
                                        : JudgePartial(plan, response));
}

}  // namespace bitsd
