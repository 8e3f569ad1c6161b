// A server that lies, floods, drips or breaks off: what the job is told, and that memory stays
// bounded.

#include <gmock/gmock.h>

#include <fstream>

#include "absl/strings/str_cat.h"
#include "tests/integration/hostile_fixture.h"
#include "tests/testing/wait.h"

namespace bitsd::tests {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr const char* kOk = "HTTP/1.1 200 OK\r\n";

struct Case {
  std::string answer;
  Hresult hresult;
  bool transient;
};

class HostileAnswersTest : public HostileTest {
 protected:
  void ExpectFailures(const std::vector<Case>& cases) {
    for (const Case& row : cases) {
      const TransferFailure failure = Fails(Raw({row.answer}), row.hresult);
      EXPECT_EQ(failure.transient, row.transient) << row.answer;
    }
  }
};

TEST_F(HostileAnswersTest, ALengthThatIsNoneOrTwoIsInvalid) {
  const Hresult invalid = Hresult::kInvalidServerResponse;
  ExpectFailures({
      {absl::StrCat(kOk, "Content-Length: -5\r\n\r\nhello"), invalid, false},
      {absl::StrCat(kOk, "Content-Length: five\r\n\r\nhello"), invalid, false},
      {absl::StrCat(kOk, "Content-Length: 0x5\r\n\r\nhello"), invalid, false},
      {absl::StrCat(kOk, "Content-Length: 5, 5\r\n\r\nhello"), invalid, false},
      {absl::StrCat(kOk, "Content-Length: 99999999999999999999\r\n\r\nhello"), invalid, false},
      {absl::StrCat(kOk, "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello"), invalid, false},
      {absl::StrCat(kOk, "Content-Length: 6\r\nContent-Length: 5\r\n\r\nhello"), invalid, false},
  });
}

TEST_F(HostileAnswersTest, AConnectionThatEndsTooEarlyIsTriedAgain) {
  const Hresult closed = Hresult::kConnectionClosed;
  ExpectFailures({
      {"", closed, true},
      {"HTTP/1.1 20", closed, true},
      {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n", closed, true},
      {absl::StrCat(kOk, "Content-Length: 6\r\n\r\nhello"), closed, true},
      {absl::StrCat(kOk, "Transfer-Encoding: chunked\r\n\r\n5\r\nhel"), closed, true},
      {absl::StrCat(kOk, "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"), closed, true},
      {absl::StrCat(kOk, "Transfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n0\r\n\r\n"), closed,
       true},
  });
}

TEST_F(HostileAnswersTest, AnEarlyEndInTlsIsTriedAgain) {
  for (const std::string& answer :
       {absl::StrCat(kOk, "Content-Length: 6\r\n\r\nhello"),
        absl::StrCat(kOk, "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"),
        std::string("HTTP/1.1 200 OK\r\nCont")}) {
    const auto failure = Fails(server().SecureUrl(Raw({answer})), Hresult::kConnectionClosed);
    EXPECT_TRUE(failure.transient) << answer;
  }
}

TEST_F(HostileAnswersTest, AnswersThatAreNoHttpAreInvalid) {
  const Hresult invalid = Hresult::kInvalidServerResponse;
  ExpectFailures({
      {"hello, this is HTTP/0.9 or nothing at all\r\n\r\n", invalid, false},
      {"HTTP/1.1 banana\r\n\r\n", invalid, false},
      {"HTTP/1.1 999 Odd\r\n\r\n", invalid, false},
      {"HTTP/1.1 205 Reset Content\r\n\r\n", invalid, false},
      {absl::StrCat(kOk, "Content-Length: 5\r\nX: a", std::string(1, '\0'), "b\r\n\r\nhello"),
       invalid, false},
  });
}

TEST_F(HostileAnswersTest, AnEncodingNobodyAskedForIsRefusedUnread) {
  const Hresult invalid = Hresult::kInvalidServerResponse;
  ExpectFailures({
      {absl::StrCat(kOk, "Content-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello"), invalid,
       false},
      {absl::StrCat(kOk, "Content-Encoding: identity, br\r\nContent-Length: 5\r\n\r\nhello"),
       invalid, false},
      {absl::StrCat(kOk, "Transfer-Encoding: gzip\r\n\r\nhello"), invalid, false},
      {absl::StrCat(kOk, "Transfer-Encoding: gzip, chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"),
       invalid, false},
  });
}

TEST_F(HostileAnswersTest, WhatFollowsTheSaidLengthIsNoPartOfTheFileNorOfTheNext) {
  const std::string more =
      absl::StrCat(kOk, "Content-Length: 5\r\n\r\nhelloEVIL", kOk, "Content-Length: 4\r\n\r\nevil");
  const auto recorder = Run({File(Kept(more), "long"), File("/plain/1000/after", "after")});
  ASSERT_TRUE(recorder->done());
  EXPECT_EQ(TemporaryContent(recorder->files()[0]), "hello");
  EXPECT_TRUE(TemporaryContent(recorder->files()[1]) == OddServer::Content(1000));
}

TEST_F(HostileAnswersTest, TheSameLengthTwiceOrBesideChunkedIsTaken) {
  for (const std::string& answer :
       {absl::StrCat(kOk, "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello"),
        absl::StrCat(kOk,
                     "Content-Length: 999\r\nTransfer-Encoding: chunked\r\n\r\n"
                     "5\r\nhello\r\n0\r\n\r\n")}) {
    const auto recorder = Run({File(Raw({answer}), "twice")});
    ASSERT_TRUE(recorder->done()) << answer;
    EXPECT_EQ(TemporaryContent(recorder->files()[0]), "hello");
  }
}

TEST_F(HostileAnswersTest, AFieldThatCouldBreakARequestIsNotSentBack) {
  const std::string cut =
      absl::StrCat(kOk, "ETag: \"a\rX-Evil: 1\"\r\nContent-Length: 10\r\n\r\nhello");
  const std::string path = Raw({cut, absl::StrCat(kOk, "Content-Length: 5\r\n\r\nwhole")});
  const auto first = Run({File(path, "evil")});
  ASSERT_TRUE(first->failure());
  const auto second = Run(first->files());
  ASSERT_TRUE(second->done());
  EXPECT_EQ(TemporaryContent(second->files()[0]), "whole");
  for (const auto& request : Requests(path)) {
    EXPECT_FALSE(request["headers"].contains("x-evil"));
    EXPECT_FALSE(request["headers"].contains("if-range"));
  }
}

TEST_F(HostileAnswersTest, FloodsAreCutOffAndCostNoMemory) {
  Run({File("/plain/10", "warm")});
  const long before = PeakMemoryKiB();
  for (const std::string& path :
       {Flood("X: y\r\n"), Flood("y"), Flood(absl::StrCat("X: ", std::string(500, 'y'), "\r\n")),
        std::string("/interim"), std::string("/statusline"),
        Flood(absl::StrCat("Content-Encoding: gzip\r\n\r\n", std::string(100, '\0')))}) {
    EXPECT_FALSE(Fails(path, Hresult::kInvalidServerResponse).transient) << path;
  }
  EXPECT_LT(PeakMemoryKiB() - before, 16 * 1024);
  EXPECT_GT(before, 0);
}

TEST_F(HostileAnswersTest, AHeadThatDripsHasAsLongAsAServerMayBeSilent) {
  const auto failure = Fails(Drip(kOk, "X: " + std::string(300, 'y')), Hresult::kNoProgress);
  EXPECT_TRUE(failure.transient);
  EXPECT_EQ(failure.error.context, ErrorContext::kGeneralTransport);
  EXPECT_THAT(failure.error.message, HasSubstr("head"));
}

TEST_F(HostileAnswersTest, ABodyThatDripsIsProgressAndHoldsUpNobody) {
  options_.disk_threads = 2;
  Restart();
  const std::string body(40, 'b');
  std::vector<Running> slow;
  for (int i = 0; i < 8; ++i) {
    const std::string path = Drip(absl::StrCat(kOk, "Content-Length: 40\r\n\r\n"), body);
    slow.push_back(Start({File(path, "slow" + std::to_string(i))}));
  }
  EXPECT_TRUE(Run({File("/plain/5000000/fast", "fast")})->done());
  for (const Running& running : slow) EXPECT_FALSE(running.recorder->done());
  for (Running& running : slow) {
    ASSERT_TRUE(running.recorder->WaitForEnd());
    EXPECT_TRUE(running.recorder->done());
    EXPECT_EQ(TemporaryContent(running.recorder->files()[0]), body);
    ASSERT_TRUE(running.Stop());
  }
}

TEST_F(HostileAnswersTest, RetryAfterIsNotFollowedWhateverItSays) {
  for (const char* value :
       {"99999999999999999999", "-1", "soon", "0", "Sat, 01 Nov 9999 10:00:00 GMT"}) {
    const std::string answer =
        absl::StrCat("HTTP/1.1 503 Busy\r\nContent-Length: 0\r\nRetry-After: ", value, "\r\n\r\n");
    EXPECT_TRUE(Fails(Raw({answer}), HttpHresult(503)).transient) << value;
  }
}

TEST_F(HostileAnswersTest, EveryStatusFailsByItsClassWithItsOwnCode) {
  for (int status = 300; status < 600; ++status) {
    if (status % 10 > 7 && status != 408 && status != 308) continue;  // A sample of each class.
    const std::string answer =
        absl::StrCat("HTTP/1.1 ", status, " Odd\r\nContent-Length: 0\r\n\r\n");
    const auto failure = Fails(Raw({answer}), HttpHresult(status));
    const bool fatal = (status >= 300 && status <= 305) || status == 307 ||
                       (status >= 400 && status < 500 && status != 408 && status != 409) ||
                       status == 501 || status == 505;
    EXPECT_EQ(failure.transient, !fatal) << status;
    EXPECT_EQ(failure.error.http_status, status);
    EXPECT_EQ(failure.error.context, ErrorContext::kRemoteFile);
  }
}

}  // namespace
}  // namespace bitsd::tests
