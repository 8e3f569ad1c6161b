// Connections belong to one security context for life: servers that say an authenticated connection
// stays so see every request under the right principal all the same.

#include <gmock/gmock.h>

#include <map>

#include "tests/integration/transfer/http/network_fixture.h"
#include "tests/testing/wait.h"

namespace bitsd::tests {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class NetworkContextTest : public NetworkTest {};

TEST_F(NetworkContextTest, FiftyJobsOfFiveIdentitiesAreEachThemselves) {
  constexpr int kJobs = 50;
  constexpr int kIdentities = 5;
  constexpr int kFiles = 4;
  Implicit(kServer, AuthScheme::kNegotiate);
  network_.http.settings = std::make_shared<const NetworkSettings>(settings_);
  std::vector<std::shared_ptr<RealIdentity>> identities;
  for (int i = 0; i < kIdentities; ++i) identities.push_back(Identity("id" + std::to_string(i)));
  std::vector<Running> jobs;
  for (int job = 0; job < kJobs; ++job) {
    const std::string who = std::to_string(job % kIdentities);
    network_.identity = identities[static_cast<size_t>(job % kIdentities)];
    std::vector<FileRecord> files;
    for (int f = 0; f < kFiles; ++f) {
      files.push_back(
          File(web().Url("sticky/f?id" + who), std::to_string(job) + "-" + std::to_string(f)));
    }
    // The same words for all: nothing but the download may tell their connections apart.
    jobs.push_back(Start(std::move(files), "owner/owner"));
  }
  for (Running& job : jobs) {
    EXPECT_TRUE(job.recorder->WaitForEnd());
    EXPECT_TRUE(job.recorder->done());
    EXPECT_TRUE(job.Stop());
  }
  const std::vector<std::string> served = Served(kJobs * kFiles);
  EXPECT_EQ(served.size(), size_t{kJobs * kFiles});
  for (const std::string& line : served) {
    const std::string who = line.substr(line.find('?') + 1);
    EXPECT_EQ(line, who + "@TEST.LOCAL /sticky/f?" + who);
  }
}

TEST_F(NetworkContextTest, AJobWithoutCredentialsNeverRidesOnAnAuthenticatedConnection) {
  Implicit(kServer, AuthScheme::kNegotiate);
  network_.identity = Identity("netuser");
  EXPECT_EQ(Fetch(web().Url("sticky/f")), kContent) << message();
  settings_ = {};
  EXPECT_EQ(Fetch(web().Url("sticky/f")), "BG_E_HTTP_ERROR_401/credentials_missing");
  network_.http.settings = nullptr;
  const auto recorder = Run({File(web().Url("sticky/f"), "one")});
  EXPECT_TRUE(recorder->failure());
  EXPECT_THAT(Served(1), ElementsAre("netuser@TEST.LOCAL /sticky/f"));
}

TEST_F(NetworkContextTest, NtlmConnectionsAreOfOneLogin) {
  for (int round = 0; round < 3; ++round) {
    settings_.credentials.clear();
    Explicit(kServer, AuthScheme::kNtlm, "TEST\\alice", kAliceNtlm);
    EXPECT_EQ(Fetch(web().Url("ntlm/f")), kContent) << message();
    settings_.credentials.clear();
    Explicit(kServer, AuthScheme::kNtlm, "TEST\\bob", kBobNtlm);
    EXPECT_EQ(Fetch(web().Url("ntlm/f")), kContent) << message();
  }
  const std::string alice = "TEST\\\\alice /ntlm/f";
  const std::string bob = "TEST\\\\bob /ntlm/f";
  EXPECT_THAT(Served(6), ElementsAre(alice, bob, alice, bob, alice, bob));
}

TEST_F(NetworkContextTest, OneJobsSecondHostIsAskedAnew) {
  // Digest remembers a server's nonce: another server must not get an answer made with it.
  Explicit(kServer, AuthScheme::kDigest, "alice", kDigestPassword);
  network_.http.settings = std::make_shared<const NetworkSettings>(settings_);
  const std::string other = "http://127.0.0.1:" + std::to_string(web().web().port());
  const auto recorder = Run({File(web().Url("digest/f"), "1"), File(other + "/digest/f", "2"),
                             File(web().Url("digest/f"), "3")});
  EXPECT_TRUE(recorder->done());
  EXPECT_THAT(Served(3), Each("alice /digest/f"));
}

}  // namespace
}  // namespace bitsd::tests
