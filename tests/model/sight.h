// What is seen of a step and of a job: what the reference model predicts, and what bitsd shows.
//
// Thread safety: values.

#ifndef BITSD_TESTS_MODEL_SIGHT_H_
#define BITSD_TESTS_MODEL_SIGHT_H_

#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "server/error/hresult.h"
#include "server/policy/job_facts.h"

namespace bitsd::model {

/// The answer of a call: its HRESULT, and the rule that refused or what was read.
struct Answer {
  Hresult hresult = Hresult::kOk;
  std::string text;

  bool ok() const { return hresult == Hresult::kOk; }
  friend bool operator==(const Answer&, const Answer&) = default;
};

inline std::string ToString(const Answer& answer) {
  return absl::StrCat("0x", absl::Hex(static_cast<uint32_t>(answer.hresult)), " ", answer.text);
}

/// A job, as its owner or an administrator sees it, and who opens its files at the moment.
struct Sight {
  JobState state = JobState::kSuspended;
  uint32_t flags = 0;
  int lender = -1;  ///< Index into kCast.
  Hresult error = Hresult::kOk;
  std::string error_rule;
  uint32_t error_count = 0;
  int files = 0;
  int transferred = 0;
  int runs_as = -1;  ///< The uid; -1: nothing runs.
  bool helper_sends = false;

  friend bool operator==(const Sight&, const Sight&) = default;
};

inline std::string ToString(const Sight& sight) {
  return absl::StrCat("state ", static_cast<int>(sight.state), " flags ", sight.flags, " lender ",
                      sight.lender, " error 0x", absl::Hex(static_cast<uint32_t>(sight.error)), " ",
                      sight.error_rule, " errors ", sight.error_count, " files ", sight.transferred,
                      "/", sight.files, " runs as ", sight.runs_as,
                      sight.helper_sends ? ", the helper sends" : "");
}

}  // namespace bitsd::model

#endif  // BITSD_TESTS_MODEL_SIGHT_H_
