// Random histories of calls, sessions, accounts, transfers, store failures and restarts: whatever
// comes, every answer and every job is what the reference model says.
//
// BITSD_SEARCH=N plays N histories (tests/soak). A failure prints its seed and the shortest history
// that still fails; BITSD_HISTORY=FILE plays one from a file ("windows7" as its first word: under
// that policy).

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <sstream>

#include "tests/model/play.h"

namespace bitsd::model {
namespace {

constexpr int kSteps = 200;
constexpr uint32_t kHistories = 400;

uint32_t Histories() {
  const char* text = std::getenv("BITSD_SEARCH");
  return text == nullptr ? kHistories : static_cast<uint32_t>(std::strtoul(text, nullptr, 10));
}

bool IsWindows7(uint32_t seed) { return seed % 5 == 0; }

TEST(ModelTest, RandomHistoriesAreWhatTheReferenceModelSays) {
  size_t steps = 0;
  for (uint32_t seed = 1; seed <= Histories(); ++seed) {
    const std::vector<Step> history = RandomSteps(seed, kSteps);
    const Played played = Play(history, IsWindows7(seed));
    steps += played.steps;
    if (played.mismatch.empty()) continue;
    const std::vector<Step> shortest = Shrunk(history, IsWindows7(seed));
    FAIL() << "seed " << seed << (IsWindows7(seed) ? ", policy windows7" : "") << "\n"
           << ToString(shortest) << Play(shortest, IsWindows7(seed)).mismatch;
  }
  std::cout << steps << " steps\n";
}

TEST(ModelTest, AHistoryCanBePrintedAndReadAgain) {
  const std::vector<Step> history = RandomSteps(7, kSteps);
  EXPECT_EQ(ToString(Parse(ToString(history))), ToString(history));
}

TEST(ModelTest, HistoryOfTheFile) {
  const char* file = std::getenv("BITSD_HISTORY");
  if (file == nullptr) GTEST_SKIP() << "BITSD_HISTORY names no history to play";
  std::ostringstream text;
  text << std::ifstream(file).rdbuf();
  const bool windows7 = text.str().rfind("windows7", 0) == 0;
  EXPECT_EQ(Play(Parse(text.str().substr(windows7 ? 8 : 0)), windows7).mismatch, "");
}

}  // namespace
}  // namespace bitsd::model
