// The head of a response: what is read of it, and what a hostile one can do.

#include "server/transfer/http/http_response.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/transfer/http/response_fixture.h"

namespace bitsd {
namespace {

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
  EXPECT_FALSE(response.odd_frame);
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

TEST(HttpHeadTest, AStatusIsThreeDigits) {
  for (const char* line : {"HTTP/2 -99 x\r\n", "HTTP/1.1 +99 x\r\n", "HTTP/1.1  99 x\r\n",
                           "HTTP/1.1 9\r\n", "HTTP/1.1 1e2\r\n"}) {
    HttpHeadParser parser;
    parser.Add(line);
    EXPECT_EQ(parser.response().status, 0) << line;
  }
}

}  // namespace
}  // namespace bitsd
