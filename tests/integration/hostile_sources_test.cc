// Sources that change, validators that lie, redirects to where a job may not go.

#include <gmock/gmock.h>

#include "absl/strings/str_cat.h"
#include "server/transfer/http/response_rules.h"
#include "tests/integration/hostile_fixture.h"

namespace bitsd::tests {
namespace {

using ::testing::AnyOf;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr const char* kDate = "Last-Modified: Sat, 01 Nov 2025 10:00:00 GMT\r\n";
constexpr const char* kLater = "Last-Modified: Sun, 02 Nov 2025 10:00:00 GMT\r\n";

class HostileSourcesTest : public HostileTest {
 protected:
  /// Ten bytes announced, five sent.
  static std::string Half(const std::string& validators) {
    return absl::StrCat("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n", validators, "\r\nold..");
  }
  static std::string Rest(const std::string& validators, const std::string& range,
                          const std::string& body) {
    return absl::StrCat("HTTP/1.1 206 Partial Content\r\nContent-Range: bytes ", range,
                        "\r\nContent-Length: ", body.size(), "\r\n", validators, "\r\n", body);
  }
  static std::string Whole(const std::string& validators, const std::string& body) {
    return absl::StrCat("HTTP/1.1 200 OK\r\nContent-Length: ", body.size(), "\r\n", validators,
                        "\r\n", body);
  }

