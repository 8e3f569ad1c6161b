// What the service acknowledged to a client, so that it can be asked for after a kill.
//
// A client works on its jobs one call at a time and writes down what each answer says. A call that
// was not answered may have taken effect or not: either is right afterwards, anything else is not.
//
// Thread safety: one thread at a time. Ownership: the jobs' journals; clients are copies.

#ifndef BITSD_TESTS_INTEGRATION_APP_KILL_JOURNAL_H_
#define BITSD_TESTS_INTEGRATION_APP_KILL_JOURNAL_H_

#include <atomic>
#include <cstdint>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "bitsd/client/client.h"

namespace bitsd::tests {

enum class Unanswered { kNothing, kAdd, kResume, kSuspend, kUpdate, kFlags, kComplete, kCancel };

/// One job: what was acknowledged of it, and what was asked and not answered.
struct JobJournal {
  std::string id;
  std::string path;
  size_t source = 0;  ///< Which of the files it downloads.
  bool has_file = false;
  bool runs = false;
  uint32_t flags = 0;
  bool had_flags = false;  ///< Its error may be of the time when it had.
  std::string description;
  std::optional<bits::v1::JobState> end;
  Unanswered unanswered = Unanswered::kNothing;
  uint32_t asked_flags = 0;
  std::string asked_description;
};

/// A file of the web server.
struct Source {
  std::string url;
  std::string content;
};

class JournalledClient {
 public:
  JournalledClient(uint32_t seed, std::string folder, std::string name,
                   const std::vector<Source>& sources)
      : random_(seed), folder_(std::move(folder)), name_(std::move(name)), sources_(sources) {}

  /// After a start of the service: its clients for the owner and for the helper.
  void Connect(bits::Client owner, bits::Client helper);

  /// Random calls until `stop`, or until one is not answered.
  void Work(const std::atomic<bool>& stop);

  /// Compares every job with the journal; what is wrong, or "".
  std::string Check();
  /// Repeats every Complete and Cancel that was not answered; what is wrong, or "".
  std::string Repeat();
  /// Brings every job to an end; what is wrong, or "".
  std::string Finish();
  /// Temporary files that its jobs name as left.
  std::set<std::string> Undeleted();

  size_t acknowledged() const { return acknowledged_; }
  size_t jobs() const { return jobs_.size(); }

 private:
  void Create();
  void Act(JobJournal& job);
  void AddFile(JobJournal& job);
  void SetFlags(JobJournal& job, uint32_t flags);
  void Lend(JobJournal& job);
  void End(JobJournal& job, bool complete);
  /// Notes an answer. False when there was none; then the journal keeps `asked`.
  bool Note(JobJournal& job, const absl::Status& status, Unanswered asked);
  std::string CheckJob(JobJournal& job);
  std::string CheckState(JobJournal& job, const bits::v1::Job& seen) const;
  std::string CheckFile(const JobJournal& job) const;
  std::string FinishJob(JobJournal& job);
  uint32_t Pick(uint32_t below) { return random_() % below; }

  std::mt19937 random_;
  const std::string folder_;
  const std::string name_;
  const std::vector<Source>& sources_;
  std::optional<bits::Client> owner_;
  std::optional<bits::Client> helper_;
  std::vector<JobJournal> jobs_;
  size_t acknowledged_ = 0;
  bool connected_ = true;
};

}  // namespace bitsd::tests

#endif  // BITSD_TESTS_INTEGRATION_APP_KILL_JOURNAL_H_
