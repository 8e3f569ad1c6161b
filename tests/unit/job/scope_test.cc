// What a job does with a token that was lent for some things only, and when a loan nears its end.

#include <atomic>

#include "tests/unit/job/job_fixture.h"

namespace bitsd {
namespace {

class JobScopeTest : public JobFixture {
 protected:
  static Loan LoanFor(const std::vector<std::string>& roots, const std::vector<std::string>& hosts,
                      uint32_t flags = 0) {
    return {std::make_shared<const policy::TokenScope>(*policy::ParseScope(roots, hosts, flags)),
            absl::InfiniteFuture()};
  }
  /// A job of fetcher with `flags` and alice's token, lent for `loan`; not resumed.
  JobId Lent(uint32_t flags, Loan loan) {
    const JobId id = Create(fetcher_, "job", JobPriority::kForeground);
    handle_ = Handle(fetcher_, id, kAlice);
    EXPECT_TRUE(SetFlags(fetcher_, handle_, flags).Get().ok());
    EXPECT_TRUE(SetToken(As(kAlice), handle_, std::move(loan)).Get().ok());
    return id;
  }
  std::string RuleOf(const JobId& id) {
    const auto error = View(fetcher_, id).record->error;
    return error ? error->rule : "";
  }

  const Caller fetcher_ = As(kFetcher);
  std::string handle_;
};

TEST_F(JobScopeTest, TheTransferGetsTheLimitsOfTheLoanAndTheJobShowsThem) {
  const JobId id = Lent(kTokenLocalFile, LoanFor({"/d"}, {"192.0.2.1"}));
  ASSERT_TRUE(AddFile(fetcher_, id).ok());
  ASSERT_TRUE(Resume(fetcher_, id).ok());
  const policy::LoanLimits& limits = transfers_.last()->download.loan;
  ASSERT_NE(limits.scope, nullptr);
  EXPECT_EQ(limits.scope->local_roots, std::vector<std::string>{"/d"});
  EXPECT_TRUE(limits.local_files);
  EXPECT_EQ(View(fetcher_, id).token_scope->hosts[0].text, "192.0.2.1");
}

TEST_F(JobScopeTest, AnIdleTokenLimitsNothing) {
  const JobId id = Lent(0, LoanFor({"/elsewhere"}, {"elsewhere.example"}, kTokenNetwork));
  ASSERT_TRUE(AddFile(fetcher_, id).ok());
  ASSERT_TRUE(Resume(fetcher_, id).ok());
  EXPECT_EQ(transfers_.last()->download.loan.scope, nullptr);
}

TEST_F(JobScopeTest, AFlagOutsideTheLoanIsAnErrorAndNothingIsOpened) {
  const JobId id = Lent(kTokenLocalFile | kTokenNetwork, LoanFor({}, {}, kTokenLocalFile));
  ASSERT_TRUE(AddFile(fetcher_, id).ok());
  ASSERT_TRUE(Resume(fetcher_, id).ok());
  EXPECT_EQ(View(fetcher_, id).state, JobState::kError);
  EXPECT_EQ(RuleOf(id), "token_scope");
  EXPECT_TRUE(transfers_.runs().empty());
}

TEST_F(JobScopeTest, AFlagSetOutsideTheLoanStopsTheTransfer) {
  const JobId id = Lent(kTokenLocalFile, LoanFor({}, {}, kTokenLocalFile));
  ASSERT_TRUE(AddFile(fetcher_, id).ok());
  ASSERT_TRUE(Resume(fetcher_, id).ok());
  ASSERT_TRUE(SetFlags(fetcher_, handle_, kTokenLocalFile | kTokenNetwork).Get().ok());
  EXPECT_TRUE(transfers_.last()->stop_requested);
  EXPECT_TRUE(Eventually([&] { return View(fetcher_, id).state == JobState::kError; }));
  EXPECT_EQ(RuleOf(id), "token_scope");
}

TEST_F(JobScopeTest, AFileOutsideTheLoanIsNotAddedAndNoDirectoryIsLookedAt) {
  const JobId id = Lent(kTokenLocalFile, LoanFor({"/srv/in"}, {}));
  const absl::Status status = AddFile(fetcher_, id, "/srv/inx/f");
  EXPECT_EQ(DetailOf(status).rule, "token_scope");
  EXPECT_TRUE(transfers_.checks().empty());
  EXPECT_TRUE(AddFile(fetcher_, id, "/srv/in/f").ok());
}

TEST_F(JobScopeTest, ARefreshWithAnotherScopeIsAnotherIdentity) {
  const JobId id = Lent(kTokenLocalFile, LoanFor({"/d"}, {}));
  ASSERT_TRUE(AddFile(fetcher_, id).ok());
  ASSERT_TRUE(Resume(fetcher_, id).ok());
  const auto first = transfers_.last();
  ASSERT_TRUE(SetToken(As(kAlice), handle_, LoanFor({"/d"}, {})).Get().ok());
  EXPECT_FALSE(first->stop_requested) << "the same scope";
  store_.Hold();
  const auto narrower = SetToken(As(kAlice), handle_, LoanFor({"/d"}, {"a.example"}));
  EXPECT_TRUE(first->stop_requested) << "at once, whatever the store does";
  store_.ReleaseAll();
  ASSERT_TRUE(narrower.Get().ok());
  ASSERT_NE(transfers_.last(), first);
  EXPECT_EQ(transfers_.last()->download.loan.scope->hosts.size(), 1u);
}

TEST_F(JobScopeTest, CompleteIsBoundByTheLoanToo) {
  const JobId id = Lent(kTokenLocalFile, LoanFor({}, {}));
  ASSERT_TRUE(AddFile(fetcher_, id).ok());
  ASSERT_TRUE(Resume(fetcher_, id).ok());
  FinishDownload();
  ASSERT_TRUE(Eventually([&] { return View(fetcher_, id).state == JobState::kTransferred; }));
  const auto complete = [&] {
    Reply<absl::StatusOr<JobOutcome>> reply;
    jobs().Complete(fetcher_, id, reply.Callback());
    return reply;
  };
  ASSERT_TRUE(SetToken(As(kAlice), handle_, LoanFor({}, {}, kTokenNetwork)).Get().ok());
  EXPECT_EQ(DetailOf(complete().Get().status()).rule, "token_scope");
  ASSERT_TRUE(SetToken(As(kAlice), handle_, LoanFor({"/d"}, {})).Get().ok());
  const auto reply = complete();
  ASSERT_TRUE(Eventually([&] { return transfers_.last()->published != nullptr; }));
  EXPECT_EQ(transfers_.last()->completion.loan.scope->local_roots, std::vector<std::string>{"/d"});
  transfers_.last()->published({0}, absl::OkStatus());
  EXPECT_TRUE(reply.Get().ok());
}

TEST_F(JobScopeTest, ATemporaryFileOutsideTheLoanIsRemovedAsTheOwner) {
  const JobId id = Lent(kTokenLocalFile, LoanFor({}, {}));
  ASSERT_TRUE(AddFile(fetcher_, id).ok());
  ASSERT_TRUE(Resume(fetcher_, id).ok());
  FinishDownload();
  ASSERT_TRUE(Eventually([&] { return View(fetcher_, id).state == JobState::kTransferred; }));
  ASSERT_TRUE(SetToken(As(kAlice), handle_, LoanFor({"/elsewhere"}, {})).Get().ok());
  Reply<absl::StatusOr<JobOutcome>> reply;
  jobs().Cancel(fetcher_, id, reply.Callback());
  ASSERT_TRUE(reply.Get().ok());
  ASSERT_EQ(transfers_.cleanups().size(), 1u);
  ASSERT_EQ(transfers_.cleanups()[0].identities.size(), 1u);
  EXPECT_EQ(transfers_.cleanups()[0].identities[0].sid, kFetcher);
}

TEST_F(JobScopeTest, TheLenderSaysWhenTheLoanEnds) {
  const absl::Time end = absl::Now() + absl::Minutes(3);
  const JobId id = Create(fetcher_);
  Loan loan = LoanFor({}, {});
  loan.end = end;
  EXPECT_EQ(*SetToken(As(kAlice), Handle(fetcher_, id, kAlice), loan).Get(), end);
  EXPECT_EQ(View(fetcher_, id).token_expires, end);
}

TEST_F(JobScopeTest, ALoanEndsWithItsSessionAtTheLatest) {
  limits_.max_ttl = limits_.max_life = absl::Minutes(30);
  sessions_.Reconfigure(limits_);
  const Caller alice = As(kAlice);
  Reply<absl::StatusOr<SessionPtr>> reply;
  sessions_.Logon(
      *alice.token, std::nullopt, [] { return true; }, reply.Callback());
  const SessionPtr session = *reply.Get();
  const JobId id = Create(fetcher_);
  EXPECT_EQ(*SetToken({alice.token, session}, Handle(fetcher_, id)).Get(),
            session->facts().last_end.wall);
}

TEST_F(JobScopeTest, WatchersAreWarnedBeforeTheEnd) {
  options_.token_max_ttl = absl::Milliseconds(300);
  options_.token_warning = absl::Milliseconds(200);
  const JobId id = Create(fetcher_);
  std::atomic<int> told{0};
  const auto watch = jobs().WatchJobs(fetcher_, {{id}, false, ""}, [&] { ++told; });
  ASSERT_TRUE(watch.ok());
  while ((*watch)->Next()) {
  }
  const std::string handle = Handle(fetcher_, id, kAlice);
  ASSERT_TRUE(SetToken(As(kAlice), handle).Get().ok());
  while ((*watch)->Next()) {
  }
  EXPECT_FALSE(View(fetcher_, id).token_ends_soon);
  const int before = told;
  ASSERT_TRUE(Eventually([&] { return View(fetcher_, id).token_ends_soon; }));
  EXPECT_TRUE(View(fetcher_, id).token_sid.has_value()) << "before the end";
  EXPECT_TRUE(Eventually([&] { return told > before; }));
  EXPECT_EQ(audit_.Count("helper_token_expires_soon"), 1u);
}

TEST_F(JobScopeTest, ATokenThatWasReplacedWarnsNobody) {
  options_.token_max_ttl = absl::Milliseconds(100);
  const JobId id = Create(fetcher_);
  const std::string handle = Handle(fetcher_, id, kAlice);
  ASSERT_TRUE(SetToken(As(kAlice), handle).Get().ok());
  JobManager::Options longer = options_;
  longer.token_max_ttl = absl::Hours(1);
  jobs().Reconfigure(longer);
  ASSERT_TRUE(SetToken(As(kAlice), handle).Get().ok());
  // Past both times of the first token: of its end nothing is heard either.
  const absl::Time past = absl::Now() + absl::Milliseconds(200);
  ASSERT_TRUE(Eventually([&] { return absl::Now() > past; }));
  EXPECT_EQ(audit_.Count("helper_token_expires_soon"), 0u);
  EXPECT_TRUE(View(fetcher_, id).token_sid.has_value());
}

}  // namespace
}  // namespace bitsd
