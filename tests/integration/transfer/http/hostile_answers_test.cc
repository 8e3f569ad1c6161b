// A server that lies, floods, drips or breaks off: what the job is told, and that memory stays
// bounded.

#include <gmock/gmock.h>

#include <fstream>
#include <set>

#include "absl/strings/str_cat.h"
#include "tests/integration/transfer/http/hostile_fixture.h"
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
      {absl::StrCat(kOk, "Content-Length: 5, 6\r\n\r\nhello"), invalid, false},
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
      {"HTTP/1.1 999 Odd\r\n\r\n", invalid, true},
      {"HTTP/1.1 205 Reset Content\r\n\r\n", invalid, false},
      {"HTTP/1.1 101 Switching Protocols\r\n\r\n", invalid, false},
      {"HTTP/1.1 200 OK\r\n folded: from nothing\r\nContent-Length: 5\r\n\r\nhello", invalid,
       false},
      {absl::StrCat(kOk, "Content-Length: 5\r\nX: a", std::string(1, '\0'), "b\r\n\r\nhello"),
       invalid, false},
  });
}

TEST_F(HostileAnswersTest, AStatusThatIsNotThreeDigitsIsNone) {
  for (const char* line : {"HTTP/2 -99 x", "HTTP/2 2000 x", "HTTP/1.1 2000 x", "HTTP/1.1 20 x",
                           "HTTP/1.1 200x OK", "HTTP/1.1 099 x"}) {
    const auto failure = Fails(Raw({absl::StrCat(line, "\r\nContent-Length: 5\r\n\r\nhello")}),
                               Hresult::kInvalidServerResponse);
    EXPECT_FALSE(failure.transient) << line;
    EXPECT_EQ(failure.error.http_status, 0) << line;
  }
}

TEST_F(HostileAnswersTest, ACodingOfTheTransferNobodyAskedForIsRefusedUnread) {
  const Hresult invalid = Hresult::kInvalidServerResponse;
  ExpectFailures({
      {absl::StrCat(kOk, "Transfer-Encoding: gzip\r\n\r\nhello"), invalid, false},
      {absl::StrCat(kOk, "Transfer-Encoding: gzip, chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"),
       invalid, false},
      {absl::StrCat(kOk, "Transfer-Encoding:\r\n chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"), invalid,
       false},
  });
}

TEST_F(HostileAnswersTest, ALabelOfTheFileIsNoCodingOfTheTransfer) {
  for (const char* label : {"gzip", "x-gzip", "identity, br", "nonsense"}) {
    const std::string path =
        Raw({absl::StrCat(kOk, "ETag: \"v1\"\r\nContent-Encoding: ", label,
                          "\r\nContent-Length: 5\r\n\r\nhe"),
             absl::StrCat("HTTP/1.1 206 Part\r\nContent-Range: bytes 2-4/5\r\nETag: \"v1\"\r\n"
                          "Content-Encoding: ",
                          label, "\r\nContent-Length: 3\r\n\r\nllo")});
    const auto first = Run({File(path, "label")});
    ASSERT_TRUE(first->failure()) << label;
    const auto second = Run(first->files());
    ASSERT_TRUE(second->done()) << second->failure()->error.message;
    EXPECT_EQ(TemporaryContent(second->files()[0]), "hello");
    EXPECT_EQ(second->files()[0].progress.version.content_encoding, label);
    EXPECT_TRUE(Requests(path)[1]["headers"].contains("range")) << label;
  }
}

TEST_F(HostileAnswersTest, HintsInDoubtAreDropped) {
  for (const char* hints :
       {"ETag: \"a\"\r\nETag: W/\"a\"\r\n", "ETag: a\r\nETag: b\r\n",
        "Last-Modified: Sat, 01 Nov 2025 10:00:00 GMT\r\nLast-Modified: yesterday\r\n",
        "Accept-Ranges: bytes\r\nAccept-Ranges: none\r\n", "Date: now\r\nDate: then\r\n",
        "Content-Type: a\r\nContent-Type: b\r\n", "Retry-After: 1\r\nRetry-After: 2\r\n",
        "Location: /a\r\nLocation: /b\r\n", "Content-Range: bytes 0-1/2\r\n"}) {
    const auto recorder =
        Run({File(Raw({absl::StrCat(kOk, hints, "Content-Length: 5\r\n\r\nhello")}), "hints")});
    ASSERT_TRUE(recorder->done()) << hints << recorder->failure()->error.message;
    EXPECT_EQ(TemporaryContent(recorder->files()[0]), "hello") << hints;
    EXPECT_TRUE(recorder->files()[0].progress.not_resumable) << hints;
  }
}

