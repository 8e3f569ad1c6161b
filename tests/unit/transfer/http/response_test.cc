// What the head of a response means for a file, and what a hostile head can do.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "server/policy/http_status.h"
#include "server/transfer/http/http_response.h"
#include "server/transfer/http/http_time.h"
#include "server/transfer/http/response_rules.h"

namespace bitsd {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

using Kind = ResponseVerdict::Kind;
using Step = HttpHeadParser::Step;

constexpr char kDate[] = "Sat, 01 Nov 2025 10:00:00 GMT";
constexpr char kDateField[] = "Last-Modified: Sat, 01 Nov 2025 10:00:00 GMT\r\n";

absl::Time Now() { return absl::FromUnixSeconds(1'770'000'000); }  // In February 2026.

HttpResponse Parse(std::vector<std::string> lines) {
  HttpHeadParser parser;
  for (const std::string& line : lines) EXPECT_EQ(parser.Add(line), Step::kMore) << line;
  EXPECT_EQ(parser.Add("\r\n"), Step::kComplete);
  HttpResponse response = parser.response();
  response.received = Now();
  return response;
}

/// A file of which bytes are here, with this validator and more.
RequestPlan Resuming(uint64_t offset, uint64_t size) {
  RequestPlan plan;
  plan.offset = plan.kept = offset;
  plan.source = {size, "\"v1\"", kDate, true, "image/png", ""};
  return plan;
}

RequestPlan ResumingByDate(uint64_t offset, uint64_t size) {
  RequestPlan plan = Resuming(offset, size);
  plan.source.etag.clear();
  return plan;
}

Hresult Refusal(const ResponseVerdict& verdict) {
  EXPECT_EQ(verdict.kind, Kind::kFailure);
  return verdict.failure.error.hresult;
}

/// An answer that is not valid, whose message has `text`.
void ExpectInvalid(const ResponseVerdict& verdict, const std::string& text) {
  EXPECT_EQ(Refusal(verdict), Hresult::kInvalidServerResponse) << text;
  EXPECT_FALSE(verdict.failure.transient) << text;
  EXPECT_THAT(verdict.failure.error.message, HasSubstr(text));
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

TEST(HttpHeadTest, AFoldedLineIsTextOfTheFieldBefore) {
  const auto response =
      Parse({"HTTP/1.1 200 OK\r\n", "X-Scan: clean,\r\n", " Content-Encoding: gzip\r\n",
             "ETag: \"a\r\n", "\tETag: \"b\"\r\n", "Content-Range: bytes\r\n", "  0-9/10\r\n"});
  EXPECT_EQ(response.content_encoding, "");
  EXPECT_EQ(response.etag, "\"a ETag: \"b\"");
  EXPECT_EQ(response.content_range, "bytes 0-9/10");
  EXPECT_FALSE(response.folded_frame);
}

TEST(HttpHeadTest, OnlyALineEndEndsTheHead) {
  const auto response =
      Parse({"HTTP/1.1 200 OK\r\n", "X: a\r\n", " \r\n", "\t\r\n", "Content-Length: 5\r\n"});
  EXPECT_EQ(response.content_length, "5");
  HttpHeadParser bare;
  EXPECT_EQ(bare.Add("HTTP/1.1 200 OK\n"), Step::kMore);
  EXPECT_EQ(bare.Add("\n"), Step::kComplete);
  HttpHeadParser cr;
  EXPECT_EQ(cr.Add("HTTP/1.1 200 OK\r\n"), Step::kMore);
  EXPECT_EQ(cr.Add("\rContent-Length: 5\r\n"), Step::kComplete) << "as the HTTP library does";
}

TEST(HttpHeadTest, AStatusHasExactlyThreeDigits) {
  const auto status = [](const char* line) {
    return Parse({line, "X: 200 a\r\n", "HTTP/1.1 201 not a status line\r\n"}).status;
  };
  for (const char* bad :
       {"HTTP/2 -99 x\r\n", "HTTP/2 +20 x\r\n", "HTTP/1.1 2000 x\r\n", "HTTP/1.1 20 x\r\n",
        "HTTP/1.1 020 x\r\n", "HTTP/1.1 099\r\n", "HTTP/1.1 20x OK\r\n", "HTTP/1.1 200x\r\n",
        "HTTP/1.1\r\n", "HTTP/1.1 \r\n", "HTTP/1.1 0x1 x\r\n", "HTTP/1.1 2 00 x\r\n"}) {
    EXPECT_EQ(status(bad), 0) << bad;
    ExpectInvalid(JudgeResponse({}, Parse({bad})), "three digits");
    EXPECT_EQ(JudgeResponse({}, Parse({bad})).failure.error.http_status, 0) << bad;
  }
  EXPECT_EQ(status("HTTP/1.1 200 OK\r\n"), 200);
  EXPECT_EQ(status("HTTP/2 200 \r\n"), 200);
  EXPECT_EQ(status("HTTP/1.1  999\r\n"), 999);
}

TEST(HttpHeadTest, DifferentValuesOfAFieldAreAllKept) {
  const auto response = Parse({"HTTP/1.1 200 OK\r\n", "ETag: \"a\"\r\n", "ETag: \"a\"\r\n",
                               "Content-Length: 5\r\n", "content-length: 6\r\n"});
  EXPECT_EQ(response.etag, "\"a\"");
  EXPECT_EQ(response.content_length, "5, 6");
}

TEST(HttpHeadTest, ALengthThatIsGivenSeveralTimesIsOneIfItIsTheSame) {
  const auto length = [](std::vector<std::string> lines) {
    lines.insert(lines.begin(), "HTTP/1.1 200 OK\r\n");
    return Parse(lines).content_length;
  };
  EXPECT_EQ(length({"Content-Length: 5, 5\r\n"}), "5");
  EXPECT_EQ(length({"Content-Length: 5,5 ,\t5\r\n"}), "5");
  EXPECT_EQ(length({"Content-Length: 5\r\n", "Content-Length: 5, 5\r\n"}), "5");
  for (const char* none : {"5, 6", "5,", ",5", "5, 05", "5; 5"}) {
    EXPECT_EQ(length({absl::StrCat("Content-Length: ", none, "\r\n")}), none);
  }
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
  EXPECT_EQ(verdict.body.source.size, 10u);
  EXPECT_EQ(verdict.body.end, 10u);
  EXPECT_EQ(verdict.body.source.etag, "\"v1\"");
  EXPECT_EQ(verdict.body.source.last_modified, kDate);
  EXPECT_TRUE(verdict.body.source.strong_date);
  EXPECT_FALSE(verdict.body.not_resumable);
}

TEST(ResponseRulesTest, AFileIsNotResumableWithoutLengthValidatorOrRanges) {
  const auto not_resumable = [](std::vector<std::string> lines) {
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
  FileSource nothing;
  nothing.size = 1;
  EXPECT_EQ(verdict.body.source, nothing);
}

TEST(ResponseRulesTest, ChunkedOverridesContentLength) {
  const auto verdict = JudgeResponse({}, Parse({"HTTP/1.1 200 OK\r\n", "Content-Length: 10\r\n",
                                                "Transfer-Encoding: chunked\r\n"}));
  ASSERT_EQ(verdict.kind, Kind::kBody);
  EXPECT_EQ(verdict.body.source.size, kSizeUnknown);
}

TEST(ResponseRulesTest, TheLabelOfAFileIsNoCodingOfTheTransfer) {
  for (const char* label : {"gzip", "x-gzip", "br", "aws-chunked", "identity, gzip", "nonsense"}) {
    const auto verdict =
        JudgeResponse({}, Parse({"HTTP/1.1 200 OK\r\n", "Content-Length: 10\r\n", kDateField,
                                 std::string("Content-Encoding: ") + label + "\r\n"}));
    ASSERT_EQ(verdict.kind, Kind::kBody) << label;
    EXPECT_EQ(verdict.body.source.content_encoding, label);
    EXPECT_FALSE(verdict.body.not_resumable) << label;
  }
}

TEST(ResponseRulesTest, ARangeWithAnotherLabelIsOfAnotherFile) {
  const auto judge = [](RequestPlan plan, const char* label, const char* etag) {
    return JudgeResponse(plan, Parse({"HTTP/1.1 206 Partial Content\r\n",
                                      "Content-Range: bytes 4-9/10\r\n", label, etag}))
        .kind;
  };
  RequestPlan labelled = ResumingByDate(4, 10);
  labelled.source.content_encoding = "gzip";
  EXPECT_EQ(judge(labelled, "Content-Encoding: gzip\r\n", "X: y\r\n"), Kind::kBody);
  EXPECT_EQ(judge(labelled, "X: y\r\n", "X: y\r\n"), Kind::kBody);
  EXPECT_EQ(judge(labelled, "Content-Encoding: br\r\n", "X: y\r\n"), Kind::kAgain);
  EXPECT_EQ(judge(ResumingByDate(4, 10), "Content-Encoding: gzip\r\n", "X: y\r\n"), Kind::kAgain);
  EXPECT_EQ(judge(Resuming(4, 10), "Content-Encoding: gzip\r\n", "ETag: \"v1\"\r\n"), Kind::kBody)
      << "a strong ETag says more than a label";
}

TEST(ResponseRulesTest, WhatFramesABodyIsReadStrictlyAndNamed) {
  const auto judge = [](std::vector<std::string> lines) {
    lines.insert(lines.begin(), "HTTP/1.1 200 OK\r\n");
    return JudgeResponse({}, Parse(lines));
  };
  ExpectInvalid(judge({"Transfer-Encoding: gzip, chunked\r\n"}),
                "Transfer-Encoding \"gzip, chunked\"");
  ExpectInvalid(judge({"Content-Length: 1\r\n", "Content-Length: 2\r\n"}),
                "Content-Length \"1, 2\"");
  ExpectInvalid(judge({"Content-Length: 9223372036854775808\r\n"}), "Content-Length");
  ExpectInvalid(judge({"Content-Length: 1\x01\r\n"}), "Content-Length \"1?\"");
  ExpectInvalid(judge({"Content-Length: 1\r\n", " 0\r\n"}), "two lines");
  ExpectInvalid(judge({"Transfer-Encoding:\r\n", " chunked\r\n"}), "two lines");
  EXPECT_EQ(judge({"Content-Length: 1\r\n", "Content-Length: 1\r\n"}).kind, Kind::kBody);
}

TEST(ResponseRulesTest, IdentityIsNoCodingOfTheTransfer) {
  const auto verdict = JudgeResponse({}, Parse({"HTTP/1.1 200 OK\r\n", "Content-Length: 10\r\n",
                                                "Transfer-Encoding: Identity\r\n"}));
  ASSERT_EQ(verdict.kind, Kind::kBody);
  EXPECT_EQ(verdict.body.end, 10u);
  EXPECT_TRUE(verdict.body.ends_by_length);
  const auto chunked =
      JudgeResponse({}, Parse({"HTTP/1.1 200 OK\r\n", "Transfer-Encoding: identity\r\n",
                               "Transfer-Encoding: chunked\r\n"}));
  ASSERT_EQ(chunked.kind, Kind::kBody);
  EXPECT_EQ(chunked.body.end, kSizeUnknown);
  EXPECT_FALSE(chunked.body.ends_by_length);
}

TEST(ResponseRulesTest, HintsInDoubtAreNotUsed) {
  const std::vector<std::vector<std::string>> doubtful = {
      {"ETag: \"a\"\r\n", "ETag: W/\"a\"\r\n"},
      {"ETag: \"a\"\r\n", "ETag: \"b\"\r\n"},
      {"ETag: \"a\",\"b\"\r\n"},
      {"ETag: \"\r\n"},
      {"ETag: a\r\n"},
      {kDateField, "Last-Modified: Sun, 02 Nov 2025 10:00:00 GMT\r\n"},
      {"Last-Modified: yesterday\r\n"},
      {"Accept-Ranges: none\r\n", "Accept-Ranges: bytes\r\n"},
      {"Accept-Ranges: \x01\r\n"},
      {"Content-Type: a\r\n", "Content-Type: b\r\n"},
      {"Content-Encoding: " + std::string(5000, 'x') + "\r\n"},
      {"Retry-After: soon\r\n", "Retry-After: 5\r\n"},
      {"Date: a\r\n", "Date: b\r\n"},
      {"Location: /a\r\n", "Location: /b\r\n"},
      {"Content-Range: bytes 0-3/4\r\n", "Content-Range: x\r\n"},
  };
  for (auto lines : doubtful) {
    lines.insert(lines.begin(), {"HTTP/1.1 200 OK\r\n", "Content-Length: 10\r\n"});
    const auto verdict = JudgeResponse({}, Parse(lines));
    ASSERT_EQ(verdict.kind, Kind::kBody) << lines.back();
    EXPECT_TRUE(verdict.body.not_resumable) << lines.back();
    EXPECT_EQ(ValidatorOf(PlanNextPart(0, verdict.body)), "") << lines.back();
  }
}

TEST(ResponseRulesTest, ARedirectThatLeadsToTwoPlacesIsInvalid) {
  ExpectInvalid(
      JudgeResponse({}, Parse({"HTTP/1.1 302 Found\r\n", "Location: /a\r\n", "Location: /b\r\n"})),
      "Locations");
  EXPECT_EQ(
      JudgeResponse({}, Parse({"HTTP/1.1 302 Found\r\n", "Location: /a\r\n", "Location: /a\r\n"}))
          .kind,
      Kind::kRedirect);
}

TEST(ResponseRulesTest, EveryOtherStatusThanThoseWithoutAFileIsSuccess) {
  for (int status = 200; status < 300; ++status) {
    if (status == 206) continue;
    const auto verdict = JudgeResponse(
        {}, Parse({"HTTP/1.1 " + std::to_string(status) + " Fine\r\n", "Content-Length: 10\r\n"}));
    if (status == 202) {
      EXPECT_EQ(Refusal(verdict), HttpHresult(202));
      EXPECT_TRUE(verdict.failure.transient);
    } else if (status == 204 || status == 205 || status == 207 || status == 208) {
      ExpectInvalid(verdict, "without a file");
    } else {
      EXPECT_EQ(verdict.kind, Kind::kBody) << status;
    }
  }
}

/// The 206 to a request from byte 4 on, of a file of 10.
ResponseVerdict JudgeRange(const RequestPlan& plan, const std::string& range,
                           const std::string& more = "X: y\r\n") {
  return JudgeResponse(
      plan, Parse({"HTTP/1.1 206 Partial Content\r\n", "Content-Range: " + range + "\r\n", more}));
}

TEST(ResponseRulesTest, APartGoesOnWhereItWasAskedFor) {
  for (const char* range : {"bytes 4-9/10", "bytes 4-9/*"}) {
    const auto good = JudgeRange(Resuming(4, 10), range, "Content-Length: 6\r\n");
    ASSERT_EQ(good.kind, Kind::kBody) << range;
    EXPECT_EQ(good.body.offset, 4u);
    EXPECT_EQ(good.body.skip, 0u);
    EXPECT_EQ(good.body.end, 10u);
    EXPECT_EQ(good.body.source, Resuming(4, 10).source);
  }
}

TEST(ResponseRulesTest, APartThatBeginsEarlierIsSkippedTo) {
  const auto verdict = JudgeRange(Resuming(4, 10), "bytes 1-9/10", "Content-Length: 9\r\n");
  ASSERT_EQ(verdict.kind, Kind::kBody);
  EXPECT_EQ(verdict.body.offset, 4u);
  EXPECT_EQ(verdict.body.skip, 3u);
  EXPECT_EQ(verdict.body.end, 10u);
}

TEST(ResponseRulesTest, APartThatEndsEarlierIsFollowedByTheNext) {
  const auto verdict = JudgeRange(Resuming(4, 10), "bytes 3-6/10", "Content-Length: 4\r\n");
  ASSERT_EQ(verdict.kind, Kind::kBody);
  EXPECT_EQ(verdict.body.end, 7u);
  const RequestPlan next = PlanNextPart(3, verdict.body);
  EXPECT_EQ(next.index, 3u);
  EXPECT_EQ(next.offset, 7u);
  EXPECT_EQ(next.kept, 7u);
  EXPECT_EQ(ValidatorOf(next), "\"v1\"");
}

TEST(ResponseRulesTest, AllInOnePartIsTheFile) {
  for (const RequestPlan& plan : {RequestPlan{}, Resuming(4, 10)}) {
    const auto verdict = JudgeRange(plan, "bytes 0-9/10", "Content-Length: 10\r\n");
    ASSERT_EQ(verdict.kind, Kind::kBody);
    EXPECT_EQ(verdict.body.offset, 0u);
    EXPECT_EQ(verdict.body.skip, 0u);
    EXPECT_EQ(verdict.body.end, 10u);
    EXPECT_EQ(verdict.body.source.size, 10u);
    EXPECT_EQ(verdict.body.history.restarts, 0u);
  }
  // Also when the file was replaced by one of another size.
  const auto other = JudgeRange(Resuming(4, 10), "bytes 0-2/3");
  ASSERT_EQ(other.kind, Kind::kBody);
  EXPECT_EQ(other.body.end, 3u);
  EXPECT_EQ(other.body.history.restarts, 1u);
  EXPECT_EQ(other.body.history.replaced_size, 10u);
}

TEST(ResponseRulesTest, AFirstPartThatNobodyAskedForNeedsAWayToTheRest) {
  const auto first = JudgeRange({}, "bytes 0-3/10", "ETag: \"v1\"\r\n");
  ASSERT_EQ(first.kind, Kind::kBody);
  EXPECT_EQ(first.body.end, 4u);
  EXPECT_EQ(first.body.source.size, 10u);
  ExpectInvalid(JudgeRange({}, "bytes 0-3/10"), "Content-Range");
  ExpectInvalid(JudgeRange({}, "bytes 0-3/*", "ETag: \"v1\"\r\n"), "Content-Range");
  ExpectInvalid(JudgeRange({}, "bytes 1-9/10", "ETag: \"v1\"\r\n"), "Content-Range");
  ExpectInvalid(JudgeRange({}, "nonsense", "ETag: \"v1\"\r\n"), "Content-Range \"nonsense\"");
  ExpectInvalid(JudgeRange({}, "bytes 0-9/10", "Content-Length: 9\r\n"), "Content-Length \"9\"");
  RequestPlan plan;
  plan.no_ranges = true;
  ExpectInvalid(JudgeRange(plan, "bytes 0-3/10", "ETag: \"v1\"\r\n"), "Content-Range");
}

TEST(ResponseRulesTest, AWrongRangeIsNotAskedForAgainInTheSameAttempt) {
  const std::pair<const char*, const char*> lies[] = {
      {"Content-Range: bytes 5-9/10\r\n", "Content-Length: 5\r\n"},
      {"Content-Range: bytes 0-3/10\r\n", "Content-Length: 4\r\n"},
      {"Content-Range: bytes 4-9/10\r\n", "Content-Length: 10\r\n"},
      {"Content-Range: bytes 4-11/*\r\n", "Content-Length: 8\r\n"},
      {"Content-Range: items 4-9/10\r\n", "Content-Length: 6\r\n"},
      {"X: y\r\n", "Content-Length: 6\r\n"},
      {"Content-Range: bytes 4-9/10\r\n", "Content-Range: bytes 5-9/10\r\n"},
      {"Content-Type: multipart/byteranges; boundary=x\r\n", "Content-Length: 60\r\n"},
  };
  for (const auto& [range, length] : lies) {
    const auto verdict =
        JudgeResponse(Resuming(4, 10), Parse({"HTTP/1.1 206 Partial Content\r\n", range, length}));
    ASSERT_EQ(verdict.kind, Kind::kAgain) << range;
    EXPECT_EQ(verdict.again.offset, 0u) << range;
    EXPECT_TRUE(verdict.again.no_ranges) << range;
    const auto whole =
        JudgeResponse(verdict.again, Parse({"HTTP/1.1 200 OK\r\n", "Content-Length: 10\r\n",
                                            "Accept-Ranges: bytes\r\n", "ETag: \"v1\"\r\n"}));
    ASSERT_EQ(whole.kind, Kind::kBody) << range;
    EXPECT_EQ(whole.body.offset, 0u) << "the bytes here may be wrong, too";
    EXPECT_EQ(whole.body.history.restarts, 0u) << range;
    EXPECT_FALSE(whole.body.not_resumable) << "the next attempt may try a range again";
  }
}

TEST(ResponseRulesTest, WhatARangeProvokesIsAskedWithoutRangeBeforeAnyVerdict) {
  for (int status = 300; status <= 999; ++status) {
    if (status == 416) continue;
    const auto answer = Parse({"HTTP/1.1 " + std::to_string(status) + " No\r\n"});
    const auto verdict = JudgeResponse(Resuming(4, 10), answer);
    const bool now =
        status == 401 || status == 407 || status == 425 || status == 429 || status == 503;
    ASSERT_EQ(verdict.kind, now ? Kind::kFailure : Kind::kAgain) << status;
    if (now) continue;
    EXPECT_EQ(verdict.again.offset, 0u);
    EXPECT_EQ(JudgeResponse(verdict.again, answer).kind, Kind::kFailure) << "once only";
    // What is here need not be written again, when it is proven to be of the same version.
    const auto same =
        JudgeResponse(verdict.again,
                      Parse({"HTTP/1.1 200 OK\r\n", "Content-Length: 10\r\n", "ETag: \"v1\"\r\n"}));
    EXPECT_EQ(same.body.offset, 4u);
    EXPECT_EQ(same.body.skip, 4u);
    const auto unknown =
        JudgeResponse(verdict.again, Parse({"HTTP/1.1 200 OK\r\n", "Content-Length: 10\r\n"}));
    EXPECT_EQ(unknown.body.offset, 0u);
  }
}

TEST(ResponseRulesTest, ARetryAfterDoesNotHideThatTheRangeIsTheProblem) {
  for (const auto& [status, again] :
       {std::pair(403, true), std::pair(404, true), std::pair(412, true), std::pair(302, true),
        std::pair(409, false), std::pair(500, false), std::pair(503, false)}) {
    const auto answer = Parse({absl::StrCat("HTTP/1.1 ", status, " No\r\n"), "Retry-After: 5\r\n"});
    const auto verdict = JudgeResponse(Resuming(4, 10), answer);
    EXPECT_EQ(verdict.kind, again ? Kind::kAgain : Kind::kFailure) << status;
  }
}

TEST(ResponseRulesTest, ASourceThatChangesForEverEndsTheAttempts) {
  RequestPlan plan = ResumingByDate(4, 10);
  plan.source = {10, "\"v1\"", "", false, "", ""};
  plan.history.restarts = kMaxRestarts - 1;
  const HttpResponse changed =
      Parse({"HTTP/1.1 200 OK\r\n", "Content-Length: 10\r\n", "ETag: \"v2\"\r\n"});
  const auto last = JudgeResponse(plan, changed);
  ASSERT_EQ(last.kind, Kind::kBody);
  EXPECT_EQ(last.body.history.restarts, kMaxRestarts);
  plan.history.restarts = kMaxRestarts;
  const auto over = JudgeResponse(plan, changed);
  EXPECT_EQ(Refusal(over), Hresult::kRemoteFileChanged);
  EXPECT_FALSE(over.failure.transient);
  EXPECT_TRUE(over.start_over);
  EXPECT_EQ(Refusal(JudgeRange(plan, "bytes 4-11/12")), Hresult::kRemoteFileChanged);
  // A server that only ignores the range has not changed the file.
  const auto same = JudgeResponse(
      plan, Parse({"HTTP/1.1 200 OK\r\n", "Content-Length: 10\r\n", "ETag: \"v1\"\r\n"}));
  ASSERT_EQ(same.kind, Kind::kBody);
  EXPECT_EQ(same.body.history.restarts, kMaxRestarts);
}

TEST(ResponseRulesTest, AChangedSourceStartsAgainAndSaysSo) {
  const std::string later = "Last-Modified: Sun, 02 Nov 2025 10:00:00 GMT\r\n";
  for (const auto& verdict : {JudgeRange(Resuming(4, 10), "bytes 4-11/12"),
                              JudgeRange(Resuming(4, 10), "bytes 4-9/10", "ETag: \"v2\"\r\n"),
                              JudgeRange(ResumingByDate(4, 10), "bytes 4-9/10", later)}) {
    ASSERT_EQ(verdict.kind, Kind::kAgain);
    EXPECT_EQ(verdict.again.offset, 0u);
    EXPECT_FALSE(verdict.again.no_ranges);
    EXPECT_EQ(verdict.again.history.restarts, 1u);
    EXPECT_EQ(verdict.again.history.replaced_size, 10u);
    const auto whole =
        JudgeResponse(verdict.again, Parse({"HTTP/1.1 200 OK\r\n", "Content-Length: 12\r\n"}));
    EXPECT_EQ(whole.body.history.restarts, 1u) << "counted once";
  }
}

TEST(ResponseRulesTest, AnotherEtagOfTheSameSizeAndDateGoesOnByTheDate) {
  const std::vector<std::string> node2 = {"HTTP/1.1 200 OK\r\n", "Content-Length: 10\r\n",
                                          "ETag: \"node2\"\r\n", kDateField};
  const auto verdict = JudgeResponse(Resuming(4, 10), Parse(node2));
  ASSERT_EQ(verdict.kind, Kind::kAgain);
  EXPECT_EQ(verdict.again.offset, 4u);
  EXPECT_EQ(ValidatorOf(verdict.again), kDate);
  // The server does not heed dates: the file is taken from the beginning, and did not change.
  const auto whole = JudgeResponse(verdict.again, Parse(node2));
  ASSERT_EQ(whole.kind, Kind::kBody);
  EXPECT_EQ(whole.body.offset, 0u);
  EXPECT_EQ(whole.body.history.restarts, 0u);
  // It does: from now on the date alone is asked by.
  const auto part = JudgeRange(verdict.again, "bytes 4-9/10", std::string("ETag: \"node3\"\r\n"));
  EXPECT_EQ(part.kind, Kind::kAgain) << "without its date nothing speaks for this one";
  const auto dated = JudgeResponse(
      verdict.again, Parse({"HTTP/1.1 206 Part\r\n", "Content-Range: bytes 4-9/10\r\n",
                            "ETag: \"node3\"\r\n", kDateField}));
  ASSERT_EQ(dated.kind, Kind::kBody);
  EXPECT_EQ(dated.body.offset, 4u);
  EXPECT_EQ(ValidatorOf(PlanNextPart(0, dated.body)), kDate);
}

TEST(ResponseRulesTest, AnotherEtagIsAnotherFileWithoutAStrongDateOrASize) {
  RequestPlan weak = Resuming(4, 10);
  weak.source.strong_date = false;
  const auto judge = [](const RequestPlan& plan, const std::string& length) {
    return JudgeResponse(plan,
                         Parse({"HTTP/1.1 200 OK\r\n", length, "ETag: \"node2\"\r\n", kDateField}));
  };
  EXPECT_EQ(judge(weak, "Content-Length: 10\r\n").body.history.restarts, 1u);
  EXPECT_EQ(judge(Resuming(4, 10), "Content-Length: 11\r\n").body.history.restarts, 1u);
  EXPECT_EQ(judge(Resuming(4, 10), "Transfer-Encoding: chunked\r\n").body.history.restarts, 1u);
}

TEST(ResponseRulesTest, ADateWithoutTheSizeJoinsNothing) {
  const auto judge = [](const std::string& total) {
    return JudgeResponse(
        Resuming(4, 10),
        Parse({"HTTP/1.1 206 Part\r\n", absl::StrCat("Content-Range: bytes 4-9/", total, "\r\n"),
               "ETag: \"node2\"\r\n", kDateField}));
  };
  EXPECT_EQ(judge("10").kind, Kind::kBody);
  EXPECT_NE(judge("*").kind, Kind::kBody);
}

TEST(ResponseRulesTest, ATagOfDateAndSizeIsAsWeakAsTheDate) {
  const std::string tag =
      absl::StrCat("ETag: \"",
                   absl::Hex(absl::ToUnixSeconds(absl::FromCivil(
                       absl::CivilSecond(2025, 11, 1, 10, 0, 0), absl::UTCTimeZone()))),
                   "-a\"\r\n");
  const auto validates = [&](const std::string& etag, const std::string& date) {
    const auto verdict = JudgeResponse(
        {}, Parse({"HTTP/1.1 200 OK\r\n", "Content-Length: 10\r\n", etag, kDateField, date}));
    return HasValidator(verdict.body.source);
  };
  const std::string same = absl::StrCat("Date: ", kDate, "\r\n");
  EXPECT_FALSE(validates(tag, same)) << "nginx's own: the file may be written again this second";
  EXPECT_TRUE(validates(tag, "Date: Sat, 01 Nov 2025 10:01:01 GMT\r\n"));
  EXPECT_TRUE(validates("ETag: \"v1\"\r\n", same));
  EXPECT_FALSE(validates("ETag: \"\"\r\n", same)) << "an empty tag is of no version";
}

TEST(ResponseRulesTest, AnAnswerThatLooksForeignIsTriedAgainFirst) {
  const auto page = Parse({"HTTP/1.1 200 OK\r\n", "Content-Length: 33\r\n",
                           "Content-Type: text/html; charset=utf-8\r\n"});
  const auto chunked = Parse(
      {"HTTP/1.1 200 OK\r\n", "Transfer-Encoding: chunked\r\n", "Content-Type: text/html\r\n"});
  for (const HttpResponse& answer : {page, chunked}) {
    EXPECT_EQ(JudgeResponse(Resuming(4, 10), answer).kind, Kind::kAgain);
    RequestPlan plan = JudgeResponse(Resuming(4, 10), answer).again;
    EXPECT_EQ(plan.offset, 0u) << "perhaps it is the range";
    EXPECT_TRUE(plan.trusted);
    for (; plan.history.doubts < kMaxDoubts; ++plan.history.doubts) {
      const auto verdict = JudgeResponse(plan, answer);
      EXPECT_EQ(Refusal(verdict), Hresult::kInvalidServerResponse);
      EXPECT_TRUE(verdict.failure.transient);
      EXPECT_TRUE(verdict.doubtful);
      EXPECT_FALSE(verdict.start_over);
      EXPECT_THAT(verdict.failure.error.message, AllOf(HasSubstr("text/html"), HasSubstr("login")));
    }
    const auto taken = JudgeResponse(plan, answer);
    ASSERT_EQ(taken.kind, Kind::kBody);
    EXPECT_EQ(taken.body.history.doubts, 0u);
    EXPECT_EQ(taken.body.history.restarts, 1u);
    EXPECT_EQ(taken.body.history.replaced_size, 10u);
  }
}

TEST(ResponseRulesTest, APageInsteadOfAFileLooksForeignWhateverValidatorsItHas) {
  const auto doubtful = [](RequestPlan plan, std::vector<std::string> lines) {
    lines.insert(lines.begin(), "HTTP/1.1 200 OK\r\n");
    return JudgeResponse(PlanWithoutRange(std::move(plan), true), Parse(lines)).doubtful;
  };
  const std::string length = "Content-Length: 33\r\n";
  for (const std::string& validators :
       {std::string(), std::string("ETag: \"page\"\r\n"), std::string("ETag: W/\"page\"\r\n"),
        std::string(kDateField)}) {
    for (const std::string type :
         {"text/html", "Text/HTML; charset=utf-8", "application/xhtml+xml"}) {
      const std::string field = absl::StrCat("Content-Type: ", type, "\r\n");
      EXPECT_TRUE(doubtful(Resuming(4, 10), {field, length, validators})) << type << validators;
      EXPECT_TRUE(doubtful(Resuming(4, 10), {field, "Transfer-Encoding: chunked\r\n", validators}));
      RequestPlan page = Resuming(4, 10);
      page.source.content_type = "text/html";
      EXPECT_EQ(doubtful(page, {field, length, validators}), false) << "it was a page";
    }
  }
  RequestPlan bare = Resuming(4, 10);
  bare.source = {10, "", "", false, "", ""};
  EXPECT_TRUE(doubtful(bare, {"Content-Type: text/html\r\n", length}));
  EXPECT_FALSE(doubtful(bare, {length}));
}

TEST(ResponseRulesTest, AnAnswerWithoutTypeAndValidatorsLooksForeignToo) {
  RequestPlan plan = PlanWithoutRange(Resuming(4, 10), true);
  plan.source.content_type.clear();
  const auto empty = Parse({"HTTP/1.1 203 OK\r\n", "Content-Length: 0\r\n"});
  EXPECT_TRUE(JudgeResponse(plan, empty).doubtful);
}

TEST(ResponseRulesTest, AnAnswerWithAnythingOfTheFileDoesNotLookForeign) {
  const auto taken = [](const RequestPlan& plan, std::vector<std::string> lines) {
    lines.insert(lines.begin(), "HTTP/1.1 200 OK\r\n");
    return JudgeResponse(plan, Parse(lines)).kind == Kind::kBody;
  };
  const std::string html = "Content-Type: text/html\r\n";
  const std::string length = "Content-Length: 33\r\n";
  EXPECT_TRUE(taken({}, {html, length})) << "nothing is here yet";
  const std::string text = "Content-Type: text/plain\r\n";
  EXPECT_TRUE(taken(Resuming(4, 10), {text, length, "ETag: \"v2\"\r\n"}));
  EXPECT_TRUE(taken(Resuming(4, 10), {text, length, "Last-Modified: today\r\n"}));
  EXPECT_TRUE(taken(Resuming(4, 10), {length, "Content-Type: Image/PNG; q=1\r\n"}));
  EXPECT_TRUE(taken(Resuming(4, 10), {html, "Content-Length: 10\r\n"}));
}

TEST(ResponseRulesTest, AnUnsatisfiableRangeIsTheEndOnlyWhenTheSizeAgrees) {
  const auto judge = [](const RequestPlan& plan, const char* range) {
    return JudgeResponse(plan, Parse({"HTTP/1.1 416 Range Not Satisfiable\r\n", range,
                                      "Content-Encoding: gzip\r\n"}))
        .kind;
  };
  EXPECT_EQ(judge(Resuming(10, 10), "Content-Range: bytes */10\r\n"), Kind::kWhole);
  EXPECT_EQ(judge(Resuming(10, 10), "X: y\r\n"), Kind::kWhole);
  EXPECT_EQ(judge(Resuming(10, 10), "Content-Range: bytes */8\r\n"), Kind::kAgain);
  EXPECT_EQ(judge(Resuming(4, 10), "Content-Range: bytes */3\r\n"), Kind::kAgain);
  EXPECT_EQ(judge(Resuming(4, 10), "X: y\r\n"), Kind::kAgain);
  EXPECT_EQ(judge(Resuming(10, 10), "ETag: \"v2\"\r\n"), Kind::kAgain);
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
  const auto judge = [](const char* line, const char* more = "X: y\r\n") {
    return JudgeResponse({}, Parse({line, more}));
  };
  EXPECT_EQ(Refusal(judge("HTTP/1.1 404 Not Found\r\n")), HttpHresult(404));
  EXPECT_FALSE(judge("HTTP/1.1 404 Not Found\r\n").failure.transient);
  EXPECT_TRUE(judge("HTTP/1.1 503 Busy\r\n").failure.transient);
  EXPECT_EQ(judge("HTTP/1.1 503 Busy\r\n").failure.error.http_status, 503);
  EXPECT_EQ(Refusal(judge("HTTP/1.1 302 Found\r\n")), HttpHresult(302));
  EXPECT_EQ(Refusal(judge("HTTP/1.1 999 Odd\r\n")), Hresult::kInvalidServerResponse);
  EXPECT_TRUE(judge("HTTP/1.1 999 Odd\r\n").failure.transient) << "as 5xx: RFC 9110, 15";
  ExpectInvalid(judge("HTTP/1.1 101 Switching Protocols\r\n"), "101");
  EXPECT_EQ(Refusal(judge("HTTP/1.1 404 No\r\n", "Content-Length: none\r\n")), HttpHresult(404));
}

TEST(ResponseRulesTest, WhatTheServerSaysAboutTimeIsPassedOn) {
  const auto wait = [](const char* status, const char* field) {
    return JudgeResponse({}, Parse({status, field})).failure.retry_after;
  };
  EXPECT_EQ(wait("HTTP/1.1 503 Busy\r\n", "Retry-After: 3600\r\n"), absl::Hours(1));
  EXPECT_EQ(wait("HTTP/1.1 429 Slowly\r\n", "Retry-After: 1\r\n"), absl::Seconds(1));
  EXPECT_EQ(wait("HTTP/1.1 403 Slowly\r\n", "Retry-After: 60\r\n"), absl::Minutes(1));
  EXPECT_EQ(wait("HTTP/1.1 503 Busy\r\n", "Retry-After: soon\r\n"), std::nullopt);
  EXPECT_EQ(wait("HTTP/1.1 304 Same\r\n", "Retry-After: 60\r\n"), std::nullopt);
  const auto fatal = JudgeResponse({}, Parse({"HTTP/1.1 403 No\r\n", "Retry-After: 60\r\n"}));
  EXPECT_TRUE(fatal.failure.transient);
  EXPECT_THAT(fatal.failure.error.message, HasSubstr("60 s"));
}

TEST(PlanFileTest, ARangeIsAskedForOnlyWithSizeAndStrongValidator) {
  FileProgress progress;
  progress.synced = 5;
  progress.size = 10;
  EXPECT_EQ(PlanRequest(PlanFile(0, progress)).offset, 0u);
  progress.version.date = kDate;
  EXPECT_EQ(PlanRequest(PlanFile(0, progress)).offset, 0u);
  EXPECT_EQ(ValidatorOf(PlanRequest(PlanFile(0, progress))), "");
  progress.version.strong_date = true;
  EXPECT_EQ(PlanRequest(PlanFile(0, progress)).offset, 5u);
  EXPECT_EQ(ValidatorOf(PlanRequest(PlanFile(0, progress))), kDate);
  progress.version.tag = "\"v1\"";
  EXPECT_EQ(ValidatorOf(PlanRequest(PlanFile(0, progress))), "\"v1\"");
  progress.not_resumable = true;
  EXPECT_EQ(PlanRequest(PlanFile(0, progress)).offset, 0u);
}

TEST(HttpTimeTest, AllThreeFormsOfADateAreRead) {
  const absl::Time when = absl::FromUnixSeconds(784111777);
  for (const char* text : {"Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT",
                           "Sun Nov  6 08:49:37 1994"}) {
    const auto time = ParseHttpTime(text, Now());
    ASSERT_TRUE(time) << text;
    EXPECT_EQ(time->time, when) << text;
    EXPECT_TRUE(time->exact) << text;
  }
}

TEST(HttpTimeTest, AYearOfTwoDigitsIsAtMostFiftyYearsAhead) {
  const auto year = [](const char* text, absl::Time now) {
    return absl::ToCivilSecond(ParseHttpTime(text, now)->time, absl::UTCTimeZone()).year();
  };
  EXPECT_EQ(year("Sunday, 06-Nov-75 08:49:37 GMT", Now()), 2075);
  EXPECT_EQ(year("Sunday, 06-Nov-77 08:49:37 GMT", Now()), 1977);
  EXPECT_EQ(year("Sunday, 06-Nov-00 08:49:37 GMT", Now()), 2000);
  EXPECT_EQ(year("Sunday, 06-Nov-70 08:49:37 GMT", Now() + absl::Hours(24 * 365 * 30)), 2070);
}

TEST(HttpTimeTest, WhatIsReadAndNotExactIsNeverSentBack) {
  for (const char* text : {"Mon, 06 Nov 1994 08:49:37 GMT", "Sun, 6 Nov 1994 08:49:37 GMT",
                           "sun, 06 nov 1994 08:49:37 GMT", "Sun,  06 Nov 1994 08:49:37 GMT"}) {
    const auto time = ParseHttpTime(text, Now());
    ASSERT_TRUE(time) << text;
    EXPECT_FALSE(time->exact) << text;
    EXPECT_FALSE(IsStrongDate(text, "", Now())) << text;
  }
  for (const char* bad :
       {"", "infinite-future", "infinite-past", "yesterday", "784111777",
        "Sun, 06 Nov 1994 08:49:37\rGMT", "Sun,\t06 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994\v08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 GMT\r", "Sun, 06 Nov 1994",
        "Sun, 06 Nov 0000 08:49:37 GMT", "Sun, 32 Nov 1994 08:49:37 GMT"}) {
    EXPECT_FALSE(ParseHttpTime(bad, Now())) << bad;
  }
}

TEST(HttpTimeTest, DatesFarAwayAreThemselves) {
  const auto seconds = [](const char* text) {
    return absl::ToUnixSeconds(ParseHttpTime(text, Now())->time);
  };
  EXPECT_EQ(seconds("Fri, 31 Dec 9999 23:59:59 GMT"), 253402300799);
  EXPECT_EQ(seconds("Mon, 01 Jan 0001 00:00:00 GMT"), -62135596800);
}

TEST(HttpTimeTest, ADateIsStrongWhenTheFileWasOldAtTheAnswer) {
  const char* modified = "Sat, 01 Nov 2025 10:00:00 GMT";
  EXPECT_TRUE(IsStrongDate(modified, "Sat, 01 Nov 2025 10:01:00 GMT", Now()));
  EXPECT_TRUE(IsStrongDate(modified, "Saturday, 01-Nov-25 10:01:00 GMT", Now()));
  EXPECT_FALSE(IsStrongDate(modified, "Sat, 01 Nov 2025 10:00:59 GMT", Now()));
  EXPECT_FALSE(IsStrongDate(modified, modified, Now()));
  EXPECT_FALSE(IsStrongDate(modified, "Sat, 01 Nov 2025 09:00:00 GMT", Now()));
  // Without a Date our clock counts, which may be wrong by hours.
  const absl::Time time = ParseHttpTime(modified, Now())->time;
  for (const char* date : {"", "a, b"}) {
    EXPECT_TRUE(IsStrongDate(modified, date, time + absl::Hours(24))) << date;
    EXPECT_FALSE(IsStrongDate(modified, date, time + absl::Hours(23))) << date;
  }
}

TEST(HttpTimeTest, ADateThatProgramsGiveToEverythingIsNeverStrong) {
  for (const char* made_up : {"Thu, 01 Jan 1970 00:00:00 GMT", "Thu, 01 Jan 1970 00:00:01 GMT",
                              "Tue, 01 Jan 1980 00:00:00 GMT", "Fri, 01 Feb 1980 00:00:00 GMT",
                              "Sat, 26 Oct 1985 08:15:00 GMT", "Fri, 01 Jan 2010 00:00:00 GMT",
                              "Mon, 01 Jan 0001 00:00:00 GMT", "Mon, 01 Jan 1601 00:00:00 GMT"}) {
    EXPECT_FALSE(IsStrongDate(made_up, "Sat, 01 Nov 2025 10:01:00 GMT", Now())) << made_up;
    EXPECT_FALSE(IsStrongDate(made_up, "", Now())) << made_up;
    EXPECT_TRUE(ParseHttpTime(made_up, Now())) << "it is the time of the file all the same";
  }
  EXPECT_TRUE(IsStrongDate("Tue, 15 Nov 1994 12:45:26 GMT", "", Now()));
  EXPECT_TRUE(IsStrongDate("Fri, 01 Jan 2010 00:00:02 GMT", "", Now()));
}

TEST(HttpTimeTest, RetryAfterIsSecondsOrADateAndBounded) {
  const std::string now = "Sat, 01 Nov 2025 10:00:00 GMT";
  EXPECT_EQ(ParseRetryAfter("0", now, Now()), absl::ZeroDuration());
  EXPECT_EQ(ParseRetryAfter("120", now, Now()), absl::Minutes(2));
  EXPECT_EQ(ParseRetryAfter("86401", now, Now()), policy::kMaxRetryAfter);
  EXPECT_EQ(ParseRetryAfter("99999999999999999999", now, Now()), policy::kMaxRetryAfter);
  EXPECT_EQ(ParseRetryAfter("Sat, 01 Nov 2025 10:05:00 GMT", now, Now()), absl::Minutes(5));
  EXPECT_EQ(ParseRetryAfter("Sat, 01 Nov 2025 09:05:00 GMT", now, Now()), absl::ZeroDuration());
  EXPECT_EQ(ParseRetryAfter("Sat, 01 Nov 9999 10:00:00 GMT", now, Now()), policy::kMaxRetryAfter);
  EXPECT_EQ(ParseRetryAfter(
                absl::FormatTime(absl::RFC1123_full, Now() + absl::Hours(2), absl::UTCTimeZone()),
                "", Now()),
            std::nullopt)
      << "a date with +0000 is none of HTTP";
  EXPECT_EQ(ParseRetryAfter(absl::FormatTime("%a, %d %b %E4Y %H:%M:%S GMT", Now() + absl::Hours(2),
                                             absl::UTCTimeZone()),
                            "", Now()),
            absl::Hours(2));
  for (const char* bad : {"", "-1", "+1", "1.5", "soon", "1, 2", "0x10", "1 s"}) {
    EXPECT_EQ(ParseRetryAfter(bad, now, Now()), std::nullopt) << bad;
  }
}

}  // namespace
}  // namespace bitsd
