// A real bitsd whose downloads are measured beside commands that do the same.
//
// Thread safety: one thread. Ownership: bitsd and its folders.

#ifndef BITSD_TESTS_BENCH_TRANSFER_RIG_H_
#define BITSD_TESTS_BENCH_TRANSFER_RIG_H_

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "bitsd/client/client.h"
#include "tests/bench/ratio.h"
#include "tests/testing/bitsd/bitsd_server.h"

namespace bitsd::bench {

struct Transfer {
  std::string url;
  std::string path;
};

class TransferRig {
 public:
  /// Whose jobs they are.
  static constexpr char kOwner[] = "fetcher";

  explicit TransferRig(tests::BitsdOptions options);

  /// Where files are written; emptied before each run.
  const std::string& folder() const { return folder_; }
  const tests::TempFolder& scratch() const { return scratch_; }

  /// What else is done with each new job, such as setting its credentials.
  std::function<void(const bits::Client& owner, const std::string& job)> prepare;

  /// Runs one FOREGROUND job for each list, from CreateJob to Complete: {seconds, CPU seconds}.
  Sample RunJobs(const std::vector<std::vector<Transfer>>& jobs);
  /// Runs a shell command on an empty folder: {seconds, CPU seconds}.
  Sample RunCommand(const std::string& command);

 private:
  void Empty();
  void CompleteAll(const std::set<std::string>& ids);
  std::string StartJob(const std::vector<Transfer>& files);

  const tests::TempFolder scratch_;
  std::unique_ptr<tests::BitsdServer> bitsd_;
  std::optional<bits::Client> client_;
  std::string folder_;
};

/// The throughput ratio of pairs of {seconds, ...}: the inverse of the time ratio.
Result ThroughputOf(const Goal& goal, std::vector<Pair> pairs, uint64_t bytes);

}  // namespace bitsd::bench

#endif  // BITSD_TESTS_BENCH_TRANSFER_RIG_H_