TEST_F(HostileAnswersTest, AFieldThatMustBeRightIsNamedWhenItIsNot) {
  const std::pair<std::string, const char*> cases[] = {
      {absl::StrCat(kOk, "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello"), "Content-Length"},
      {absl::StrCat(kOk, "Transfer-Encoding: gzip\r\n\r\nhello"), "Transfer-Encoding"},
      {"HTTP/1.1 206 Part\r\nContent-Range: bytes x\r\nContent-Length: 5\r\n\r\nhello",
       "Content-Range"},
      {"HTTP/1.1 302 Found\r\nLocation: /a\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n",
       "Location"},
  };
  for (const auto& [answer, field] : cases) {
    const auto failure = Fails(Raw({answer}), Hresult::kInvalidServerResponse);
    EXPECT_THAT(failure.error.message, HasSubstr(field));
  }
}

TEST_F(HostileAnswersTest, AFoldedLineIsTextOfTheFieldBefore) {
  for (const char* folded :
       {"X-Scan: clean,\r\n Content-Length: 99\r\n", "X-Scan: a\r\n \r\n\t\r\n",
        "ETag: \"a\"\r\n\tTransfer-Encoding: gzip\r\n"}) {
    const auto recorder =
        Run({File(Raw({absl::StrCat(kOk, folded, "Content-Length: 5\r\n\r\nhello")}), "folded")});
    ASSERT_TRUE(recorder->done()) << folded << recorder->failure()->error.message;
    EXPECT_EQ(TemporaryContent(recorder->files()[0]), "hello") << folded;
    EXPECT_EQ(recorder->files()[0].progress.size, 5u);
  }
}

TEST_F(HostileAnswersTest, IdentityIsNoCodingOfTheTransfer) {
  const std::string head =
      absl::StrCat(kOk, "Transfer-Encoding: identity\r\nContent-Length: 5\r\n\r\n");
  // The connection stays open: the length alone says where the file ends.
  for (const std::string& path :
       {Raw({head + "hello"}), Kept(head + "hello"), Kept(head + "helloEVIL")}) {
    const auto recorder = Run({File(path, "identity")});
    ASSERT_TRUE(recorder->done()) << path << recorder->failure()->error.message;
    EXPECT_EQ(TemporaryContent(recorder->files()[0]), "hello") << path;
  }
  const auto empty =
      Run({File(Kept(absl::StrCat(kOk, "Transfer-Encoding: identity\r\nContent-Length: 0\r\n\r\n")),
                "none")});
  ASSERT_TRUE(empty->done());
  EXPECT_EQ(empty->files()[0].progress.size, 0u);
}

TEST_F(HostileAnswersTest, EveryStatusThatComesWithTheFileIsSuccess) {
  for (const int status : {200, 201, 203, 218, 226, 299}) {
    const auto recorder = Run(
        {File(Raw({absl::StrCat("HTTP/1.1 ", status, " Fine\r\nContent-Length: 5\r\n\r\nhello")}),
              "2xx")});
    ASSERT_TRUE(recorder->done()) << status;
    EXPECT_EQ(TemporaryContent(recorder->files()[0]), "hello") << status;
  }
  for (const int status : {204, 205, 207, 208}) {
    const std::string answer =
        absl::StrCat("HTTP/1.1 ", status, " Odd\r\nContent-Length: 5\r\n\r\nhello");
    EXPECT_FALSE(Fails(Raw({answer}), Hresult::kInvalidServerResponse).transient) << status;
  }
  const auto later =
      Fails(Raw({"HTTP/1.1 202 Accepted\r\nContent-Length: 5\r\n\r\nhello"}), HttpHresult(202));
  EXPECT_TRUE(later.transient);
}

