// How bitsctl fails: exit codes, hints, and errors for people and for programs.

#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "client/cli/error_report.h"
#include "client/cli/exit_code.h"
#include "client/cli/hints.h"
#include "client/cli/unreachable.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/error/hresult.h"
#include "server/error/rules.h"
#include "server/policy/url.h"

namespace bits::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr char kHostile[] = "a\x1b]0;owned\x07\x1b[2J\nb\xC2\x9B\xE2\x80\xAE\xFF";

TEST(ExitCodeTest, EveryGrpcCodeHasItsExitCode) {
  const std::vector<std::pair<int, int>> expected{
      {0, 0}, {1, 1},  {2, 1},  {3, 2},  {4, 6},  {5, 3},  {6, 7},  {7, 4}, {8, 8},
      {9, 7}, {10, 1}, {11, 2}, {12, 9}, {13, 1}, {14, 5}, {15, 1}, {16, 5}};
  for (const auto& [grpc, exit] : expected) {
    const absl::Status status(static_cast<absl::StatusCode>(grpc), "x");
    EXPECT_EQ(ExitCodeOf(status), exit) << status;
  }
}

TEST(ExitCodeTest, EveryCodeThatCanComeIsDocumentedOnce) {
  std::multiset<int> documented;
  for (const ExitCodeRow& row : ExitCodes()) documented.insert(row.code);
  for (int code = 0; code <= 16; ++code) {
    const auto exit = ExitCodeOf(absl::Status(static_cast<absl::StatusCode>(code), "x"));
    EXPECT_EQ(documented.count(exit), 1u) << exit;
  }
  EXPECT_EQ(documented.count(kExitInterrupted), 1u);
}

TEST(ExitCodeTest, AMarkedStatusKeepsItsCode) {
  EXPECT_EQ(ExitCodeOf(UsageError("x")), 2);
  EXPECT_EQ(ExitCodeOf(IdentityError(absl::NotFoundError("x"))), 5);
  EXPECT_EQ(ExitCodeOf(WithExitCode(absl::CancelledError("x"), kExitInterrupted)), 130);
}

TEST(HintsTest, EveryRuleOfTheServiceHasAHint) {
  for (int i = 0;; ++i) {
    const std::string name(bitsd::RuleName(static_cast<bitsd::Rule>(i)));
    if (name == "unknown") {
      ASSERT_GT(i, 30);
      return;
    }
    EXPECT_NE(HintFor(name, "", ""), "") << name;
  }
}

TEST(HintsTest, EachCaseOfARefusedUrlHasItsOwnHint) {
  std::set<std::string_view> hints;
  const std::vector<std::string> urls = {"http://user:password@h/f",
                                         "http://m\xC3\xBCnchen.example/f",
                                         "http://h/f\xC3\xBC",
                                         "http://h/f ",
                                         "http://h/a\tb",
                                         "http://h\\f",
                                         "http://h/f#top",
                                         "ftp://h/f",
                                         "http://h:0/f",
                                         "http://1.2.3.4.5/",
                                         "http://[1]/",
                                         "http://[::1/",
                                         "http://a..b/",
                                         "http://h/" + std::string(2200, 'x')};
  for (const std::string& url : urls) {
    const absl::Status refused = bitsd::policy::ParseUrl(url).status();
    const std::string message(refused.message());
    const std::string_view hint = HintFor("url_denied", "E_INVALIDARG", "", message);
    EXPECT_NE(hint, HintFor("url_denied", "", "")) << url;
    hints.insert(hint);
  }
  EXPECT_EQ(hints.size(), urls.size());
}

TEST(HintsTest, EveryErrorOfTheServiceHasAHint) {
  for (const bitsd::HresultInfo& info : bitsd::AllHresults()) {
    if (info.code == absl::StatusCode::kOk) continue;
    EXPECT_NE(HintFor("", info.name, ""), "") << info.name;
  }
  EXPECT_NE(HintFor("", "BG_E_HTTP_ERROR_599", ""), "");
}

TEST(HintsTest, EveryReasonToWaitHasAHint) {
  const auto* reasons = v1::WaitingFor_descriptor();
  for (int i = 0; i < reasons->value_count(); ++i) {
    if (reasons->value(i)->number() == v1::WAITING_FOR_UNSPECIFIED) continue;
    EXPECT_NE(HintFor("", reasons->value(i)->name(), ""), "") << reasons->value(i)->name();
  }
}

