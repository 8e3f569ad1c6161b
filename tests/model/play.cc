#include "tests/model/play.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "tests/model/reference_model.h"
#include "tests/model/system.h"

namespace bitsd::model {
namespace {

std::string CompareAnswers(const std::vector<Answer>& right, const Answer& answer) {
  if (std::find(right.begin(), right.end(), answer) != right.end()) return "";
  std::string text = absl::StrCat("answer ", ToString(answer), ", right:");
  for (const Answer& one : right) absl::StrAppend(&text, " ", ToString(one), ";");
  return text;
}

std::string CompareJob(ReferenceModel& model, const System& system, size_t job) {
  const std::optional<Sight> seen = system.See(job);
  if (!seen.has_value()) return model.IsPurged(job) ? "" : "is gone";
  if (model.IsPurged(job)) return "is there still";
  if (!model.IsSettled(job)) return model.Adopt(job, *seen, system.IsStored(job));
  if (!(*seen == model.See(job))) return absl::StrCat("right: ", ToString(model.See(job)));
  return model.IsStored(job) && !system.IsStored(job) ? "is not in the store" : "";
}

std::string CompareJobs(ReferenceModel& model, const System& system) {
  for (size_t job = 0; job < model.jobs(); ++job) {
    const std::string wrong = CompareJob(model, system, job);
    if (wrong.empty()) continue;
    const std::optional<Sight> seen = system.See(job);
    return absl::StrCat("job ", job, ": ", seen ? ToString(*seen) : "none", "; ", wrong);
  }
  return "";
}

}  // namespace

Played Play(const std::vector<Step>& steps, bool windows7) {
  System system(windows7);
  ReferenceModel model(windows7, system.Now());
  Played played;
  for (const Step& step : steps) {
    const auto right = model.Play(step);
    if (!right) continue;
    ++played.steps;
    std::string wrong = CompareAnswers(*right, system.Play(step));
    if (step.op == Op::kRestart && !model.AdoptSessions(system.Sessions())) {
      wrong = "other sessions than before the restart";
    }
    if (wrong.empty()) wrong = CompareJobs(model, system);
    if (wrong.empty()) wrong = system.StoreFaults();
    if (wrong.empty()) continue;
    played.mismatch = absl::StrCat(ToString(step), ": ", wrong);
    return played;
  }
  return played;
}

std::vector<Step> Shrunk(std::vector<Step> steps, bool windows7) {
  for (size_t chunk = std::max<size_t>(1, steps.size() / 2); chunk > 0; chunk /= 2) {
    for (size_t at = 0; at < steps.size();) {
      std::vector<Step> fewer = steps;
      const auto begin = fewer.begin() + static_cast<std::ptrdiff_t>(at);
      fewer.erase(begin, begin + static_cast<std::ptrdiff_t>(std::min(chunk, steps.size() - at)));
      if (Play(fewer, windows7).mismatch.empty()) {
        at += chunk;
      } else {
        steps = std::move(fewer);
      }
    }
  }
  return steps;
}

}  // namespace bitsd::model
