// What the answer to a request for the rest of a file means.

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/transfer/http/response_fixture.h"

namespace bitsd {
namespace {

/// The 206 to a request from byte 4 on, of a file of 10.
ResponseVerdict JudgeRange(const RequestPlan& plan, const std::string& range,
                           const std::string& more = "X: y\r\n") {
  return JudgeResponse(
      plan, Parse({"HTTP/1.1 206 Partial Content\r\n", "Content-Range: " + range + "\r\n", more}));
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

}  // namespace
}  // namespace bitsd
