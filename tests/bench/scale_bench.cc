#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bits/v1/manager.pb.h"
#include "tests/bench/benches.h"
#include "tests/bench/crowd.h"
#include "tests/bench/flags_load.h"
#include "tests/bench/load.h"
#include "tests/bench/must.h"

namespace bitsd::bench {
namespace {

constexpr size_t kMany = 1'000'000;
constexpr size_t kFew = 1'000;
/// A start on a million jobs takes seconds: so many pairs, and one that does not count.
constexpr int kRestartPairs = 5;
constexpr size_t kGetJobCalls = 3'000;
/// So many jobs lose their token in one logoff.
constexpr size_t kTokens = 100;
/// A logoff waits for few syncs of the disk, whose times differ much: so many are one run.
constexpr int kLogoffs = 5;
/// Of the million: each is changed twice in a run.
constexpr size_t kFlaggedJobs = kFlagsCalls / 2;

constexpr double kBytesPerJob = 1536;

std::vector<Result> Restarts(Crowd& many) {
  const double alone = Crowd(1).ResidentBytes();
  // {seconds, bytes for each job}
  const auto start = [&] {
    const double seconds = many.StartAgain();
    const double bytes = many.ResidentBytes() - alone;
    many.Stop();
    return Sample{seconds, bytes / kMany};
  };
  many.Stop();
  const auto pairs = Interleave(kRestartPairs, start, [&] {
    return Sample{many.ScanTables(), kBytesPerJob};
  });
  many.StartAgain();
  return {RatioOf({"bytes_per_job", Better::kLower, 1.0}, pairs, 1, 1, "B"),
          RatioOf({"restart", Better::kLower, 15.0}, pairs, 0, 1, "s")};
}

/// GetJob, one at a time, each run on other jobs as far as there are others.
class GetJobBench {
 public:
  explicit GetJobBench(Crowd& crowd)
      : load_(crowd.bitsd().endpoint(), crowd.bitsd().pki().Of("fetcher"),
              crowd.bitsd().pki().roots(), 1),
        jobs_(crowd.Some(kMany)) {}

  /// {median seconds}.
  Sample Median() {
    std::vector<PreparedCall> calls;
    for (size_t i = 0; i < kGetJobCalls; ++i) {
      bits::v1::GetJobRequest request;
      request.set_job_id(jobs_[next_++ % jobs_.size()]);
      calls.emplace_back("/bits.v1.BackgroundCopyManager/GetJob", request);
    }
    return {SpreadOf(load_.Run(calls, kGetJobCalls, 1)).median};
  }

 private:
  Load load_;
  const std::vector<std::string> jobs_;
  size_t next_ = 0;
};

Result GetJobs(const Settings& settings, Crowd& many, Crowd& few) {
  GetJobBench among_many(many);
  GetJobBench among_few(few);
  const auto pairs = Interleave(
      settings.pairs, [&] { return among_many.Median(); }, [&] { return among_few.Median(); });
  return RatioOf({"getjob_at_scale", Better::kLower, 1.2}, pairs, 0, 1e6, "µs");
}

/// A logon session of "alice", who lends herself to jobs of "fetcher" in it, and its end.
class LogoffBench {
 public:
  explicit LogoffBench(Crowd& crowd)
      : crowd_(crowd),
        owner_(Must(crowd.bitsd().Connect("fetcher"))),
        helper_(Must(crowd.bitsd().Connect("alice"))),
        jobs_(crowd.Some(kTokens)) {
    for (const std::string& job : jobs_) {
      handles_.push_back(Must(owner_.QueryInterface(job, helper_.sid())));
      Must(owner_.SetHelperTokenFlags(handles_.back(), 1));
    }
  }

  /// {median seconds from Logoff until all jobs are in ERROR}.
  Sample Seconds() {
    std::vector<double> seconds;
    for (int i = 0; i < kLogoffs; ++i) seconds.push_back(LendAndLogOff());
    return {SpreadOf(std::move(seconds)).median};
  }

 private:
  double LendAndLogOff() {
    const std::string session = Lend();
    const auto begin = std::chrono::steady_clock::now();
    Must(helper_.Logoff(session));
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
    for (const std::string& job : jobs_) {
      // It answers when they are.
      if (Must(owner_.GetJob(job)).state() != bits::v1::JOB_STATE_ERROR) std::abort();
      Must(owner_.Suspend(job));
    }
    return seconds.count();
  }

  /// Sets the token of every job in a new session; returns its id.
  std::string Lend() {
    bits::v1::LogonRequest request;
    request.mutable_ttl()->set_seconds(3600);
    const std::string session = Must(helper_.Logon(request)).session_id();
    bits::ClientOptions options = Must(crowd_.bitsd().ClientOptionsOf("alice"));
    options.session_id = session;
    const bits::Client lender = Must(bits::Client::Connect(std::move(options)));
    for (const bits::Handle& handle : handles_) Must(lender.SetHelperToken(handle, lender.sid()));
    return session;
  }

  Crowd& crowd_;
  const bits::Client owner_;
  const bits::Client helper_;
  const std::vector<std::string> jobs_;
  std::vector<bits::Handle> handles_;
};

Result Logoffs(const Settings& settings, Crowd& many, Crowd& few) {
  LogoffBench among_many(many);
  LogoffBench among_few(few);
  const auto pairs = Interleave(
      settings.pairs, [&] { return among_many.Seconds(); }, [&] { return among_few.Seconds(); });
  return RatioOf({"logoff_at_scale", Better::kLower, 2.0}, pairs, 0, 1e3, "ms");
}

/// SetHelperTokenFlags over `jobs` of a crowd.
class FlagsBench {
 public:
  FlagsBench(Crowd& crowd, size_t jobs)
      : load_(crowd.bitsd().endpoint(), crowd.bitsd().pki().Of("fetcher"),
              crowd.bitsd().pki().roots(), kFlagsConnections),
        calls_(FlagsCalls(Must(crowd.bitsd().Connect("fetcher")), crowd.Some(jobs))) {}

  Sample Rate() { return CallsPerSecond(load_, calls_); }

 private:
  Load load_;
  const std::vector<PreparedCall> calls_;
};

Result Flags(const Settings& settings, Crowd& many, Crowd& few) {
  FlagsBench among_many(many, kFlaggedJobs);
  FlagsBench among_few(few, kFew);
  const auto pairs = Interleave(
      settings.pairs, [&] { return among_many.Rate(); }, [&] { return among_few.Rate(); });
  return RatioOf({"flags_at_scale", Better::kHigher, std::nullopt}, pairs, 0, 1, "calls/s");
}

}  // namespace

std::vector<Result> MillionJobs(const Settings& settings) {
  Crowd many(kMany);
  std::vector<Result> results = Restarts(many);
  Crowd few(kFew);
  results.push_back(GetJobs(settings, many, few));
  results.push_back(Logoffs(settings, many, few));
  results.push_back(Flags(settings, many, few));
  return results;
}

}  // namespace bitsd::bench
