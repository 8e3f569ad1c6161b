#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/bench/benches.h"
#include "tests/bench/cpu.h"
#include "tests/bench/etcd.h"
#include "tests/bench/etcd.pb.h"
#include "tests/bench/flags_load.h"
#include "tests/bench/load.h"
#include "tests/bench/must.h"
#include "tests/testing/bitsd/bitsd_server.h"
#include "tests/testing/wait.h"

namespace bitsd::bench {
namespace {

constexpr size_t kJobs = 1'000;
constexpr int kServerCore = 0;
constexpr int kClientCore = 1;
/// What a job takes in the store's table, about: what etcd stores in its place.
constexpr size_t kRecordBytes = 128;

/// SetHelperTokenFlags over many jobs of one bitsd.
class FlagsBench {
 public:
  /// `program` runs bitsd, when it is not bitsd itself.
  explicit FlagsBench(const std::string& store, std::vector<std::string> program = {}) {
    PinTo(kServerCore);
    tests::BitsdOptions options;
    options.config = "store: " + store + "\nlimits: {jobs_per_machine: " + std::to_string(kJobs) +
                     ", jobs_per_user: " + std::to_string(kJobs) + "}";
    options.program = std::move(program);
    bitsd_ = Must(tests::BitsdServer::Start(std::move(options)));
    PinTo(kClientCore);
    load_ = std::make_unique<Load>(bitsd_->endpoint(), pki().Of("fetcher"), pki().roots(),
                                   kFlagsConnections);
    MakeCalls();
  }
  ~FlagsBench() { Unpin(); }

  /// {calls per second}.
  Sample Rate() { return CallsPerSecond(*load_, calls_); }

  const tests::DemoPki& pki() const { return bitsd_->pki(); }
  tests::BitsdServer& bitsd() { return *bitsd_; }

 private:
  void MakeCalls() {
    const bits::Client client = Must(bitsd_->Connect("fetcher"));
    std::vector<std::string> jobs;
    for (size_t i = 0; i < kJobs; ++i) {
      bits::v1::CreateJobRequest request;
      request.set_display_name("bench");
      jobs.push_back(Must(client.CreateJob(std::move(request))).id());
    }
    calls_ = FlagsCalls(client, jobs);
  }

  std::unique_ptr<tests::BitsdServer> bitsd_;
  std::unique_ptr<Load> load_;
  std::vector<PreparedCall> calls_;
};

class EtcdBench {
 public:
  explicit EtcdBench(const tests::DemoPki& pki) {
    PinTo(kServerCore);
    etcd_ = Must(Etcd::Start(pki));
    PinTo(kClientCore);
    load_ = std::make_unique<Load>(etcd_->endpoint(), pki.Of("fetcher"), pki.roots(),
                                   kFlagsConnections);
    for (size_t i = 0; i < kJobs; ++i) {
      EtcdPut put;
      put.set_key("job/" + std::to_string(100'000'000'000 + i));
      put.set_value(std::string(kRecordBytes, 'x'));
      calls_.emplace_back("/etcdserverpb.KV/Put", put);
    }
  }

  Sample Rate() { return CallsPerSecond(*load_, calls_); }

 private:
  std::unique_ptr<Etcd> etcd_;
  std::unique_ptr<Load> load_;
  std::vector<PreparedCall> calls_;
};

/// Counts the syncs of a bitsd: strace notes them, and leaves every other system call alone.
class SyncCounter {
 public:
  SyncCounter() : trace_(folder_.File("trace")), bench_("sqlite", Program()) {}
  ~SyncCounter() {
    // strace itself does not end by a signal: what it runs does, and then strace.
    for (const pid_t pid : ProcessTree(bench_.bitsd().process().pid())) {
      if (pid != bench_.bitsd().process().pid()) ::kill(pid, SIGTERM);
    }
    bench_.bitsd().process().Wait();
  }

  /// {syncs per acknowledged call}.
  Sample SyncsPerCall() {
    const size_t before = Syncs();
    bench_.Rate();
    return {static_cast<double>(Syncs() - before) / kFlagsCalls};
  }

 private:
  std::vector<std::string> Program() const {
    return {
        "/usr/bin/strace", "-f", "--seccomp-bpf", "-qq",        "-e", "trace=fdatasync,fsync", "-e",
        "signal=none",     "-o", trace_,          BITSD_PROGRAM};
  }
  /// A call that another thread's interrupts has two lines: "sync(7 <unfinished", "<... resumed".
  size_t Syncs() const {
    const std::string text = tests::ReadFile(trace_);
    size_t count = 0;
    for (size_t at = 0; (at = text.find("sync(", at)) != std::string::npos; ++at) ++count;
    return count;
  }

  tests::TempFolder folder_;
  const std::string trace_;
  FlagsBench bench_;
};

}  // namespace

std::vector<Result> DurableFlags(const Settings& settings) {
  std::vector<Result> results;
  FlagsBench durable("sqlite");
  {
    FlagsBench memory("memory");
    const auto pairs = Interleave(
        settings.pairs, [&] { return durable.Rate(); }, [&] { return memory.Rate(); });
    results.push_back(RatioOf({"durable_set_flags", Better::kHigher, 0.5}, pairs, 0, 1, "calls/s"));
  }
  {
    EtcdBench etcd(durable.pki());
    const auto pairs = Interleave(
        settings.pairs, [&] { return durable.Rate(); }, [&] { return etcd.Rate(); });
    results.push_back(
        RatioOf({"durable_set_flags_etcd", Better::kHigher, 1.0}, pairs, 0, 1, "calls/s"));
  }
  SyncCounter counter;
  const auto pairs = Interleave(
      settings.pairs, [&] { return counter.SyncsPerCall(); }, [] { return Sample{1}; });
  results.push_back(
      RatioOf({"durable_set_flags_syncs", Better::kLower, 0.25}, pairs, 0, 1, "syncs/call"));
  return results;
}

}  // namespace bitsd::bench
