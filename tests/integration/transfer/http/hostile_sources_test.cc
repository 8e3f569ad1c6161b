// Sources that change, validators that lie, redirects to where a job may not go.

#include <gmock/gmock.h>
#include <sys/stat.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "server/transfer/http/response_rules.h"
#include "tests/integration/transfer/http/hostile_fixture.h"

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

  /// Redirects to `path` each time.
  static std::string To(const std::string& path) {
    return "/to?" + absl::StrReplaceAll(server().Url(path), {{"%", "%25"}});
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

TEST_F(HostileSourcesTest, ADateThatIsNotOldEnoughIsNoReasonToJoinTwoVersions) {
  const std::string date = "Sat, 01 Nov 2025 10:00:00 GMT";
  const std::string minute = "Sat, 01 Nov 2025 10:01:00 GMT";
  const std::string young = absl::StrCat("Date: ", date, "\r\n", kDate);
  ExpectAfterCut({Half(young), Whole(young, "0123456789")}, "0123456789", false);
  ExpectAfterCut({Half(young + "ETag: W/\"v1\"\r\n"), Whole(young, "0123456789")}, "0123456789",
                 false);
  const std::string old = absl::StrCat("Date: ", minute, "\r\n", kDate);
  ExpectAfterCut({Half(old), Rest(old, "5-9/10", "56789")}, "old..56789");
}

TEST_F(HostileSourcesTest, AWrongRangeMakesTheFileStartAgainWithoutRanges) {
  const std::string v1 = "ETag: \"v1\"\r\n";
  const std::string whole = Whole(v1, "0123456789");
  for (const std::string& lie :
       {Rest(v1, "6-9/10", "6789"), Rest(v1, "0-3/10", "0123"), Rest(v1, "5-9/5", "56789"),
        Rest(v1, "nonsense", "56789"), Rest(v1, "9-5/10", "56789"),
        Rest("Content-Range: bytes 6-9/10\r\n", "5-9/10", "56789"),
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

TEST_F(HostileSourcesTest, AWrongRangeIsForgottenAtTheNextAttempt) {
  const std::string v1 = "ETag: \"v1\"\r\n";
  const std::string path =
      Raw({Half(v1), Rest(v1, "6-9/10", "6789"), Half(v1), Rest(v1, "5-9/10", "56789")});
  const auto first = Run({File(path, "once")});
  const auto second = Run(first->files());
  ASSERT_TRUE(second->failure());
  EXPECT_FALSE(second->files()[0].progress.not_resumable);
  const auto third = Run(second->files());
  ASSERT_TRUE(third->done());
  EXPECT_EQ(TemporaryContent(third->files()[0]), "old..56789");
  EXPECT_EQ(Requests(path)[3]["headers"]["range"], "bytes=5-");
}

TEST_F(HostileSourcesTest, APartMayBeginAndEndEarlier) {
  const std::string v1 = "ETag: \"v1\"\r\n";
  const auto range = [](const std::string& path, size_t request) {
    return Requests(path)[request]["headers"]["range"].get<std::string>();
  };
  // It begins earlier; it ends earlier; both, again and again.
  ExpectAfterCut({Half(v1), Rest(v1, "3-9/10", "..56789")}, "old..56789");
  const std::vector<std::string> early = {Half(v1), Rest(v1, "5-6/10", "56"),
                                          Rest(v1, "7-9/10", "789")};
  ExpectAfterCut(early, "old..56789");
  EXPECT_EQ(range(Raw(early), 2), "bytes=7-");
  const std::vector<std::string> blocks = {Half(v1), Rest(v1, "4-5/10", ".5"),
                                           Rest(v1, "6-7/10", "67"), Rest(v1, "7-9/10", "789")};
  ExpectAfterCut(blocks, "old..56789");
  EXPECT_EQ(range(Raw(blocks), 3), "bytes=8-");
}

TEST_F(HostileSourcesTest, AllInOnePartIsTheFile) {
  const std::string v1 = "ETag: \"v1\"\r\n";
  const std::string whole = Rest(v1, "0-9/10", "0123456789");
  ExpectAfterCut({Half(v1), whole}, "0123456789");
  const auto plain = Run({File(Raw({whole}), "plain")});
  ASSERT_TRUE(plain->done()) << plain->failure()->error.message;
  EXPECT_EQ(TemporaryContent(plain->files()[0]), "0123456789");
  // A first part that nobody asked for is followed by the others.
  const std::string parts = Raw({Rest(v1, "0-3/10", "0123"), Rest(v1, "4-9/10", "456789")});
  const auto in_parts = Run({File(parts, "parts")});
  ASSERT_TRUE(in_parts->done()) << in_parts->failure()->error.message;
  EXPECT_EQ(TemporaryContent(in_parts->files()[0]), "0123456789");
  EXPECT_EQ(Requests(parts)[1]["headers"]["range"], "bytes=4-");
  EXPECT_EQ(Requests(parts)[1]["headers"]["if-range"], "\"v1\"");
}

TEST_F(HostileSourcesTest, TooManySmallPartsAreAnAttempt) {
  const auto recorder = Run({File("/pieces/1000/1", "small")});
  ASSERT_TRUE(recorder->failure());
  EXPECT_TRUE(recorder->failure()->transient);
  EXPECT_GT(recorder->files()[0].progress.synced, 0u);
  const auto large = Run({File("/pieces/20000000/100000", "large")});
  ASSERT_TRUE(large->done()) << large->failure()->error.message;
  EXPECT_TRUE(TemporaryContent(large->files()[0]) == MisbehavingServer::Content(20'000'000));
}

TEST_F(HostileSourcesTest, WhatOnlyTheRangeProvokesIsNoErrorOfTheFile) {
  const std::string v1 = "ETag: \"v1\"\r\n";
  for (const int status : {304, 400, 403, 404, 412, 500, 501, 502, 505}) {
    const std::string error = absl::StrCat("HTTP/1.1 ", status, " No\r\nContent-Length: 0\r\n\r\n");
    const std::vector<std::string> answers = {Half(v1), error, Whole(v1, "01234567+9")};
    // What is here is of the same version, and stays.
    ExpectAfterCut(answers, "old..567+9");
    EXPECT_FALSE(Requests(Raw(answers))[2]["headers"].contains("range")) << status;
    ExpectAfterCut({Half(v1), error, Whole("", "0123456789")}, "0123456789");
  }
  ExpectAfterCut({Half(v1), "this is no HTTP\r\n\r\n", Whole(v1, "01234567+9")}, "old..567+9");
}

TEST_F(HostileSourcesTest, AnErrorOfTheFileIsOneWithAndWithoutRange) {
  const std::string v1 = "ETag: \"v1\"\r\n";
  const std::string gone = "HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n";
  const std::string path = Raw({Half(v1), gone, gone, Rest(v1, "5-9/10", "56789")});
  const auto first = Run({File(path, "gone")});
  const auto second = Run(first->files());
  ASSERT_TRUE(second->failure());
  EXPECT_EQ(second->failure()->error.hresult, HttpHresult(404));
  EXPECT_EQ(second->files()[0].progress.synced, 5u) << "it may come back";
  EXPECT_TRUE(Run(second->files())->done());
}

TEST_F(HostileSourcesTest, AServerThatIsBusyIsNotAskedAtOnce) {
  const std::string v1 = "ETag: \"v1\"\r\n";
  for (const char* busy : {"HTTP/1.1 429 No\r\nContent-Length: 0\r\n\r\n",
                           "HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n",
                           "HTTP/1.1 500 No\r\nRetry-After: 5\r\nContent-Length: 0\r\n\r\n"}) {
    const std::string path = Raw({Half(v1), busy, Rest(v1, "5-9/10", "56789")});
    const auto first = Run({File(path, "busy")});
    const auto second = Run(first->files());
    ASSERT_TRUE(second->failure()) << busy;
    EXPECT_TRUE(second->failure()->transient);
    EXPECT_THAT(Requests(path), SizeIs(2)) << busy;
    const auto third = Run(second->files());
    ASSERT_TRUE(third->done());
    EXPECT_EQ(TemporaryContent(third->files()[0]), "old..56789");
  }
}

TEST_F(HostileSourcesTest, AnEtagOfEachNodeIsNoChangeOfTheFile) {
  const auto node = [](int number) {
    return absl::StrCat("ETag: \"node", number, "\"\r\n", kDate);
  };
  const std::vector<std::string> dated = {Half(node(1)), Whole(node(2), "0123456789"),
                                          Rest(node(3), "5-9/10", "56789")};
  ExpectAfterCut(dated, "old..56789");
  EXPECT_EQ(Requests(Raw(dated))[2]["headers"]["if-range"], "Sat, 01 Nov 2025 10:00:00 GMT");
  // A server that heeds no If-Range at all.
  ExpectAfterCut({Half(node(1)), Rest(node(2), "5-9/10", "56789")}, "old..56789");
  // One that heeds no dates: the file comes whole, and did not change.
  const std::string path =
      Raw({Half(node(1)), Whole(node(2), "0123456789"), Whole(node(3), "0123456789")});
  const auto last = Run(Run({File(path, "etags")})->files());
  ASSERT_TRUE(last->done());
  EXPECT_EQ(TemporaryContent(last->files()[0]), "0123456789");
  EXPECT_EQ(last->files()[0].progress.restarts, 0u);
}

TEST_F(HostileSourcesTest, AnAnswerThatLooksForeignIsTriedAgainBeforeItIsTaken) {
  const std::string image = "Content-Type: image/png\r\nETag: \"v1\"\r\n";
  const std::string page = Whole("Content-Type: text/html\r\n", "Log in");
  const std::string path = Raw({Half(image), page, page, Rest(image, "5-9/10", "56789")});
  const auto first = Run({File(path, "portal")});
  const auto second = Run(first->files());
  ASSERT_TRUE(second->failure());
  EXPECT_TRUE(second->failure()->transient);
  EXPECT_THAT(second->failure()->error.message, ::testing::HasSubstr("login"));
  EXPECT_EQ(second->files()[0].progress.synced, 5u);
  const auto third = Run(second->files());
  ASSERT_TRUE(third->done());
  EXPECT_EQ(TemporaryContent(third->files()[0]), "old..56789");
  EXPECT_EQ(third->files()[0].progress.restarts, 0u);
  EXPECT_EQ(third->files()[0].progress.doubts, 0u);
}

TEST_F(HostileSourcesTest, APageThatOnlyTheRangeProvokesIsNotTheFile) {
  const std::string image = "Content-Type: image/png\r\nETag: \"v1\"\r\n";
  const std::string page = Whole("Content-Type: text/html\r\nETag: \"page\"\r\n", "No!");
  ExpectAfterCut({Half(image), page, Whole(image, "01234567+9")}, "old..567+9");
}

TEST_F(HostileSourcesTest, ARangeThatBringsNothingAgainAndAgainIsGivenUpForTheWholeFile) {
  const std::string v1 = "ETag: \"v1\"\r\n";
  const std::string cut = Rest(v1, "5-9/10", "56789");
  for (const std::string& nothing :
       {std::string(), std::string("HTTP/1.1 20"), cut.substr(0, cut.size() - 5),
        std::string("HTTP/1.1 503 No\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n")}) {
    const std::string path = Raw({Half(v1), nothing, nothing, nothing, Whole(v1, "01234567+9")});
    auto files = Run({File(path, "barren")})->files();
    for (uint8_t i = 1; i < kMaxFruitless; ++i) {
      const auto barren = Run(files);
      ASSERT_TRUE(barren->failure() && barren->failure()->transient) << nothing;
      files = barren->files();
      EXPECT_EQ(files[0].progress.fruitless, i) << nothing;
      EXPECT_EQ(files[0].progress.synced, 5u) << nothing;
    }
    const auto last = Run(files);
    ASSERT_TRUE(last->done()) << nothing;
    EXPECT_EQ(TemporaryContent(last->files()[0]), "old..567+9") << "what was here stays";
    EXPECT_EQ(last->files()[0].progress.fruitless, 0u);
    EXPECT_FALSE(Requests(path).back()["headers"].contains("range"));
  }
}

TEST_F(HostileSourcesTest, ARangeThatBringsSomethingIsAskedForAsOftenAsItTakes) {
  const std::string v1 = "ETag: \"v1\"\r\n";
  const std::string two = absl::StrCat(
      "HTTP/1.1 206 Partial Content\r\nContent-Length: 5\r\nContent-Range: bytes 5-9/10\r\n", v1,
      "\r\n56");
  const std::string path = Raw({Half(v1), "", "", two, "", "", Rest(v1, "7-9/10", "789")});
  auto files = Run({File(path, "bits")})->files();
  for (int i = 0; i < 6; ++i) files = Run(files)->files();
  EXPECT_EQ(TemporaryContent(files[0]), "old..56789");
  for (size_t i = 1; i < Requests(path).size(); ++i) {
    EXPECT_TRUE(Requests(path)[i]["headers"].contains("range")) << i;
  }
}

TEST_F(HostileSourcesTest, AChallengeThatOnlyTheRangeProvokesIsNone) {
  const std::string v1 = "ETag: \"v1\"\r\n";
  const std::string who =
      "HTTP/1.1 401 Who\r\nWWW-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n";
  ExpectAfterCut({Half(v1), who, Whole(v1, "01234567+9")}, "old..567+9");
}

TEST_F(HostileSourcesTest, AFileThatBecameAnotherIsTakenInTheEndAndMarked) {
  const std::string image = "Content-Type: image/png\r\nETag: \"v1\"\r\n";
  auto files =
      Run({File(Raw({Half(image), Whole("Content-Type: text/html\r\n", "a page")}), "became")})
          ->files();
  for (uint32_t i = 1; i <= kMaxDoubts; ++i) {
    const auto doubtful = Run(files);
    ASSERT_TRUE(doubtful->failure() && doubtful->failure()->transient) << i;
    files = doubtful->files();
    EXPECT_EQ(files[0].progress.doubts, i);
    EXPECT_EQ(files[0].progress.synced, 5u);
  }
  const auto last = Run(files);
  ASSERT_TRUE(last->done());
  EXPECT_EQ(TemporaryContent(last->files()[0]), "a page");
  EXPECT_EQ(last->files()[0].progress.restarts, 1u);
  EXPECT_EQ(last->files()[0].progress.replaced_size, 10u);
}

TEST_F(HostileSourcesTest, AnyFormOfADateIsTheTimeOfTheFile) {
  for (const char* date : {"Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT",
                           "Sun Nov  6 08:49:37 1994"}) {
    const std::string field = absl::StrCat("Last-Modified: ", date, "\r\n");
    const std::string path = Raw({Half(field), Rest(field, "5-9/10", "56789")});
    const auto first = Run({File(path, "dated")});
    const auto second = Run(first->files());
    ASSERT_TRUE(second->done()) << date;
    EXPECT_EQ(Requests(path)[1]["headers"]["if-range"], date);
    ASSERT_TRUE(Complete(second->files()).second.ok());
    struct stat info {};
    ASSERT_EQ(stat(second->files()[0].local_name.c_str(), &info), 0);
    EXPECT_EQ(info.st_mtim.tv_sec, 784111777) << date;
  }
}

TEST_F(HostileSourcesTest, WhatIsNotExactlyADateIsNeverSentBack) {
  for (const char* date : {"Sun, 06 Nov 1994 08:49:37\rGMT", "Sun, 06 Nov 1994\v08:49:37 GMT",
                           "infinite-future", "Sun, 6 Nov 1994 08:49:37 GMT"}) {
    const std::string field = absl::StrCat("Last-Modified: ", date, "\r\n");
    ExpectAfterCut({Half(field), Whole(field, "0123456789")}, "0123456789", false);
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
  EXPECT_TRUE(TemporaryContent(second->files()[0]) == MisbehavingServer::Content(2000));
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

TEST_F(HostileSourcesTest, ARedirectTargetThatIsGoodOnceIsAskedForAnew) {
  const std::string v1 = "ETag: \"v1\"\r\n";
  const std::string one = Rest(v1, "0-4/10", "01234");
  const std::string two = Rest(v1, "5-9/10", "56789");
  for (const int status : {400, 401, 403, 404, 410}) {
    const std::string expired =
        absl::StrCat("HTTP/1.1 ", status, " No\r\nContent-Length: 0\r\n\r\n");
    // The file comes in parts, and each signed URL gives one.
    const std::string path = To(Raw({one, expired, two}));
    const auto parts = Run({File(path, "signed")});
    ASSERT_TRUE(parts->done()) << parts->failure()->error.message;
    EXPECT_EQ(TemporaryContent(parts->files()[0]), "0123456789");
    EXPECT_THAT(Requests(path), SizeIs(2));
    const auto gone = Run({File(To(Raw({one, expired})), "gone")});
    ASSERT_TRUE(gone->failure()) << status;
    EXPECT_EQ(gone->failure()->error.http_status, status);
  }
}

TEST_F(HostileSourcesTest, RelativeRedirectsAreFollowed) {
  for (const char* target : {"/plain/70", "plain/70", "./x/../plain/70", "/plain/70#top",
                             "\\plain\\70", ".\\x\\..\\plain/70"}) {
    const std::string answer =
        absl::StrCat("HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: ", target, "\r\n\r\n");
    const auto recorder = Run({File(Raw({answer}), "relative")});
    ASSERT_TRUE(recorder->done()) << target;
    EXPECT_TRUE(TemporaryContent(recorder->files()[0]) == MisbehavingServer::Content(70)) << target;
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