  /// The first answer breaks off; afterwards the file must be whole, with this content.
  void ExpectAfterCut(const std::vector<std::string>& answers, const std::string& content,
                      bool asks_for_a_range = true) {
    const std::string path = Raw(answers);
    const auto first = Run({File(path, "cut")});
    ASSERT_TRUE(first->failure());
    EXPECT_TRUE(first->failure()->transient);
    const auto second = Run(first->files());
    ASSERT_TRUE(second->done()) << second->failure()->error.message;
    EXPECT_EQ(TemporaryContent(second->files()[0]), content) << path;
    EXPECT_EQ(second->files()[0].progress.size, content.size());
    EXPECT_EQ(Requests(path)[1]["headers"].contains("range"), asks_for_a_range);
  }
};

TEST_F(HostileSourcesTest, AChangedValidatorOrSizeMakesTheFileStartAgain) {
  const std::string v1 = "ETag: \"v1\"\r\n";
  const std::string v2 = "ETag: \"v2\"\r\n";
  const std::string fresh = Whole(v2, "new content");
  // The server heeds If-Range; it does not; only the size tells; only the date tells; both.
  ExpectAfterCut({Half(v1), fresh}, "new content");
  ExpectAfterCut({Half(v1), Rest(v2, "5-9/10", "WRONG"), fresh}, "new content");
  ExpectAfterCut({Half(v1), Rest(v1, "5-10/11", "WRONG!"), fresh}, "new content");
  ExpectAfterCut({Half(kDate), Rest(kLater, "5-9/10", "WRONG"), fresh}, "new content");
  ExpectAfterCut({Half(v1), Rest(v2 + kLater, "5-10/11", "WRONG!"), fresh}, "new content");
}

TEST_F(HostileSourcesTest, AnUnchangedSourceGoesOn) {
  const std::string v1 = "ETag: \"v1\"\r\n";
  ExpectAfterCut({Half(v1), Rest(v1, "5-9/10", "56789")}, "old..56789");
  ExpectAfterCut({Half(v1), Rest(v1, "5-9/*", "56789")}, "old..56789");
  ExpectAfterCut({Half(v1 + kDate), Rest("", "5-9/10", "56789")}, "old..56789");
}

TEST_F(HostileSourcesTest, AWeakEtagIsNoReasonToJoinTwoVersions) {
  ExpectAfterCut({Half("ETag: W/\"v1\"\r\n"), Whole("ETag: W/\"v1\"\r\n", "0123456789")},
                 "0123456789", /*asks_for_a_range=*/false);
}

TEST_F(HostileSourcesTest, ARangeThatIsNotTheOneAskedForMakesTheFileStartAgainWithoutRanges) {
  const std::string v1 = "ETag: \"v1\"\r\n";
  const std::string whole = Whole(v1, "0123456789");
  for (const std::string& lie :
       {Rest(v1, "0-9/10", "0123456789"), Rest(v1, "6-9/10", "6789"), Rest(v1, "5-8/10", "5678"),
        Rest(v1, "5-9/5", "56789"), Rest(v1, "nonsense", "56789"), Rest(v1, "9-5/10", "56789"),
        absl::StrCat("HTTP/1.1 206 Partial Content\r\nContent-Length: 5\r\n", v1, "\r\n56789"),
        absl::StrCat("HTTP/1.1 206 Partial Content\r\n"
                     "Content-Type: multipart/byteranges; boundary=x\r\n",
                     v1,
                     "Content-Length: 60\r\n\r\n--x\r\nContent-Range: bytes 5-9/10\r\n\r\n56789"
                     "\r\n--x--\r\n"),
        absl::StrCat("HTTP/1.1 416 No\r\nContent-Length: 0\r\n", v1, "\r\n")}) {
    const std::string path = Raw({Half(v1), lie, whole});
    ExpectAfterCut({Half(v1), lie, whole}, "0123456789");
    const auto requests = Requests(path);
    ASSERT_THAT(requests, SizeIs(3)) << lie;
    EXPECT_FALSE(requests[2]["headers"].contains("range")) << lie;
  }
}

TEST_F(HostileSourcesTest, A200ToARangeIsTheWholeFile) {
  const std::string v1 = "ETag: \"v1\"\r\n";
  ExpectAfterCut({Half(v1), Whole(v1, "0123456789")}, "0123456789");
}

TEST_F(HostileSourcesTest, ASourceThatChangesForEverIsAnErrorInTheEnd) {
  auto files = std::vector<FileRecord>{File("/restless/1000/r", "restless")};
  std::optional<TransferFailure> failure;
  uint32_t attempts = 0;
  do {
    const auto recorder = Run(files);
    files = recorder->files();
    failure = recorder->failure();
    ASSERT_TRUE(failure.has_value());
    ++attempts;
  } while (failure->transient && attempts < 3 * kMaxRestarts);
  EXPECT_EQ(failure->error.hresult, Hresult::kRemoteFileChanged);
  EXPECT_EQ(failure->error.context, ErrorContext::kRemoteFile);
  EXPECT_EQ(attempts, kMaxRestarts + 2);
  EXPECT_EQ(files[0].progress.restarts, 0u) << "Resume begins anew";
  EXPECT_EQ(files[0].progress.synced, 0u);
}

TEST_F(HostileSourcesTest, ARedirectThatLeadsElsewhereAfterACutJoinsNothing) {
  const std::string a = absl::StrCat("HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: ",
                                     server().Url("/early/1000/a"), "\r\n\r\n");
  const std::string b = absl::StrCat("HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: ",
                                     server().Url("/plain/2000/b"), "\r\n\r\n");
  const auto first = Run({File(Raw({a, b}), "moved")});
  ASSERT_TRUE(first->failure());
  const auto second = Run(first->files());
  ASSERT_TRUE(second->done());
  EXPECT_TRUE(TemporaryContent(second->files()[0]) == OddServer::Content(2000));
}

TEST_F(HostileSourcesTest, RedirectsToWhatNoJobMayHaveAreRefused) {
  for (const std::string& target :
       {std::string("file:///etc/passwd"), std::string("ftp://127.0.0.1/x"),
        std::string("gopher://127.0.0.1:70/x"), std::string("javascript:1"),
        std::string("http://user:password@127.0.0.1:") + std::to_string(server().port()) + "/x",
        server().Url("/") + std::string(3000, 'x'), std::string("http://127.0.0.1:0/"),
        std::string("http://exa mple/"), std::string("//user@[::1]/x")}) {
    const std::string answer =
        absl::StrCat("HTTP/1.1 301 Moved\r\nContent-Length: 0\r\nLocation: ", target, "\r\n\r\n");
    const auto recorder = Run({File(target.size() > 500 ? "/far" : Raw({answer}), "x")});
    ASSERT_TRUE(recorder->failure()) << target;
    EXPECT_FALSE(recorder->failure()->transient) << target;
    EXPECT_EQ(recorder->failure()->error.context, ErrorContext::kRemoteFile) << target;
    EXPECT_THAT(recorder->failure()->error.hresult,
                AnyOf(Hresult::kAccessDenied, Hresult::kInvalidServerResponse))
        << target;
  }
}

TEST_F(HostileSourcesTest, RelativeRedirectsAreFollowed) {
  for (const char* target : {"/plain/70", "plain/70", "./x/../plain/70", "/plain/70#top"}) {
    const std::string answer =
        absl::StrCat("HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: ", target, "\r\n\r\n");
    const auto recorder = Run({File(Raw({answer}), "relative")});
    ASSERT_TRUE(recorder->done()) << target;
    EXPECT_TRUE(TemporaryContent(recorder->files()[0]) == OddServer::Content(70)) << target;
  }
}

TEST_F(HostileSourcesTest, MappedAndOddSpellingsOfDeniedAddressesAreRefused) {
  const std::string port = std::to_string(server().port());
  for (const char* host : {"[::ffff:127.0.0.2]", "[::127.0.0.1]", "[64:ff9b::7f00:1]", "0x7f000002",
                           "2130706434", "0177.0.0.2", "[::1]", "0.0.0.0", "[2002:7f00:1::]"}) {
    const auto failure =
        Fails(absl::StrCat("/to?http://", host, ":", port, "/x"), Hresult::kAccessDenied);
    EXPECT_EQ(failure.error.rule, "address_denied") << host;
  }
}

}  // namespace
}  // namespace bitsd::tests
