// Plays a history to the reference model and to the real domain, step by step, and compares them;
// and makes a history that fails as short as it can.
//
// Thread safety: pure functions.

#ifndef BITSD_TESTS_MODEL_PLAY_H_
#define BITSD_TESTS_MODEL_PLAY_H_

#include <string>
#include <vector>

#include "tests/model/step.h"

namespace bitsd::model {

struct Played {
  size_t steps = 0;      ///< How many were possible, and done.
  std::string mismatch;  ///< Empty: none. Else the step and what was right.
};

Played Play(const std::vector<Step>& steps, bool windows7);

/// The shortest history found that still fails: steps are left out while it does.
std::vector<Step> Shrunk(std::vector<Step> steps, bool windows7);

}  // namespace bitsd::model

#endif  // BITSD_TESTS_MODEL_PLAY_H_
