// What the head of a response means for a file.

#include "server/transfer/http/response_rules.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/policy/http_status.h"
#include "tests/unit/transfer/http/response_fixture.h"

namespace bitsd {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

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
  ExpectInvalid(judge({"Transfer-Encoding : chunked\r\n"}), "before its colon");
  ExpectInvalid(judge({"Transfer-Encoding\t: chunked\r\n", "Content-Length: 1\r\n"}),
                "before its colon");
  ExpectInvalid(judge({"Transfer-Encoding: \vchunked\r\n"}), "\"?chunked\"");
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

TEST(ResponseRulesTest, ARetryAfterDoesNotHideThatTheRangeIsTheProblem) {
  for (const auto& [status, again] :
       {std::pair(403, true), std::pair(404, true), std::pair(412, true), std::pair(302, true),
        std::pair(409, false), std::pair(500, false), std::pair(503, false)}) {
    const auto answer = Parse({absl::StrCat("HTTP/1.1 ", status, " No\r\n"), "Retry-After: 5\r\n"});
    const auto verdict = JudgeResponse(Resuming(4, 10), answer);
    EXPECT_EQ(verdict.kind, again ? Kind::kAgain : Kind::kFailure) << status;
  }
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
    std::erase(lines, "");
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
      if (validators.empty()) continue;
      EXPECT_FALSE(doubtful(page, {field, length, validators})) << "it was a page";
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

}  // namespace
}  // namespace bitsd
