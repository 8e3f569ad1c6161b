// kill -9 of the server, the broker, the supervisor or all of them, at random moments under load.
//
// BITSD_KILLS=N plays N rounds (tests/soak), BITSD_SEED=N begins with that seed.

#include <signal.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <set>
#include <sstream>
#include <thread>

#include "absl/strings/str_cat.h"
#include "tests/integration/app/kill_journal.h"
#include "tests/testing/bitsd/bitsd_fixture.h"

namespace bitsd::tests {
namespace {

constexpr uint32_t kRounds = 15;
constexpr const char* kOwners[] = {"fetcher", "bob", "mallory"};

enum class Victim { kServer, kBroker, kSupervisor, kAll };

uint32_t Environment(const char* name, uint32_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : static_cast<uint32_t>(std::strtoul(text, nullptr, 10));
}

class KillRoundsTest : public BitsdTest {
 protected:
  /// Children of the supervisor: the broker has capabilities, the server has none.
  pid_t Child(bool broker) {
    const std::string pid = std::to_string(bitsd().process().pid());
    std::istringstream children(ReadFile("/proc/" + pid + "/task/" + pid + "/children"));
    for (pid_t child = 0; children >> child;) {
      const std::string status = ReadFile("/proc/" + std::to_string(child) + "/status");
      const bool none = status.find("CapPrm:\t0000000000000000") != std::string::npos;
      if (!status.empty() && none != broker) return child;
    }
    return 0;
  }

  /// All of bitsd is gone.
  void AwaitEnd() {
    const pid_t leader = bitsd().process().pid();
    ASSERT_TRUE(bitsd().process().Wait().has_value()) << "it outlives the kill";
    EXPECT_TRUE(WaitFor([&] { return ::kill(-leader, 0) != 0; }))
        << "a part of it outlives the kill";
  }

  /// Kills and, where it must be, starts again.
  void KillAndStart(Victim victim) {
    const bool child = victim == Victim::kServer || victim == Victim::kBroker;
    pid_t pid = bitsd().process().pid();
    if (child) WaitFor([&] { return (pid = Child(victim == Victim::kBroker)) > 0; });
    ASSERT_GT(pid, 0) << "it does not run";
    if (victim == Victim::kAll) bitsd().Kill();
    if (victim != Victim::kAll) ::kill(pid, SIGKILL);
    if (victim == Victim::kBroker) return;  // The supervisor starts another: nothing else ends.
    AwaitEnd();
    const absl::Status status = bitsd().StartAgain();
    ASSERT_TRUE(status.ok()) << status;
  }

  void Connect(std::vector<JournalledClient>& clients) {
    for (size_t i = 0; i < clients.size(); ++i) clients[i].Connect(As(kOwners[i]), As("alice"));
  }

  std::vector<Source> Sources() {
    std::vector<Source> sources;
    for (const auto& [name, size] : std::vector<std::pair<std::string, size_t>>{
             {"small", 3000}, {"middle", 300000}, {"large", 3000000}}) {
      sources.push_back({web().Url(name), web().PutRandom(name, size)});
    }
    sources.push_back({web().Url("slow/middle"), sources[1].content});
    sources.push_back({web().Url("noranges/middle"), sources[1].content});
    return sources;
  }

  static std::set<std::string> TemporaryFilesIn(const std::string& folder) {
    std::set<std::string> found;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
      if (entry.path().filename().string().starts_with(".BIT")) found.insert(entry.path().string());
    }
    return found;
  }
};

TEST_F(KillRoundsTest, NothingAcknowledgedIsLostAndNothingHalfIsSeen) {
  const uint32_t seed = Environment("BITSD_SEED", static_cast<uint32_t>(::time(nullptr)));
  SCOPED_TRACE(absl::StrCat("BITSD_SEED=", seed));
  std::mt19937 random(seed);
  // Owner and helper may both write here: what one leaves the other can remove.
  const std::string folder = bitsd().folder().MakeFolder("shared", 0, 0, 0777);
  const std::vector<Source> sources = Sources();
  std::vector<JournalledClient> clients;
  for (const char* owner : kOwners) clients.emplace_back(random(), folder, owner, sources);
  Connect(clients);
  const uint32_t rounds = Environment("BITSD_KILLS", kRounds);
  for (uint32_t round = 0; round < rounds && !HasFailure(); ++round) {
    SCOPED_TRACE(absl::StrCat("round ", round));
    std::atomic<bool> stop = false;
    std::vector<std::thread> threads;
    for (JournalledClient& client : clients) threads.emplace_back([&] { client.Work(stop); });
    std::this_thread::sleep_for(std::chrono::milliseconds(20 + random() % 500));
    const auto victim = static_cast<Victim>(random() % 4);
    KillAndStart(victim);
    stop = true;
    for (std::thread& thread : threads) thread.join();
    if (HasFatalFailure()) return;
    Connect(clients);
    for (JournalledClient& client : clients) {
      ASSERT_EQ(client.Check(), "") << "killed: " << static_cast<int>(victim) << "\n"
                                    << bitsd().Log();
      ASSERT_EQ(client.Repeat(), "") << "killed: " << static_cast<int>(victim) << "\n"
                                     << bitsd().Log();
    }
  }
  size_t acknowledged = 0;
  std::set<std::string> undeleted;
  for (JournalledClient& client : clients) {
    ASSERT_EQ(client.Finish(), "") << bitsd().Log();
    acknowledged += client.acknowledged();
    undeleted.merge(client.Undeleted());
  }
  // What a helper was creating when it was killed, its owner cannot remove: then the job names it.
  for (const std::string& left : TemporaryFilesIn(folder)) {
    EXPECT_TRUE(undeleted.contains(left)) << left << " is left, and no job says so";
  }
  std::cout << rounds << " rounds, " << acknowledged << " acknowledged changes\n";
}

}  // namespace
}  // namespace bitsd::tests
