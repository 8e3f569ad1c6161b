#include "tests/model/step.h"

#include <sstream>

namespace bitsd::model {
namespace {

struct Kind {
  Op op;
  const char* name;
  int weight;    ///< How often it comes.
  int max_with;  ///< `with` is below it.
};

constexpr Kind kKinds[] = {
    {Op::kCreate, "create", 6, 2},
    {Op::kAddFile, "add_file", 8, 2},
    {Op::kResume, "resume", 10, 2},
    {Op::kSuspend, "suspend", 4, 2},
    {Op::kCancel, "cancel", 2, 2},
    {Op::kComplete, "complete", 4, 4},
    {Op::kUpdate, "update", 3, 8},
    {Op::kGet, "get", 3, 2},
    {Op::kList, "list", 2, 2},
    {Op::kHandle, "handle", 10, 56},
    {Op::kRelease, "release", 1, 2},
    {Op::kSetFlags, "set_flags", 12, 5},
    {Op::kGetFlags, "get_flags", 2, 1},
    {Op::kGetSid, "get_sid", 2, 1},
    {Op::kLend, "lend", 14, 8},
    {Op::kClear, "clear", 4, 1},
    {Op::kTransferring, "moves", 4, 1},
    {Op::kDone, "done", 8, 1},
    {Op::kFails, "fails", 2, 1},
    {Op::kFailsForGood, "fails_for_good", 1, 1},
    {Op::kWait, "wait", 5, 5},
    {Op::kStoreFails, "store_fails", 2, 1},
    {Op::kStoreWorks, "store_works", 4, 1},
    {Op::kLogon, "logon", 3, 4},
    {Op::kLogoff, "logoff", 4, 1},
    {Op::kAccount, "account", 2, 5},
    {Op::kRestart, "restart", 2, 1},
};

const Kind& KindOf(Op op) {
  for (const Kind& kind : kKinds) {
    if (kind.op == op) return kind;
  }
  return kKinds[0];
}

}  // namespace

std::string ToString(const Step& step) {
  std::ostringstream text;
  text << KindOf(step.op).name << " " << kCast[static_cast<size_t>(step.who)].name << " " << step.on
       << " " << step.with << " " << step.in;
  return text.str();
}

std::string ToString(const std::vector<Step>& steps) {
  std::string text;
  for (const Step& step : steps) text += ToString(step) + "\n";
  return text;
}

std::vector<Step> Parse(std::string_view text) {
  std::vector<Step> steps;
  std::istringstream lines{std::string(text)};
  std::string op, who;
  for (Step step{}; lines >> op >> who >> step.on >> step.with >> step.in;) {
    for (const Kind& kind : kKinds) {
      if (op != kind.name) continue;
      step.op = kind.op;
      for (size_t i = 0; i < kCast.size(); ++i)
        step.who = who == kCast[i].name ? static_cast<int>(i) : step.who;
      steps.push_back(step);
    }
  }
  return steps;
}

std::vector<Step> RandomSteps(uint32_t seed, int count) {
  std::mt19937 random(seed);
  const auto pick = [&](int below) {
    return static_cast<int>(random() % static_cast<uint32_t>(below));
  };
  int total = 0;
  for (const Kind& kind : kKinds) total += kind.weight;
  std::vector<Step> steps;
  while (static_cast<int>(steps.size()) < count) {
    int at = pick(total);
    const Kind* kind = kKinds;
    for (; at >= kind->weight; ++kind) at -= kind->weight;
    Step step{kind->op};
    // Most calls are the owner's and the helper's; most sessions the default one.
    step.who = pick(2) == 0 ? pick(2) : pick(static_cast<int>(kCast.size()));
    step.on = pick(6);
    step.with = pick(kind->max_with);
    step.in = pick(4) == 0 ? pick(4) : 0;
    steps.push_back(step);
  }
  return steps;
}

}  // namespace bitsd::model
