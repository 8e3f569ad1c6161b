// Downloads from a server that does everything a server may do, and much it may not.

#include <fcntl.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include <future>
#include <random>

#include "absl/strings/str_cat.h"
#include "server/error/errors.h"
#include "tests/integration/transfer/transfer_fixture.h"
#include "tests/testing/wait.h"

namespace bitsd::tests {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

class HttpDownloadTest : public TransferTest {
 protected:
  /// The first attempt is cut off; the second must end well.
  std::vector<FileRecord> RetryAfterCut(const std::string& path, size_t size) {
    const auto first = Run({File(path, "cut")});
    EXPECT_TRUE(first->failure() && first->failure()->transient);
    EXPECT_EQ(first->failure()->error.hresult, Hresult::kConnectionClosed);
    cut_ = first->files()[0].progress;
    const auto second = Run(first->files());
    EXPECT_TRUE(second->done()) << second->failure()->error.message;
    EXPECT_EQ(second->files()[0].progress.size, size);
    return second->files();
  }

  FileProgress cut_;
};

TEST_F(HttpDownloadTest, AWholeFileArrivesInATemporaryFileOnly) {
  constexpr size_t kSize = 3'000'001;
  const auto recorder = Run({File("/plain/3000001/one?secret=1", "one")});
  ASSERT_TRUE(recorder->done());
  const FileRecord file = recorder->files()[0];
  EXPECT_TRUE(file.progress.transferred);
  EXPECT_EQ(file.progress.size, kSize);
  EXPECT_EQ(file.progress.synced, kSize);
  EXPECT_EQ(file.progress.version.tag, "\"v1\"");
  EXPECT_FALSE(file.progress.not_resumable);
  EXPECT_THAT(file.progress.temporary->path,
              ::testing::MatchesRegex(folder_.path() + "/\\.BIT[0-9a-f]+\\.tmp"));
  EXPECT_TRUE(TemporaryContent(file) == MisbehavingServer::Content(kSize));
  EXPECT_EQ(ReadFile(file.local_name), "");
  EXPECT_THAT(recorder->phases(), ElementsAre(false, true));
}

TEST_F(HttpDownloadTest, EveryOpeningIsAuditedAndNoQueryIs) {
  Run({File("/plain/10/audited?secret=1", "one")});
  EXPECT_THAT(audit_.Lines("temporary_created"),
              ElementsAre(::testing::AllOf(HasSubstr("result=OK"), HasSubstr("role=owner"),
                                           HasSubstr("acting_sid=" + who_.sid.ToString()))));
  EXPECT_THAT(audit_.Lines("request_sent"),
              ElementsAre(::testing::AllOf(HasSubstr("/plain/10/audited"), Not(HasSubstr("secret")),
                                           HasSubstr("address=127.0.0.1:"))));
}

TEST_F(HttpDownloadTest, TheRequestSaysNothingItNeedNotSay) {
  setenv("http_proxy", "http://127.0.0.1:1", 1);
  const auto recorder = Run({File("/plain/10/headers", "one")});
  unsetenv("http_proxy");
  ASSERT_TRUE(recorder->done());
  const auto requests = Requests("/plain/10/headers");
  ASSERT_THAT(requests, SizeIs(1));
  const auto& headers = requests[0]["headers"];
  EXPECT_EQ(headers["accept-encoding"], "identity");
  EXPECT_THAT(headers["user-agent"].get<std::string>(), ::testing::StartsWith("bitsd/"));
  EXPECT_FALSE(headers.contains("range"));
  EXPECT_FALSE(headers.contains("authorization"));
  EXPECT_FALSE(headers.contains("cookie"));
}

TEST_F(HttpDownloadTest, ManyFilesComeInOrderOverOneConnection) {
  std::vector<FileRecord> files;
  for (int i = 0; i < 100; ++i) {
    files.push_back(File("/plain/" + std::to_string(i * 37) + "/many", std::to_string(i)));
  }
  const auto recorder = Run(files);
  ASSERT_TRUE(recorder->done());
  for (int i = 0; i < 100; ++i) {
    const FileRecord file = recorder->files()[i];
    EXPECT_TRUE(file.progress.transferred);
    EXPECT_TRUE(TemporaryContent(file) == MisbehavingServer::Content(static_cast<size_t>(i) * 37))
        << i;
  }
  EXPECT_EQ(Requests("/plain/37/many")[0]["port"], Requests("/plain/3663/many")[0]["port"]);
}

TEST_F(HttpDownloadTest, ACutDownloadGoesOnWithARange) {
  const auto files = RetryAfterCut("/early/3000000/resume", 3'000'000);
  EXPECT_TRUE(TemporaryContent(files[0]) == MisbehavingServer::Content(3'000'000));
  EXPECT_EQ(cut_.synced, 1'500'000u);
  EXPECT_EQ(files[0].progress.temporary, cut_.temporary);
  const auto requests = Requests("/early/3000000/resume");
  ASSERT_THAT(requests, SizeIs(2));
  EXPECT_EQ(requests[1]["headers"]["range"], "bytes=1500000-");
  EXPECT_EQ(requests[1]["headers"]["if-range"], "\"v1\"");
}

TEST_F(HttpDownloadTest, AStoppedDownloadGoesOnWithARange) {
  options_.sync_interval = 256 * 1024;
  Restart();
  Running running = Start({File("/slow/8000000/stop", "stop")});
  ASSERT_TRUE(running.recorder->WaitForSynced(500'000));
  ASSERT_TRUE(running.Stop());
  const auto files = running.recorder->files();
  EXPECT_FALSE(running.recorder->done());
  EXPECT_EQ(files[0].progress.synced, running.live->bytes);
  const auto resumed = Start(files);
  // Live progress begins where the record ends.
  EXPECT_GE(resumed.live->bytes, files[0].progress.synced);
  ASSERT_TRUE(resumed.recorder->WaitForEnd());
  ASSERT_TRUE(resumed.recorder->done());
  EXPECT_TRUE(TemporaryContent(resumed.recorder->files()[0]) ==
              MisbehavingServer::Content(8'000'000));
  const auto requests = Requests("/slow/8000000/stop");
  ASSERT_THAT(requests, SizeIs(2));
  EXPECT_EQ(requests[1]["headers"]["range"],
            "bytes=" + std::to_string(files[0].progress.synced) + "-");
}

TEST_F(HttpDownloadTest, AChangedSourceRestartsTheFile) {
  const auto files = RetryAfterCut("/changed/2000000/x", 2'000'000);
  EXPECT_TRUE(TemporaryContent(files[0]) == MisbehavingServer::Content(2'000'000, 2));
  EXPECT_EQ(files[0].progress.version.tag, "\"v2\"");
}

TEST_F(HttpDownloadTest, WithoutRangesTheWholeFileIsTakenAgain) {
  const auto files = RetryAfterCut("/noranges/2000000/x", 2'000'000);
  EXPECT_TRUE(cut_.not_resumable);
  EXPECT_TRUE(TemporaryContent(files[0]) == MisbehavingServer::Content(2'000'000));
  EXPECT_FALSE(Requests("/noranges/2000000/x")[1]["headers"].contains("range"));
}

TEST_F(HttpDownloadTest, AnUnknownSizeIsKnownAtTheEnd) {
  for (const char* path : {"/nolength/700000", "/chunked/700000"}) {
    const auto recorder = Run({File(path, "unknown")});
    ASSERT_TRUE(recorder->done()) << path;
    EXPECT_EQ(recorder->files()[0].progress.size, 700'000u);
    EXPECT_TRUE(recorder->files()[0].progress.not_resumable);
    EXPECT_TRUE(TemporaryContent(recorder->files()[0]) == MisbehavingServer::Content(700'000));
  }
}

TEST_F(HttpDownloadTest, AFileThatIsWholeAlreadyIsNotTakenAgain) {
  auto files = Run({File("/plain/5000/whole", "whole")})->files();
  files[0].progress.transferred = false;  // Killed between the last sync and its record.
  const auto again = Run(files);
  EXPECT_TRUE(again->done());
  EXPECT_TRUE(again->files()[0].progress.transferred);
  EXPECT_TRUE(TemporaryContent(again->files()[0]) == MisbehavingServer::Content(5000));
}

TEST_F(HttpDownloadTest, AReplacedTemporaryFileIsAbandonedForANewOne) {
  auto files = Run({File("/early/100000/replaced", "replaced")})->files();
  const TemporaryFile old = *files[0].progress.temporary;
  // Another file takes the name while the old one still has its inode.
  const UniqueFd held(open(old.path.c_str(), O_RDONLY | O_CLOEXEC));
  ASSERT_EQ(unlink(old.path.c_str()), 0);
  WriteFile(old.path, "somebody else's");
  const auto recorder = Run(files);
  ASSERT_TRUE(recorder->done());
  EXPECT_THAT(recorder->abandoned(), ElementsAre(old));
  EXPECT_TRUE(TemporaryContent(recorder->files()[0]) == MisbehavingServer::Content(100'000));
  EXPECT_EQ(ReadFile(old.path), "somebody else's");
}

TEST_F(HttpDownloadTest, ATemporaryFileShorterThanItsRecordStartsAnew) {
  auto files = Run({File("/early/100000/short", "short")})->files();
  ASSERT_EQ(truncate(files[0].progress.temporary->path.c_str(), 10), 0);
  const auto recorder = Run(files);
  ASSERT_TRUE(recorder->done());
  EXPECT_TRUE(TemporaryContent(recorder->files()[0]) == MisbehavingServer::Content(100'000));
}

TEST_F(HttpDownloadTest, HttpsToAnHttpPortIsNamedAndIsFatal) {
  const std::string url = "https://127.0.0.1:" + std::to_string(server().port()) + "/x";
  const auto failure = Fails(url, Hresult::kConnectFailure);
  EXPECT_FALSE(failure.transient);
  EXPECT_THAT(failure.error.message, ::testing::StartsWith("The server does not speak TLS"));
}

TEST_F(HttpDownloadTest, AProxyThatRefusesIsNamedAsTheProxy) {
  options_.remote_rules.allowed.push_back(*policy::ParseEndpoint("127.0.0.1:9"));
  Restart();
  NetworkSettings settings;
  settings.proxy_usage = ProxyUsage::kOverride;
  settings.proxy_list = "127.0.0.1:9";
  network_.http.settings = std::make_shared<const NetworkSettings>(settings);
  for (const std::string& url : {server().Url("/plain/10"), server().SecureUrl("/plain/10")}) {
    const auto failure = Fails(url, Hresult::kConnectFailure);
    EXPECT_TRUE(failure.transient);
    EXPECT_THAT(failure.error.message, ::testing::StartsWith("No connection to the proxy: "));
  }
}

TEST_F(HttpDownloadTest, AddressesInEverySpellingNeedNoLookUpOfCurls) {
  for (const char* host : {"127.0.0.1.", "0x7f.1", "127.1.", "localhost", "2130706433"}) {
    const std::string url =
        absl::StrCat("http://", host, ":", server().port(), "/plain/10/spelled");
    const auto recorder = Run({File(url, "spelled")});
    EXPECT_TRUE(recorder->done()) << host << recorder->failure()->error.message;
  }
}

TEST_F(HttpDownloadTest, DeniedAddressesAreRefusedHoweverTheyAreNamed) {
  const std::string port = std::to_string(server().port());
  options_.remote_rules.allowed.clear();
  Restart();
  for (const std::string& url : {server().Url("/plain/denied"), "http://localhost:" + port + "/"}) {
    const auto recorder = Run({File(url, "x")});
    ASSERT_TRUE(recorder->failure()) << url;
    EXPECT_EQ(recorder->failure()->error.hresult, Hresult::kAccessDenied) << url;
    EXPECT_EQ(recorder->failure()->error.rule, "address_denied") << url;
    EXPECT_FALSE(recorder->failure()->transient);
  }
  EXPECT_THAT(audit_.Lines("request_sent"), IsEmpty());
}

TEST_F(HttpDownloadTest, TlsIsVerified) {
  EXPECT_TRUE(Run({File(server().SecureUrl("/plain/1000"), "tls")})->done());
  options_.network.ca_file.clear();
  Restart();
  const auto recorder = Run({File(server().SecureUrl("/plain/1000"), "tls")});
  ASSERT_TRUE(recorder->failure());
  EXPECT_EQ(recorder->failure()->error.hresult, Hresult::kConnectFailure);
  EXPECT_FALSE(recorder->failure()->transient);
  EXPECT_THAT(recorder->failure()->error.message, HasSubstr("certificate"));
}

TEST_F(HttpDownloadTest, InvalidAnswersAreFatal) {
  for (const char* path : {"/bighead", "/garbage", "/status/204", "/to?http://"}) {
    const auto recorder = Run({File(path, "invalid")});
    ASSERT_TRUE(recorder->failure()) << path;
    EXPECT_FALSE(recorder->failure()->transient) << path;
  }
  Fails("/bighead", Hresult::kInvalidServerResponse);
  Fails("/garbage", Hresult::kInvalidServerResponse);
}

TEST_F(HttpDownloadTest, ABodyLongerThanItsRangeMakesTheFileStartAgain) {
  const auto files = RetryAfterCut("/toolong/100000/x", 100'000);
  EXPECT_TRUE(TemporaryContent(files[0]) == MisbehavingServer::Content(100'000));
  const auto requests = Requests("/toolong/100000/x");
  ASSERT_THAT(requests, SizeIs(3));
  EXPECT_FALSE(requests[2]["headers"].contains("range"));
}

TEST_F(HttpDownloadTest, StatusesFailByTheirClass) {
  for (const int fatal : {404, 403, 501, 304}) {
    const auto failure = Fails("/status/" + std::to_string(fatal), HttpHresult(fatal));
    EXPECT_FALSE(failure.transient) << fatal;
    EXPECT_EQ(failure.error.http_status, fatal);
    EXPECT_EQ(failure.error.context, ErrorContext::kRemoteFile);
  }
  for (const int transient : {408, 409, 500, 503}) {
    EXPECT_TRUE(Fails("/status/" + std::to_string(transient), HttpHresult(transient)).transient);
  }
}

TEST_F(HttpDownloadTest, AServerThatIsSilentOrAbsentIsTriedAgain) {
  EXPECT_TRUE(Fails("/hang", Hresult::kNoProgress).transient);
  EXPECT_TRUE(Fails("/hangbody/1000", Hresult::kNoProgress).transient);
  options_.remote_rules.allowed.push_back(*policy::ParseEndpoint("127.0.0.1:1"));
  Restart();
  const auto absent = Fails("http://127.0.0.1:1/x", Hresult::kConnectFailure);
  EXPECT_TRUE(absent.transient);
  EXPECT_EQ(absent.error.context, ErrorContext::kGeneralTransport);
}

TEST_F(HttpDownloadTest, AFileThatMayNotBeCreatedFailsWhenItsTurnComes) {
  const auto recorder =
      Run({File("/plain/10/ok", "ok"), File("/plain/10/never", "no/such/folder")});
  ASSERT_TRUE(recorder->failure());
  EXPECT_EQ(recorder->failure()->error.context, ErrorContext::kLocalFile);
  EXPECT_EQ(recorder->failure()->error.rule, "not_permitted");
  EXPECT_EQ(recorder->failure()->error.file_index, 1u);
  EXPECT_TRUE(recorder->files()[0].progress.transferred);
  EXPECT_THAT(Requests("/plain/10/never"), IsEmpty());
}

TEST_F(HttpDownloadTest, AnUnavailableFileSystemIsTriedAgain) {
  broker_.before = [](const std::string&, const std::string&) {
    return absl::UnavailableError("no answer");
  };
  const auto failure = Fails("/plain/10", Hresult::kDestinationLocked);
  EXPECT_TRUE(failure.transient);
  EXPECT_EQ(failure.error.context, ErrorContext::kLocalFile);
}

TEST_F(HttpDownloadTest, ConnectionsAreNeverSharedBetweenContexts) {
  for (const char* context : {"alice/alice", "alice/bob/helper", "alice/alice"}) {
    ASSERT_TRUE(Run({File("/plain/10/contexts", "x")}, context)->done());
  }
  const auto requests = Requests("/plain/10/contexts");
  ASSERT_THAT(requests, SizeIs(3));
  EXPECT_NE(requests[0]["port"], requests[1]["port"]);
  EXPECT_EQ(requests[0]["port"], requests[2]["port"]);  // The same context keeps its own.
  const auto lines = audit_.Lines("request_sent");
  ASSERT_THAT(lines, SizeIs(3));
  EXPECT_THAT(lines[0], HasSubstr("role=owner"));
  EXPECT_THAT(lines[1], HasSubstr("role=helper"));
}

TEST_F(HttpDownloadTest, AnIdlePoolIsClosed) {
  options_.idle_connections = absl::ZeroDuration();
  Restart();
  ASSERT_TRUE(Run({File("/plain/10/idle", "x")})->done());
  ASSERT_TRUE(Run({File("/plain/10/idle", "x")})->done());
  const auto requests = Requests("/plain/10/idle");
  ASSERT_THAT(requests, SizeIs(2));
  EXPECT_NE(requests[0]["port"], requests[1]["port"]);
}

TEST_F(HttpDownloadTest, ABigFileComesThroughASmallBacklog) {
  options_.max_backlog = 64 * 1024;
  Restart();
  constexpr size_t kSize = 64 << 20;
  const auto recorder = Run({File("/plain/" + std::to_string(kSize) + "/big", "big")});
  ASSERT_TRUE(recorder->done());
  EXPECT_TRUE(TemporaryContent(recorder->files()[0]) == MisbehavingServer::Content(kSize));
}

TEST_F(HttpDownloadTest, LiveProgressNeverFallsBackNorExceedsTheSize) {
  Running running = Start({File("/slow/1000000/a", "a"), File("/slow/500000/b", "b")});
  uint32_t file = 0;
  uint64_t bytes = 0;
  EXPECT_TRUE(WaitFor([&] {
    const uint32_t now = running.live->file;
    const uint64_t seen = running.live->bytes;
    if (now == running.live->file) {
      EXPECT_GE(seen, now == file ? bytes : 0);
      EXPECT_LE(seen, running.live->size);
      EXPECT_GE(now, file);
      file = now;
      bytes = seen;
    }
    return running.recorder->done();
  }));
  EXPECT_EQ(file, 1u);
  ASSERT_TRUE(running.Stop());
}

TEST_F(HttpDownloadTest, NothingHappensAfterStoppedWheneverThatIs) {
  struct Left {
    std::string path;
    std::string content;
  };
  std::mt19937 random(7);
  std::vector<Left> left;
  std::vector<Running> runs;
  for (int i = 0; i < 60; ++i) {
    const uint64_t size = 1 + random() % 3'000'000;
    const char* kind = (i % 3 == 0) ? "/slow/" : (i % 3 == 1 ? "/plain/" : "/redirect/5/");
    const std::string url = kind + std::to_string(size);
    Running running = Start({File(url, "a"), File(url, "b"), File(url, "c")});
    const uint64_t stop_at = random() % (size + size / 8);
    WaitFor([&] { return running.live->bytes >= stop_at; }, std::chrono::milliseconds(i));
    ASSERT_TRUE(running.Stop());
    for (const FileRecord& file : running.recorder->files()) {
      if (!file.progress.temporary) continue;
      left.push_back({file.progress.temporary->path, TemporaryContent(file)});
      ASSERT_GE(left.back().content.size(), file.progress.synced);
    }
    runs.push_back(std::move(running));
  }
  for (const Left& file : left) EXPECT_TRUE(ReadFile(file.path) == file.content);
  for (const Running& run : runs) EXPECT_FALSE(run.recorder->event_after_stopped());
}

TEST_F(HttpDownloadTest, StopWaitsForTheBrokerAndKeepsWhatItCreated) {
  std::promise<void> inside;
  std::promise<void> release;
  broker_.before = [&](const std::string&, const std::string&) {
    inside.set_value();
    release.get_future().wait();
    return absl::OkStatus();
  };
  Running running = Start({File("/plain/10/hung", "hung")});
  inside.get_future().wait();
  auto stopped = std::make_shared<std::promise<void>>();
  running.activity->Stop([stopped] { stopped->set_value(); });
  auto future = stopped->get_future();
  EXPECT_EQ(future.wait_for(std::chrono::milliseconds(50)), std::future_status::timeout);
  release.set_value();
  ASSERT_EQ(future.wait_for(kPatience), std::future_status::ready);
  EXPECT_TRUE(running.recorder->files()[0].progress.temporary->id.known());
  EXPECT_THAT(Requests("/plain/10/hung"), IsEmpty());
}

}  // namespace
}  // namespace bitsd::tests