TEST(HintsTest, TheRuleSaysMoreThanTheErrorAndThatMoreThanTheCode) {
  EXPECT_NE(HintFor("job_access", "E_ACCESSDENIED", "X"), HintFor("", "E_ACCESSDENIED", "X"));
  EXPECT_EQ(HintFor("nobody knows it", "E_ACCESSDENIED", ""), HintFor("", "E_ACCESSDENIED", ""));
  EXPECT_EQ(HintFor("", "", "ABORTED"), "");
  std::set<std::string_view> keys;
  for (const Hint& hint : AllHints()) EXPECT_TRUE(keys.insert(hint.key).second) << hint.key;
}

v1::Job FailedJob() {
  v1::Job job;
  job.set_id("id");
  job.set_state(v1::JOB_STATE_ERROR);
  job.mutable_error()->set_hresult(0x80070005);
  job.mutable_error()->set_reason("E_ACCESSDENIED");
  job.mutable_error()->set_rule("not_permitted");
  job.mutable_error()->set_message(kHostile);
  return job;
}

TEST(ErrorReportTest, AFailedJobIsAnErrorLikeThatOfACall) {
  const absl::Status status = StatusOfJob(FailedJob());
  EXPECT_EQ(ExitCodeOf(status), kExitFailed);
  const std::string text = ErrorText(ReportOf(status));
  EXPECT_THAT(text, HasSubstr("job id is in ERROR"));
  EXPECT_THAT(text, HasSubstr("  reason: E_ACCESSDENIED (0x80070005)\n  rule:   not_permitted\n"));
  EXPECT_THAT(text, HasSubstr("  try:    let the acting identity write the folder"));
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
  v1::Job cancelled;
  cancelled.set_state(v1::JOB_STATE_CANCELLED);
  EXPECT_EQ(ExitCodeOf(StatusOfJob(cancelled)), kExitFailed);
  EXPECT_TRUE(StatusOfJob(v1::Job()).ok());
}

TEST(UnreachableTest, ASentenceOfOurOwnComesBeforeWhatGrpcSays) {
  const std::string refused =
      "failed to connect to all addresses; last error: UNKNOWN: ipv4:127.0.0.1:7443: Failed to "
      "connect to remote host: Connection refused";
  const absl::Status status = ExplainUnreachable(absl::UnavailableError(refused), "host:7443");
  EXPECT_TRUE(absl::IsUnavailable(status));
  EXPECT_THAT(ErrorText(ReportOf(status)),
              StartsWith("bitsctl: bitsd cannot be reached at host:7443: nothing listens there. "
                         "Start bitsd, or give its --endpoint\n  gRPC says: " +
                         refused + "\n"));
  for (const char* other : {"DNS resolution failed for host:7443", "Ssl handshake failed",
                            "Socket closed", "anything else"}) {
    const absl::Status explained = ExplainUnreachable(absl::UnavailableError(other), "host:7443");
    EXPECT_THAT(std::string(explained.message()), StartsWith("bitsd cannot be reached at host:"));
    EXPECT_THAT(std::string(explained.message()), HasSubstr(other));
  }
  EXPECT_THAT(
      std::string(ExplainUnreachable(absl::DeadlineExceededError("x"), "host:7443").message()),
      StartsWith("bitsd at host:7443 did not answer in time."));
}

TEST(UnreachableTest, WhatBitsdAnsweredStaysAsItIs) {
  const absl::Status denied = absl::PermissionDeniedError("x");
  EXPECT_EQ(ExplainUnreachable(denied, "host:7443"), denied);
  v1::Job job = FailedJob();
  const absl::Status answered = StatusOfJob(job);
  EXPECT_EQ(ExplainUnreachable(answered, "host:7443"), answered);
}

TEST(ErrorReportTest, JsonHasAlwaysTheSameSixKeys) {
  const auto failed = nlohmann::json::parse(ErrorJson(ReportOf(StatusOfJob(FailedJob()))));
  const auto plain = nlohmann::json::parse(ErrorJson(ReportOf(UsageError("what?\xFF"))));
  for (const auto& json : {failed, plain}) {
    std::vector<std::string> keys;
    for (const auto& [key, value] : json.at("error").items()) keys.push_back(key);
    EXPECT_THAT(keys, ElementsAre("code", "hint", "hresult", "message", "name", "rule"));
  }
  EXPECT_EQ(failed["error"]["hresult"], "0x80070005");
  EXPECT_EQ(failed["error"]["rule"], "not_permitted");
  EXPECT_EQ(failed["error"]["code"], "ABORTED");
  EXPECT_TRUE(plain["error"]["hresult"].is_null());
  EXPECT_TRUE(plain["error"]["rule"].is_null());
  EXPECT_THAT(ErrorJson(ReportOf(StatusOfJob(FailedJob()))), Not(HasSubstr("\x1b")));
}

}  // namespace
}  // namespace bits::cli
