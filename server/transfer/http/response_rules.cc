#include "server/transfer/http/response_rules.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "server/policy/http_status.h"
#include "server/transfer/http/http_time.h"

namespace bitsd {
namespace {

using Kind = ResponseVerdict::Kind;

/// What is shown of a field that is wrong.
constexpr size_t kMaxQuoted = 80;

/// A field of the server's in a message.
std::string Quoted(std::string_view text) {
  std::string quoted(text.substr(0, kMaxQuoted));
  for (char& c : quoted) {
    if (c < 0x20 || c > 0x7e) c = '?';
  }
  return absl::StrCat("\"", quoted, text.size() > kMaxQuoted ? "..." : "", "\"");
}

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

ResponseVerdict Again(RequestPlan plan) {
  ResponseVerdict verdict = Of(Kind::kAgain);
  verdict.again = std::move(plan);
  return verdict;
}

ResponseVerdict WithoutRange(const RequestPlan& plan, bool trusted) {
  return Again(PlanWithoutRange(plan, trusted));
}

FileHistory Replaced(const RequestPlan& plan) {
  return {plan.history.restarts + 1, plan.source.size, 0};
}

/// The source is not the one that the bytes here came from.
ResponseVerdict Anew(const RequestPlan& plan) {
  RequestPlan again;
  again.index = plan.index;
  again.no_ranges = plan.no_ranges;
  again.history = Replaced(plan);
  return Again(std::move(again));
}

/// The codings of the transfer, in lower case.
std::vector<std::string> Codings(const HttpResponse& response) {
  const std::string text = absl::AsciiStrToLower(response.transfer_encoding);
  std::vector<std::string> codings;
  for (absl::string_view part : absl::StrSplit(text, ',')) {
    // Blanks and nothing else, as curl does.
    while (absl::ConsumePrefix(&part, " ") || absl::ConsumePrefix(&part, "\t")) {
    }
    while (absl::ConsumeSuffix(&part, " ") || absl::ConsumeSuffix(&part, "\t")) {
    }
    if (!part.empty()) codings.emplace_back(part);
  }
  return codings;
}

bool IsChunked(const HttpResponse& response) {
  const auto codings = Codings(response);
  return std::find(codings.begin(), codings.end(), "chunked") != codings.end();
}

bool HasLength(const HttpResponse& response) {
  return !response.content_length.empty() && !IsChunked(response);
}

/// Why nobody can tell where the body ends; empty when it can be told.
std::string FrameProblem(const HttpResponse& response) {
  if (response.odd_frame)
    return "its Content-Length or Transfer-Encoding is on two lines, or has a blank before its "
           "colon";
  const auto codings = Codings(response);
  const bool known = std::all_of(codings.begin(), codings.end(), [](const std::string& coding) {
    return coding == "chunked" || coding == "identity";
  });
  if (!known) {
    return absl::StrCat("its Transfer-Encoding ", Quoted(response.transfer_encoding),
                        " is not chunked");
  }
  if (HasLength(response) && !ParseFileSize(response.content_length)) {
    return absl::StrCat("its Content-Length ", Quoted(response.content_length),
                        " is no size a file can have");
  }
  return "";
}

ResponseVerdict Doubtful(const RequestPlan& plan, const HttpResponse& response, uint64_t size) {
  const auto described = [](const std::string& type, uint64_t bytes) {
    return absl::StrCat(type.empty() ? "no type" : Quoted(type), ", ",
                        bytes == kSizeUnknown ? "unknown size" : absl::StrCat(bytes, " bytes"));
  };
  ResponseVerdict verdict = Failure(
      Hresult::kInvalidServerResponse, true, response.status,
      absl::StrCat("The answer does not look like the file that was begun: ",
                   described(response.content_type, size), ", after ",
                   described(plan.source.content_type, plan.source.size),
                   ". Perhaps the network wants a login. What is here of the file is kept."));
  verdict.doubtful = true;
  return verdict;
}

/// The file follows from its first byte on, and has `size` bytes.
ResponseVerdict JudgeWhole(const RequestPlan& plan, const HttpResponse& response, uint64_t size) {
  ResponseVerdict verdict = Of(Kind::kBody);
  ResponseBody& body = verdict.body;
  body.source = SourceOf(response, size);
  body.end = size;
  body.history = plan.history;
  body.history.doubts = body.history.fruitless = 0;
  body.not_resumable = size == kSizeUnknown || !HasValidator(body.source) ||
                       absl::EqualsIgnoreCase(response.accept_ranges, "none");
  body.ends_by_length = HasLength(response) && !response.transfer_encoding.empty();
  if (plan.kept == 0) return verdict;
  const bool known = size != kSizeUnknown;
  const SameVersion same =
      Compare(plan.source, response, known ? std::optional(size) : std::nullopt);
  if (same == SameVersion::kByDate && known && plan.offset > 0 && !plan.by_date) {
    RequestPlan again = plan;
    again.by_date = true;
    return Again(std::move(again));
  }
  const bool foreign = LooksForeign(plan.source, response, size);
  if (foreign && plan.offset > 0) return WithoutRange(plan, /*trusted=*/true);
  if (foreign && plan.history.doubts < kMaxDoubts) return Doubtful(plan, response, size);
  if (same == SameVersion::kNo || foreign || (same == SameVersion::kByDate && !known)) {
    body.history = Replaced(plan);
  } else if (same == SameVersion::kProven && known && plan.trusted) {
    body.offset = body.skip = plan.kept;
  }
  return verdict;
}

/// A part of the file, from its first byte on, in answer to a request for all of it.
ResponseVerdict JudgeFirstPart(const RequestPlan& plan, const HttpResponse& response,
                               const ContentRange& range) {
  const std::string field = absl::StrCat("its Content-Range ", Quoted(response.content_range));
  if (range.first > 0) return Invalid(response, absl::StrCat(field, " was not asked for"));
  if (!range.total) {
    return Invalid(response, absl::StrCat(field, " does not say how long the file is"));
  }
  if (plan.no_ranges || !HasValidator(SourceOf(response, *range.total))) {
    return Invalid(response, absl::StrCat(field,
                                          " is a part of the file, and there is no way to "
                                          "ask for the rest"));
  }
  ResponseVerdict verdict = JudgeWhole(plan, response, *range.total);
  verdict.body.end = range.last + 1;
  return verdict;
}

/// A part of the file in answer to a range: it may begin earlier and end earlier.
ResponseVerdict JudgeNextPart(const RequestPlan& plan, const HttpResponse& response,
                              const ContentRange& range) {
  const SameVersion same = Compare(plan.source, response, range.total);
  // A date proves nothing without the size.
  const bool by_date_alone = same == SameVersion::kByDate && !range.total;
  if (same == SameVersion::kNo || by_date_alone) return Anew(plan);
  const bool fits =
      range.first <= plan.offset && range.last >= plan.offset && range.last < plan.source.size;
  if (!fits) return WithoutRange(plan, false);
  ResponseVerdict verdict = Of(Kind::kBody);
  ResponseBody& body = verdict.body;
  body.offset = plan.offset;
  body.skip = plan.offset - range.first;
  body.end = range.last + 1;
  body.source = plan.source;
  if (same == SameVersion::kByDate) body.source.etag.clear();
  body.history = plan.history;
  body.history.doubts = body.history.fruitless = 0;
  body.ends_by_length = HasLength(response) && !response.transfer_encoding.empty();
  return verdict;
}

ResponseVerdict JudgePartial(const RequestPlan& plan, const HttpResponse& response) {
  const bool asked = plan.offset > 0;
  const auto range = ParseContentRange(response.content_range);
  // Also "multipart/byteranges", which has no Content-Range of its own.
  if (!range) {
    return Invalid(response,
                   absl::StrCat("its Content-Range ", Quoted(response.content_range), " is none"));
  }
  const uint64_t length = range->last - range->first + 1;
  if (HasLength(response) && ParseFileSize(response.content_length) != length) {
    return Invalid(response, absl::StrCat("its Content-Length ", Quoted(response.content_length),
                                          " is not that of its Content-Range ",
                                          Quoted(response.content_range)));
  }
  const uint64_t total = range->total.value_or(asked ? plan.source.size : kSizeUnknown);
  if (range->first == 0 && range->last + 1 == total) return JudgeWhole(plan, response, total);
  return asked ? JudgeNextPart(plan, response, *range) : JudgeFirstPart(plan, response, *range);
}

ResponseVerdict JudgeUnsatisfiable(const RequestPlan& plan, HttpResponse response) {
  response.content_encoding.clear();  // Of the message that comes with it.
  const auto size = ParseUnsatisfiedRange(response.content_range);
  if (Compare(plan.source, response, size) == SameVersion::kNo) return Anew(plan);
  return plan.offset == plan.source.size ? Of(Kind::kWhole) : WithoutRange(plan, false);
}

std::string Described(const HttpResponse& response, std::optional<absl::Duration> wait) {
  const int status = response.status;
  std::string text = absl::StrCat("The server answered HTTP ", status);
  if (status == 202) absl::StrAppend(&text, ": the file is not ready yet");
  if (status >= 300 && status < 400) absl::StrAppend(&text, ", which leads nowhere");
  if (wait) absl::StrAppend(&text, ", and says to wait ", absl::ToInt64Seconds(*wait), " s");
  return absl::StrCat(text, ".");
}

ResponseVerdict JudgeError(const HttpResponse& response, std::optional<absl::Duration> wait) {
  const int status = response.status;
  const auto outcome = policy::ClassifyHttpStatus(status, wait.has_value());
  const bool no_file = status < 200 || (status < 300 && outcome == policy::HttpOutcome::kFatal);
  if (no_file) return Invalid(response, absl::StrCat("status ", status, " comes without a file"));
  const bool transient = outcome == policy::HttpOutcome::kTransient;
  ResponseVerdict verdict =
      Failure(status < 600 ? HttpHresult(status) : Hresult::kInvalidServerResponse, transient,
              status, Described(response, wait));
  if (transient) verdict.failure.retry_after = wait;
  return verdict;
}

ResponseVerdict JudgeFile(const RequestPlan& plan, const HttpResponse& response) {
  if (const std::string problem = FrameProblem(response); !problem.empty()) {
    return Invalid(response, problem);
  }
  if (response.status == 206) return JudgePartial(plan, response);
  const auto size =
      HasLength(response) ? ParseFileSize(response.content_length) : std::optional(kSizeUnknown);
  return JudgeWhole(plan, response, *size);
}

/// What a request with a range provokes need not be true of the file.
bool AnswersTheRange(const RequestPlan& plan, const HttpResponse& response,
                     const ResponseVerdict& verdict, bool says_when) {
  const bool challenge = response.status == 401 || response.status == 407;
  return plan.offset > 0 && verdict.kind == Kind::kFailure && !challenge &&
         !policy::IsAboutTime(response.status, says_when);
}

ResponseVerdict JudgeOnce(const RequestPlan& plan, const HttpResponse& response,
                          std::optional<absl::Duration> wait) {
  if (response.status == 416 && plan.offset > 0) return JudgeUnsatisfiable(plan, response);
  const bool ok = policy::ClassifyHttpStatus(response.status) == policy::HttpOutcome::kOk;
  return ok ? JudgeFile(plan, response) : JudgeError(response, wait);
}

/// A source that changes for ever would be downloaded for ever.
ResponseVerdict Bounded(ResponseVerdict verdict) {
  const uint32_t restarts = std::max(verdict.again.history.restarts, verdict.body.history.restarts);
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

RequestPlan PlanRequest(const FilePlan& file) {
  RequestPlan plan;
  plan.index = file.index;
  plan.source = SourceOf(file.version, file.size);
  plan.history = file.history;
  plan.kept = file.kept;
  if (file.resumable && HasValidator(plan.source)) plan.offset = plan.kept;
  return plan;
}

RequestPlan PlanWithoutRange(RequestPlan plan, bool trusted) {
  plan.offset = 0;
  plan.by_date = false;
  plan.no_ranges = true;
  plan.trusted = trusted;
  return plan;
}

RequestPlan PlanNextPart(uint32_t index, const ResponseBody& part) {
  RequestPlan plan;
  plan.index = index;
  plan.offset = plan.kept = part.end;
  plan.source = part.source;
  plan.history = part.history;
  return plan;
}

std::string ValidatorOf(const RequestPlan& plan) {
  const FileSource& source = plan.source;
  if (!plan.by_date && !source.etag.empty()) return source.etag;
  return source.strong_date ? source.last_modified : "";
}

ResponseVerdict JudgeResponse(const RequestPlan& plan, const HttpResponse& response) {
  if (!policy::IsHttpStatus(response.status)) {
    return Invalid(response, "its status line has no status of three digits");
  }
  if (IsRedirect(response)) {
    if (!response.two_locations) return Of(Kind::kRedirect);
    return Invalid(response, "it has two Locations that differ");
  }
  const auto wait = ParseRetryAfter(response.retry_after, response.date, response.received);
  const ResponseVerdict verdict = JudgeOnce(plan, response, wait);
  if (!AnswersTheRange(plan, response, verdict, wait.has_value())) return Bounded(verdict);
  // A wrong range says that the server's ranges are wrong, an error only that it has none here.
  return WithoutRange(plan,
                      policy::ClassifyHttpStatus(response.status) != policy::HttpOutcome::kOk);
}

}  // namespace bitsd
