// Tokens and flags that change while jobs run: no file is ever written as the wrong identity.
//
// The rule: while LOCAL_FILE is set a file is opened as the helper, otherwise as the owner. Every
// audit line of an opening says as whom; every file in place has an owner. Both must be one of the
// identities that were in force for that job at some time, and a file in a folder that only one
// identity may write must be hers.

#include <atomic>
#include <map>
#include <random>
#include <set>
#include <thread>
#include <vector>

#include "tests/testing/bitsd/bitsd_fixture.h"

namespace bitsd::tests {
namespace {

constexpr int kJobs = 50;
constexpr int kFlipsPerJob = 12;
constexpr uint32_t kSeed = 20261121;

class IdentityRaceTest : public BitsdTest {
 protected:
  struct RacedJob {
    std::string id;
    std::string path;
    std::optional<bits::Handle> alice;
    std::optional<bits::Handle> bob;
  };

  /// A job whose file goes to a folder that everybody may write (and nobody may take from).
  RacedJob Make(const bits::Client& fetcher, int number) {
    RacedJob job;
    job.id = CreateJob(fetcher, bits::v1::JOB_PRIORITY_FOREGROUND);
    job.path = shared_ + "/file" + std::to_string(number);
    job.alice = HandleFor(fetcher, job.id, "alice");
    job.bob = HandleFor(fetcher, job.id, "bob");
    EXPECT_TRUE(AddFile(fetcher, job.id, "slow/file", job.path).ok());
    EXPECT_TRUE(fetcher.Resume(job.id).ok());
    return job;
  }

  void Flip(const RacedJob& job, uint32_t seed) {
    std::mt19937 random(seed);
    const bits::Client fetcher = As("fetcher");
    const bits::Client alice = As("alice");
    const bits::Client bob = As("bob");
    for (int i = 0; i < kFlipsPerJob; ++i) {
      switch (random() % 5) {
        case 0: (void)alice.SetHelperToken(*job.alice, Demo("alice").sid); break;
        case 1: (void)bob.SetHelperToken(*job.bob, Demo("bob").sid); break;
        case 2: fetcher.SetHelperTokenFlags(*job.alice, 1).IgnoreError(); break;
        case 3: fetcher.SetHelperTokenFlags(*job.alice, 0).IgnoreError(); break;
        default: alice.ClearHelperToken(*job.alice).IgnoreError();
      }
      (void)fetcher.Resume(job.id);
    }
  }

  std::string shared_;
};

TEST_F(IdentityRaceTest, NoFileIsEverOpenedAsAnIdentityThatIsNotInForce) {
  const std::string content = web().PutRandom("file", 2'000'000);
  shared_ = bitsd().folder().MakeFolder("shared", 0, 0, 01777);
  const bits::Client fetcher = As("fetcher");
  std::vector<RacedJob> jobs;
  for (int i = 0; i < kJobs; ++i) jobs.push_back(Make(fetcher, i));
  std::vector<std::thread> threads;
  for (int i = 0; i < 10; ++i) {
    threads.emplace_back([&, i] {
      for (int n = i; n < kJobs; n += 10) Flip(jobs[n], kSeed + n);
    });
  }
  for (std::thread& thread : threads) thread.join();

  // The last word: odd jobs are alice's, even ones the owner's.
  const bits::Client alice = As("alice");
  for (int i = 0; i < kJobs; ++i) {
    const bool lent = i % 2 == 1;
    if (lent) {
      ASSERT_EQ(ErrorText(alice.SetHelperToken(*jobs[i].alice, Demo("alice").sid).status()), "OK");
    }
    ASSERT_EQ(ErrorText(fetcher.SetHelperTokenFlags(*jobs[i].alice, lent ? 1 : 0)), "OK");
    (void)fetcher.Resume(jobs[i].id);
  }
  for (int i = 0; i < kJobs; ++i) {
    const bits::v1::Job job = WaitForState(fetcher, jobs[i].id, bits::v1::JOB_STATE_TRANSFERRED);
    ASSERT_EQ(job.state(), bits::v1::JOB_STATE_TRANSFERRED) << job.ShortDebugString();
  }
  const std::map<std::string, uid_t> uids = {{Demo("fetcher").sid, Demo("fetcher").uid},
                                             {Demo("alice").sid, Demo("alice").uid},
                                             {Demo("bob").sid, Demo("bob").uid}};
  std::map<std::string, std::string> creators;
  size_t helpers = 0;
  for (const auto& line : bitsd().AwaitAudit("temporary_created", kJobs)) {
    const std::string acting = line.value("acting_sid", "");
    ASSERT_TRUE(uids.contains(acting)) << line;
    EXPECT_EQ(line.value("uid", ""), std::to_string(uids.at(acting))) << line;
    const bool helper = line.value("role", "") == "helper";
    EXPECT_EQ(helper, acting != Demo("fetcher").sid) << line;
    helpers += helper ? 1 : 0;
    if (line.value("result", "") == "OK") creators[line.value("job", "")] = acting;
  }
  EXPECT_GT(helpers, 0u) << "the race never met a helper";
  for (int i = 0; i < kJobs; ++i) {
    const bool lent = i % 2 == 1;
    const std::string expected = lent ? Demo("alice").sid : Demo("fetcher").sid;
    const auto done = fetcher.Complete(jobs[i].id);
    // A file that was whole before the last word still is its creator's: then nobody else may
    // publish it, and Complete says so.
    if (creators[jobs[i].id] != expected) {
      EXPECT_EQ(ErrorText(done.status()).substr(0, 14), "E_ACCESSDENIED") << done.status();
      EXPECT_EQ(OwnerOf(jobs[i].path), static_cast<uid_t>(-1));
      continue;
    }
    ASSERT_TRUE(done.ok()) << done.status();
    EXPECT_EQ(OwnerOf(jobs[i].path), uids.at(expected));
    EXPECT_EQ(ReadFile(jobs[i].path), content);
  }
}

}  // namespace
}  // namespace bitsd::tests
