#include <algorithm>
#include <memory>
#include <string>

#include "bits/v1/token_options.pb.h"
#include "tests/bench/benches.h"
#include "tests/bench/cpu.h"
#include "tests/bench/echo.pb.h"
#include "tests/bench/load.h"
#include "tests/bench/must.h"
#include "tests/testing/bitsd/bitsd_server.h"

namespace bitsd::bench {
namespace {

constexpr size_t kConnections = 4;
constexpr size_t kInFlight = 64;
constexpr size_t kCalls = 20'000;
constexpr size_t kLatencyCalls = 3'000;
constexpr size_t kJobs = kInFlight;  ///< Changes of one job wait for each other.
constexpr int kServerCore = 0;
constexpr int kClientCore = 1;

/// bitsd and the echo server on one core, the load on another.
class RpcBench {
 public:
  RpcBench() {
    PinTo(kServerCore);
    tests::BitsdOptions options;
    options.config = "limits: {jobs_per_user: " + std::to_string(kJobs) + "}";
    bitsd_ = Must(tests::BitsdServer::Start(std::move(options)));
    StartEcho();
    PinTo(kClientCore);
    const auto& pki = bitsd_->pki();
    ours_ =
        std::make_unique<Load>(bitsd_->endpoint(), pki.Of("fetcher"), pki.roots(), kConnections);
    peer_ = std::make_unique<Load>(echo_endpoint_, pki.Of("fetcher"), pki.roots(), kConnections);
    MakeHandles();
  }
  ~RpcBench() { Unpin(); }

  std::vector<PreparedCall> GetFlags() const {
    std::vector<PreparedCall> calls;
    for (const bits::Handle& handle : handles_) {
      bits::v1::GetHelperTokenFlagsRequest request;
      request.set_handle(handle.bytes());
      calls.emplace_back("/bits.v1.BitsTokenOptions/GetHelperTokenFlags", request);
    }
    return calls;
  }

  std::vector<PreparedCall> SetFlags() const {
    std::vector<PreparedCall> calls;
    for (const bits::Handle& handle : handles_) {
      bits::v1::SetHelperTokenFlagsRequest request;
      request.set_handle(handle.bytes());
      request.set_usage_flags(1);
      calls.emplace_back("/bits.v1.BitsTokenOptions/SetHelperTokenFlags", request);
    }
    return calls;
  }

  /// {CPU seconds of bitsd per call}.
  Sample OurCpu(const std::vector<PreparedCall>& calls) {
    return CpuPerCall(*ours_, calls, bitsd_->process().pid());
  }
  Sample EchoCpu() { return CpuPerCall(*peer_, echo_calls_, echo_->pid()); }

  /// {p50, p99} in seconds.
  Sample OurLatency() { return Latency(*ours_, GetFlags()); }
  Sample EchoLatency() { return Latency(*peer_, echo_calls_); }

 private:
  void StartEcho() {
    const auto server = bitsd_->pki().server();
    const std::string output = folder_.File("echo");
    echo_ = std::make_unique<tests::Process>(Must(tests::Process::Start(
        {{BITSD_ECHO_PROGRAM, server.certificate, server.key, bitsd_->pki().roots()},
         output,
         "",
         std::nullopt})));
    tests::WaitFor([&] { return tests::ReadFile(output).ends_with("\n"); });
    echo_endpoint_ = "127.0.0.1:" + tests::ReadFile(output);
    echo_endpoint_.pop_back();  // The newline.
    EchoRequest request;
    request.set_payload(std::string(bits::Handle::kSize, 'x'));
    echo_calls_.emplace_back("/bitsd.bench.Echo/Call", request);
  }

  void MakeHandles() {
    const bits::Client client = Must(bitsd_->Connect("fetcher"));
    for (size_t i = 0; i < kJobs; ++i) {
      bits::v1::CreateJobRequest request;
      request.set_display_name("bench");
      request.set_type(bits::v1::JOB_TYPE_DOWNLOAD);
      const bits::v1::Job job = Must(client.CreateJob(std::move(request)));
      handles_.push_back(Must(client.QueryInterface(job.id(), std::nullopt)));
    }
  }

  static Sample CpuPerCall(Load& load, const std::vector<PreparedCall>& calls, pid_t pid) {
    const double before = CpuSeconds(pid);
    load.Run(calls, kCalls, kInFlight);
    return {(CpuSeconds(pid) - before) / kCalls};
  }

  static Sample Latency(Load& load, const std::vector<PreparedCall>& calls) {
    std::vector<double> seconds = load.Run(calls, kLatencyCalls, 1);
    std::sort(seconds.begin(), seconds.end());
    return {seconds[kLatencyCalls / 2], seconds[kLatencyCalls * 99 / 100]};
  }

  tests::TempFolder folder_;
  std::unique_ptr<tests::BitsdServer> bitsd_;
  std::unique_ptr<tests::Process> echo_;
  std::string echo_endpoint_;
  std::unique_ptr<Load> ours_;
  std::unique_ptr<Load> peer_;
  std::vector<bits::Handle> handles_;
  std::vector<PreparedCall> echo_calls_;
};

}  // namespace

std::vector<Result> RpcCpu(const Settings& settings) {
  RpcBench bench;
  const auto measure = [&](const Goal& goal, const std::vector<PreparedCall>& calls) {
    const auto pairs = Interleave(
        settings.pairs, [&] { return bench.OurCpu(calls); }, [&] { return bench.EchoCpu(); });
    return RatioOf(goal, pairs, 0, 1e6, "µs");
  };
  return {measure({"get_flags_cpu", Better::kLower, 1.15}, bench.GetFlags()),
          measure({"set_flags_cpu", Better::kLower, 2.0}, bench.SetFlags())};
}

std::vector<Result> RpcLatency(const Settings& settings) {
  RpcBench bench;
  const auto pairs = Interleave(
      settings.pairs, [&] { return bench.OurLatency(); }, [&] { return bench.EchoLatency(); });
  return {RatioOf({"get_flags_latency_p50", Better::kLower, 1.25}, pairs, 0, 1e6, "µs"),
          RatioOf({"get_flags_latency_p99", Better::kLower, 2.0}, pairs, 1, 1e6, "µs")};
}

}  // namespace bitsd::bench
