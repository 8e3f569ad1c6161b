// What the head of a response means for a file, and what a hostile head can do.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/transfer/http/http_response.h"
#include "server/transfer/http/response_rules.h"

namespace bitsd {
namespace {

using Kind = ResponseVerdict::Kind;
using Step = HttpHeadParser::Step;

constexpr char kDate[] = "Sat, 01 Nov 2025 10:00:00 GMT";

HttpResponse Parse(std::initializer_list<const char*> lines) {
  HttpHeadParser parser;
  for (const char* line : lines) EXPECT_EQ(parser.Add(line), Step::kMore) << line;
  EXPECT_EQ(parser.Add("\r\n"), Step::kComplete);
  return parser.response();
}

FilePlan Resuming(uint64_t offset, uint64_t size) { return {0, offset, size, "\"v1\"", kDate}; }

Hresult Refusal(const ResponseVerdict& verdict) {
  EXPECT_EQ(verdict.kind, Kind::kFailure);
  return verdict.failure.error.hresult;
}

TEST(HttpHeadTest, InterimResponsesAreSkipped) {
  HttpHeadParser parser;
  EXPECT_EQ(parser.Add("HTTP/1.1 103 Early Hints\r\n"), Step::kMore);
  EXPECT_EQ(parser.Add("ETag: \"early\"\r\n"), Step::kMore);
  EXPECT_EQ(parser.Add("\r\n"), Step::kMore);
  EXPECT_EQ(parser.Add("HTTP/1.1 200 OK\r\n"), Step::kMore);
  EXPECT_EQ(parser.Add("\r\n"), Step::kComplete);
  EXPECT_EQ(parser.response().status, 200);
  EXPECT_EQ(parser.response().etag, "");
}

TEST(HttpHeadTest, TooManyLinesAreRefused) {
  HttpHeadParser parser;
  Step last = Step::kMore;
  for (size_t i = 0; i <= HttpHeadParser::kMaxLines; ++i) last = parser.Add("X: y\r\n");
  EXPECT_EQ(last, Step::kTooLarge);
}

TEST(HttpHeadTest, TooManyBytesAreRefused) {
  HttpHeadParser parser;
  EXPECT_EQ(parser.Add(std::string(HttpHeadParser::kMaxBytes + 1, 'x')), Step::kTooLarge);
}

TEST(HttpHeadTest, EndlessInterimResponsesAreRefused) {
  HttpHeadParser parser;
  Step last = Step::kMore;
  for (int i = 0; i < 1000 && last == Step::kMore; ++i) {
    last = parser.Add(i % 2 == 0 ? "HTTP/1.1 100 Continue\r\n" : "\r\n");
  }
  EXPECT_EQ(last, Step::kTooLarge);
}

TEST(HttpHeadTest, ContentRangeIsReadStrictly) {
  const auto range = ParseContentRange("bytes 5-9/10");
  ASSERT_TRUE(range);
  EXPECT_EQ(range->first, 5u);
  EXPECT_EQ(range->last, 9u);
  EXPECT_EQ(range->total, 10u);
  for (const char* bad : {"", "bytes", "bytes 5-9", "bytes 9-5/10", "bytes 5-10/10", "bytes -9/10",
                          "bytes 5-/10", "bytes 5-9/", "bytes 5-9/x", "items 5-9/10",
                          "bytes 5-9/99999999999999999999", "bytes +5-9/10"}) {
    EXPECT_FALSE(ParseContentRange(bad)) << bad;
  }
}

TEST(HttpHeadTest, FileSizesAreDigitsBelow2To63) {
  EXPECT_EQ(ParseFileSize("0"), 0u);
  EXPECT_EQ(ParseFileSize("9223372036854775807"), 9223372036854775807u);
  for (const char* bad : {"", "-1", "+1", "1 ", "1,1", "0x10", "9223372036854775808"}) {
    EXPECT_FALSE(ParseFileSize(bad)) << bad;
  }
}

TEST(ResponseRulesTest, AWholeFileKeepsItsValidators) {
  const auto verdict =
      JudgeResponse({}, Parse({"HTTP/1.1 200 OK\r\n", "Content-Length: 10\r\n", "ETag: \"v1\"\r\n",
                               "Last-Modified: Sat, 01 Nov 2025 10:00:00 GMT\r\n"}));
  ASSERT_EQ(verdict.kind, Kind::kBody);
  EXPECT_EQ(verdict.body.size, 10u);
  EXPECT_EQ(verdict.body.etag, "\"v1\"");
  EXPECT_EQ(verdict.body.last_modified, kDate);
  EXPECT_FALSE(verdict.body.not_resumable);
}

TEST(ResponseRulesTest, AFileIsNotResumableWithoutLengthValidatorOrRanges) {
  const auto not_resumable = [](std::initializer_list<const char*> lines) {
    return JudgeResponse({}, Parse(lines)).body.not_resumable;
  };
  EXPECT_TRUE(not_resumable({"HTTP/1.1 200 OK\r\n", "ETag: \"v1\"\r\n"}));
  EXPECT_TRUE(not_resumable({"HTTP/1.1 200 OK\r\n", "Content-Length: 10\r\n"}));
  EXPECT_TRUE(
      not_resumable({"HTTP/1.1 200 OK\r\n", "Content-Length: 10\r\n", "ETag: W/\"weak\"\r\n"}));
  EXPECT_TRUE(not_resumable({"HTTP/1.1 200 OK\r\n", "Content-Length: 10\r\n", "ETag: \"v1\"\r\n",
                             "Accept-Ranges: none\r\n"}));
}

TEST(ResponseRulesTest, AValidatorThatCouldBreakARequestIsNotKept) {
  const auto verdict =
      JudgeResponse({}, Parse({"HTTP/1.1 200 OK\r\n", "Content-Length: 1\r\n",
                               "ETag: \"a\rX-Evil: 1\"\r\n", "Last-Modified: yesterday\r\n"}));
  ASSERT_EQ(verdict.kind, Kind::kBody);
  EXPECT_EQ(verdict.body.etag, "");
  EXPECT_EQ(verdict.body.last_modified, "");
}

TEST(ResponseRulesTest, ChunkedOverridesContentLength) {
  const auto verdict = JudgeResponse({}, Parse({"HTTP/1.1 200 OK\r\n", "Content-Length: 10\r\n",
                                                "Transfer-Encoding: chunked\r\n"}));
  ASSERT_EQ(verdict.kind, Kind::kBody);
  EXPECT_EQ(verdict.body.size, kSizeUnknown);
}

TEST(ResponseRulesTest, EncodedContradictingAndAbsurdAnswersAreInvalid) {
  const auto refusal = [](std::initializer_list<const char*> lines) {
    return Refusal(JudgeResponse({}, Parse(lines)));
  };
  EXPECT_EQ(refusal({"HTTP/1.1 200 OK\r\n", "Content-Encoding: gzip\r\n"}),
            Hresult::kInvalidServerResponse);
  EXPECT_EQ(refusal({"HTTP/1.1 200 OK\r\n", "Transfer-Encoding: gzip, chunked\r\n"}),
            Hresult::kInvalidServerResponse);
  EXPECT_EQ(refusal({"HTTP/1.1 200 OK\r\n", "Content-Length: 1\r\n", "Content-Length: 2\r\n"}),
            Hresult::kInvalidServerResponse);
  EXPECT_EQ(refusal({"HTTP/1.1 200 OK\r\n", "Content-Length: 9223372036854775808\r\n"}),
            Hresult::kInvalidServerResponse);
  EXPECT_EQ(refusal({"HTTP/1.1 204 No Content\r\n"}), Hresult::kInvalidServerResponse);
  EXPECT_EQ(refusal({"HTTP/1.1 206 Partial Content\r\n", "Content-Range: bytes 0-9/10\r\n"}),
            Hresult::kInvalidServerResponse);
}

TEST(ResponseRulesTest, ARangeGoesOnOnlyExactlyWhereItWasAskedFor) {
  const auto judge = [](const char* range, const char* length) {
    return JudgeResponse(Resuming(4, 10),
                         Parse({"HTTP/1.1 206 Partial Content\r\n", range, length}));
  };
  const auto good = judge("Content-Range: bytes 4-9/10\r\n", "Content-Length: 6\r\n");
  ASSERT_EQ(good.kind, Kind::kBody);
  EXPECT_EQ(good.body.offset, 4u);
  EXPECT_EQ(good.body.etag, "\"v1\"");
  EXPECT_EQ(judge("Content-Range: bytes 4-9/*\r\n", "Content-Length: 6\r\n").kind, Kind::kBody);
  EXPECT_EQ(judge("Content-Range: bytes 4-9/10\r\n", "X: y\r\n").kind, Kind::kBody);
}

TEST(ResponseRulesTest, ARangeThatIsNotTheOneAskedForIsNeverAskedForAgain) {
  const std::pair<const char*, const char*> lies[] = {
      {"Content-Range: bytes 3-9/10\r\n", "Content-Length: 7\r\n"},
      {"Content-Range: bytes 5-9/10\r\n", "Content-Length: 5\r\n"},
      {"Content-Range: bytes 4-8/10\r\n", "Content-Length: 5\r\n"},
      {"Content-Range: bytes 4-9/10\r\n", "Content-Length: 10\r\n"},
      {"Content-Range: bytes 4-11/*\r\n", "Content-Length: 8\r\n"},
      {"Content-Range: items 4-9/10\r\n", "Content-Length: 6\r\n"},
      {"X: y\r\n", "Content-Length: 6\r\n"},
      {"Content-Type: multipart/byteranges; boundary=x\r\n", "Content-Length: 60\r\n"},
  };
  for (const auto& [range, length] : lies) {
    const auto verdict =
        JudgeResponse(Resuming(4, 10), Parse({"HTTP/1.1 206 Partial Content\r\n", range, length}));
    ASSERT_EQ(verdict.kind, Kind::kRestart) << range;
    EXPECT_EQ(verdict.again.offset, 0u) << range;
    EXPECT_TRUE(verdict.again.no_ranges) << range;
    EXPECT_EQ(verdict.again.restarts, 0u) << range;
    const auto whole =
        JudgeResponse(verdict.again, Parse({"HTTP/1.1 200 OK\r\n", "Content-Length: 10\r\n",
                                            "Accept-Ranges: bytes\r\n", "ETag: \"v1\"\r\n"}));
    EXPECT_TRUE(whole.body.not_resumable) << range;
  }
}

TEST(ResponseRulesTest, ASourceThatChangesForEverEndsTheAttempts) {
  FilePlan plan = Resuming(4, 10);
  plan.restarts = kMaxRestarts - 1;
  const HttpResponse changed =
      Parse({"HTTP/1.1 200 OK\r\n", "Content-Length: 10\r\n", "ETag: \"v2\"\r\n"});
  const auto last = JudgeResponse(plan, changed);
  ASSERT_EQ(last.kind, Kind::kBody);
  EXPECT_EQ(last.body.restarts, kMaxRestarts);
  plan.restarts = kMaxRestarts;
  const auto over = JudgeResponse(plan, changed);
  EXPECT_EQ(Refusal(over), Hresult::kRemoteFileChanged);
  EXPECT_FALSE(over.failure.transient);
  EXPECT_TRUE(over.start_over);
  const auto partial = JudgeResponse(
      plan, Parse({"HTTP/1.1 206 Partial Content\r\n", "Content-Range: bytes 4-11/12\r\n"}));
  EXPECT_EQ(Refusal(partial), Hresult::kRemoteFileChanged);
  // A server that only ignores the range has not changed the file.
  const auto same = JudgeResponse(
      plan, Parse({"HTTP/1.1 200 OK\r\n", "Content-Length: 10\r\n", "ETag: \"v1\"\r\n"}));
  ASSERT_EQ(same.kind, Kind::kBody);
  EXPECT_EQ(same.body.restarts, kMaxRestarts);
}

TEST(ResponseRulesTest, AChangedSourceRestarts) {
  EXPECT_EQ(JudgeResponse(Resuming(4, 10), Parse({"HTTP/1.1 206 Partial Content\r\n",
                                                  "Content-Range: bytes 4-11/12\r\n"}))
                .kind,
            Kind::kRestart);
  EXPECT_EQ(
      JudgeResponse(Resuming(4, 10), Parse({"HTTP/1.1 206 Partial Content\r\n",
                                            "Content-Range: bytes 4-9/10\r\n", "ETag: \"v2\"\r\n"}))
          .kind,
      Kind::kRestart);
}

TEST(ResponseRulesTest, AnUnsatisfiableRangeIsTheEndOnlyWhenTheSizeAgrees) {
  const auto judge = [](const FilePlan& plan, const char* range) {
    return JudgeResponse(plan, Parse({"HTTP/1.1 416 Range Not Satisfiable\r\n", range})).kind;
  };
  EXPECT_EQ(judge(Resuming(10, 10), "Content-Range: bytes */10\r\n"), Kind::kWhole);
  EXPECT_EQ(judge(Resuming(10, 10), "X: y\r\n"), Kind::kWhole);
  EXPECT_EQ(judge(Resuming(10, 10), "Content-Range: bytes */8\r\n"), Kind::kRestart);
  EXPECT_EQ(judge(Resuming(4, 10), "Content-Range: bytes */3\r\n"), Kind::kRestart);
  EXPECT_EQ(judge(Resuming(10, 10), "ETag: \"v2\"\r\n"), Kind::kRestart);
  EXPECT_EQ(judge({}, "Content-Range: bytes */3\r\n"), Kind::kFailure);
}

TEST(HttpHeadTest, AStatusIsThreeDigits) {
  for (const char* line : {"HTTP/2 -99 x\r\n", "HTTP/1.1 +99 x\r\n", "HTTP/1.1  99 x\r\n",
                           "HTTP/1.1 9\r\n", "HTTP/1.1 1e2\r\n"}) {
    HttpHeadParser parser;
    parser.Add(line);
    EXPECT_EQ(parser.response().status, 0) << line;
  }
}

TEST(ResponseRulesTest, StatusesFailByTheirClass) {
  const auto judge = [](const char* line) { return JudgeResponse({}, Parse({line})); };
  EXPECT_EQ(Refusal(judge("HTTP/1.1 404 Not Found\r\n")), HttpHresult(404));
  EXPECT_FALSE(judge("HTTP/1.1 404 Not Found\r\n").failure.transient);
  EXPECT_TRUE(judge("HTTP/1.1 503 Busy\r\n").failure.transient);
  EXPECT_EQ(judge("HTTP/1.1 503 Busy\r\n").failure.error.http_status, 503);
  EXPECT_EQ(Refusal(judge("HTTP/1.1 302 Found\r\n")), HttpHresult(302));
  EXPECT_EQ(Refusal(judge("HTTP/1.1 999 Odd\r\n")), Hresult::kInvalidServerResponse);
}

TEST(PlanFileTest, ARangeIsAskedForOnlyWithSizeAndValidator) {
  FileProgress progress;
  progress.synced = 5;
  progress.size = 10;
  EXPECT_EQ(PlanFile(0, progress).offset, 0u);
  progress.last_modified = kDate;
  EXPECT_EQ(PlanFile(0, progress).offset, 5u);
  EXPECT_EQ(ValidatorOf(PlanFile(0, progress)), kDate);
  progress.etag = "\"v1\"";
  EXPECT_EQ(ValidatorOf(PlanFile(0, progress)), "\"v1\"");
  progress.not_resumable = true;
  EXPECT_EQ(PlanFile(0, progress).offset, 0u);
}

}  // namespace
}  // namespace bitsd
