// Redirects: which are followed, which are refused, and what is shown of them.

#include <memory>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/error/errors.h"
#include "tests/integration/transfer/transfer_fixture.h"

namespace bitsd::tests {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

class RedirectTest : public TransferTest {};

TEST_F(RedirectTest, RedirectsAreFollowedAndTheFinalUrlIsKept) {
  const auto recorder = Run({File("/redirect/3/1234", "redirected")});
  ASSERT_TRUE(recorder->done());
  EXPECT_TRUE(TemporaryContent(recorder->files()[0]) == MisbehavingServer::Content(1234));
  EXPECT_EQ(recorder->files()[0].progress.final_url, server().Url("/plain/1234"));
}

TEST_F(RedirectTest, ARedirectMayBeLongerThanARemoteNameAndShowsNoQuery) {
  const auto recorder = Run({File("/long/15000/0", "signed")});
  ASSERT_TRUE(recorder->done()) << recorder->failure()->error.message;
  EXPECT_TRUE(TemporaryContent(recorder->files()[0]) == MisbehavingServer::Content(70));
  EXPECT_EQ(recorder->files()[0].progress.final_url, server().Url("/plain/70/signed"));
  const auto longest = Run({File("/long/0/15000", "far")});
  ASSERT_TRUE(longest->done()) << longest->failure()->error.message;
  EXPECT_THAT(longest->files()[0].progress.final_url.str(), SizeIs(policy::kMaxRemoteName));
  for (const std::string& line : audit_.Lines("request_sent")) EXPECT_LT(line.size(), 8192u);
}

TEST_F(RedirectTest, ALoanCoversRedirectsOfEveryLength) {
  policy::TokenScope scope;
  scope.hosts = {*policy::ParseHostRule("hosts", "127.0.0.1")};
  loan_ = policy::LimitsOf(std::make_shared<const policy::TokenScope>(scope), kTokenNetwork);
  const auto recorder = Run({File("/long/10000/0", "lent")}, "owner/helper");
  EXPECT_TRUE(recorder->done()) << recorder->failure()->error.message;
}

TEST_F(RedirectTest, WhatServersWriteRawIntoALocationIsEncoded) {
  const auto recorder = Run({File("/to?/plain/70/a%20b%C3%BC", "raw")});
  ASSERT_TRUE(recorder->done()) << recorder->failure()->error.message;
  EXPECT_EQ(recorder->files()[0].progress.final_url, server().Url("/plain/70/a%20b%c3%bc"));
}

TEST_F(RedirectTest, AFailureNamesTheFileAndWhereItWasRedirected) {
  const auto failed = Fails("/status/404?secret=1", HttpHresult(404));
  EXPECT_THAT(failed.error.message, HasSubstr("File 0: " + server().Url("/status/404") + "."));
  EXPECT_THAT(failed.error.message, Not(HasSubstr("secret")));
  const auto moved = Fails("/to?/status/403", HttpHresult(403));
  EXPECT_THAT(moved.error.message, HasSubstr(server().Url("/to") + ", which redirected to " +
                                             server().Url("/status/403")));
}

TEST_F(RedirectTest, TooManyRedirectsAreRefused) {
  EXPECT_EQ(Fails("/redirect/11/10", Hresult::kAccessDenied).error.rule, "redirect_denied");
  EXPECT_EQ(Fails("/loop", Hresult::kAccessDenied).error.rule, "redirect_denied");
}

TEST_F(RedirectTest, RedirectsToDeniedPlacesAreRefused) {
  const std::string denied_port = "http://127.0.0.1:9/x";
  EXPECT_EQ(Fails("/to?" + denied_port, Hresult::kAccessDenied).error.rule, "address_denied");
  EXPECT_EQ(Fails("/to?http://169.254.169.254/x", Hresult::kAccessDenied).error.rule,
            "address_denied");
  EXPECT_FALSE(Run({File("/to?file:///etc/passwd", "x")})->done());
  EXPECT_FALSE(Run({File("/to?ftp://127.0.0.1/x", "x")})->done());
}

TEST_F(RedirectTest, ARedirectFromHttpsToHttpIsRefused) {
  const auto recorder = Run({File(server().SecureUrl("/to?" + server().Url("/plain/1")), "x")});
  ASSERT_TRUE(recorder->failure());
  EXPECT_EQ(recorder->failure()->error.rule, "redirect_denied");
}

}  // namespace
}  // namespace bitsd::tests
