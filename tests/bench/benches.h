// The measurements, one function a family. Each starts the real bitsd and a real peer on loopback,
// in a folder of its own, and stops them.
//
// Thread safety: one at a time.

#ifndef BITSD_TESTS_BENCH_BENCHES_H_
#define BITSD_TESTS_BENCH_BENCHES_H_

#include <cstdint>
#include <vector>

#include "tests/bench/ratio.h"

namespace bitsd::bench {

struct Settings {
  int pairs = 9;
  uint64_t download_bytes = uint64_t{2} << 30;
};

/// get_flags_cpu and set_flags_cpu: server CPU per call over a no-op echo's, 64 in flight over 4
/// connections.
std::vector<Result> RpcCpu(const Settings& settings);
/// get_flags_latency_p50 and _p99: at one in flight over the echo's.
std::vector<Result> RpcLatency(const Settings& settings);
/// download_throughput and download_cpu: one large file beside curl; aria2c and wget2 are shown.
std::vector<Result> LargeDownload(const Settings& settings);
/// small_files: 5,000 files of 4 KiB as 25 jobs beside `curl --parallel`.
std::vector<Result> SmallFiles(const Settings& settings);
/// kerberos_download: one file of a quarter of the size under implicit Kerberos beside `curl
/// --negotiate`.
std::vector<Result> KerberosDownload(const Settings& settings);
/// kerberos_small: 1,000 files of 4 KiB, each of which wants Kerberos, in one job beside one curl.
std::vector<Result> KerberosSmallFiles(const Settings& settings);
/// durable_set_flags: SetHelperTokenFlags over 1,000 jobs with the durable store, beside the memory
/// store and a single etcd; and how often the disk is synced for one call.
std::vector<Result> DurableFlags(const Settings& settings);
/// A million jobs at rest in the store: bytes_per_job (beside 1.5 KiB) and restart (beside a scan
/// of the tables by the SQLite library); and beside a thousand jobs getjob_at_scale,
/// logoff_at_scale and flags_at_scale (durable_set_flags among a million).
std::vector<Result> MillionJobs(const Settings& settings);
/// broker_cost: 1,000 files of 4 KiB, opened by workers or by the process itself.
std::vector<Result> BrokerCost(const Settings& settings);

}  // namespace bitsd::bench

#endif  // BITSD_TESTS_BENCH_BENCHES_H_