TEST_F(HostileAnswersTest, AProxyThatRedirectsATunnelWantsALogin) {
  NetworkSettings settings;
  settings.proxy_usage = ProxyUsage::kOverride;
  settings.proxy_list = absl::StrCat("127.0.0.1:", server().port());
  network_.http.settings = std::make_shared<const NetworkSettings>(settings);
  options_.network.behind_proxies.every = true;
  Restart();
  for (const int status : {301, 302, 303, 307, 308, 511}) {
    const auto failure = Fails(absl::StrCat("https://", status, ".example/f"), HttpHresult(status));
    EXPECT_TRUE(failure.transient) << status;
    EXPECT_EQ(failure.error.http_status, status);
  }
  EXPECT_FALSE(Fails("https://403.example/f", HttpHresult(403)).transient);
}

TEST_F(HostileAnswersTest, WhatFollowsTheSaidLengthIsNoPartOfTheFileNorOfTheNext) {
  const std::string more =
      absl::StrCat(kOk, "Content-Length: 5\r\n\r\nhelloEVIL", kOk, "Content-Length: 4\r\n\r\nevil");
  const auto recorder = Run({File(Kept(more), "long"), File("/plain/1000/after", "after")});
  ASSERT_TRUE(recorder->done());
  EXPECT_EQ(TemporaryContent(recorder->files()[0]), "hello");
  EXPECT_TRUE(TemporaryContent(recorder->files()[1]) == MisbehavingServer::Content(1000));
}

TEST_F(HostileAnswersTest, TheSameLengthTwiceOrBesideChunkedIsTaken) {
  for (const std::string& answer :
       {absl::StrCat(kOk, "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello"),
        absl::StrCat(kOk, "Content-Length: 5, 5\r\n\r\nhello"),
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
        Flood(absl::StrCat("Transfer-Encoding: gzip\r\n\r\n", std::string(100, '\0')))}) {
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

TEST_F(HostileAnswersTest, RetryAfterIsPassedOnWithinItsBounds) {
  const std::pair<const char*, std::optional<absl::Duration>> cases[] = {
      {"0", absl::ZeroDuration()},
      {"3600", absl::Hours(1)},
      {"99999999999999999999", absl::Hours(24)},
      {"Sat, 01 Nov 9999 10:00:00 GMT", absl::Hours(24)},
      {"Saturday, 01-Nov-25 10:00:00 GMT", absl::ZeroDuration()},
      {"-1", std::nullopt},
      {"soon", std::nullopt},
  };
  for (const int status : {403, 429, 503}) {
    for (const auto& [value, wait] : cases) {
      const auto failure = Fails(
          Raw({absl::StrCat("HTTP/1.1 ", status,
                            " Busy\r\nContent-Length: 0\r\nRetry-After: ", value, "\r\n\r\n")}),
          HttpHresult(status));
      EXPECT_EQ(failure.transient, status != 403 || wait.has_value()) << status << " " << value;
      EXPECT_EQ(failure.retry_after, wait) << status << " " << value;
    }
  }
}

TEST_F(HostileAnswersTest, EveryStatusFailsByItsClassWithItsOwnCode) {
  const std::set<int> kTransient4xx = {408, 409, 421, 423, 425, 429};
  for (int status = 300; status < 600; ++status) {
    if (status % 10 > 7 && status != 308 && kTransient4xx.count(status) == 0) {
      continue;  // A sample of each class.
    }
    const std::string answer =
        absl::StrCat("HTTP/1.1 ", status, " Odd\r\nContent-Length: 0\r\n\r\n");
    const auto failure = Fails(Raw({answer}), HttpHresult(status));
    const bool fatal = (status >= 300 && status <= 305) || status == 307 ||
                       (status >= 400 && status < 500 && kTransient4xx.count(status) == 0) ||
                       status == 501 || status == 505;
    EXPECT_EQ(failure.transient, !fatal) << status;
    EXPECT_EQ(failure.error.http_status, status);
    EXPECT_EQ(failure.error.context, ErrorContext::kRemoteFile);
  }
}

}  // namespace
}  // namespace bitsd::tests
