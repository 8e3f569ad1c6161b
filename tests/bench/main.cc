// bitsd_bench: measures, prints a table, and says which target was missed.

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <iomanip>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/bench/benches.h"

namespace bitsd::bench {
namespace {

/// A family of measurements, and the names of its ratios.
struct Family {
  std::vector<std::string> names;
  std::function<std::vector<Result>(const Settings&)> run;
};

std::vector<Family> Families() {
  // The first forks a broker, which is done before there are threads.
  return {
      {{"broker_cost", "broker_messages"}, BrokerCost},
      {{"get_flags_cpu", "set_flags_cpu"}, RpcCpu},
      {{"durable_set_flags", "durable_set_flags_etcd", "durable_set_flags_syncs"}, DurableFlags},
      {{"get_flags_latency_p50", "get_flags_latency_p99"}, RpcLatency},
      {{"download_throughput", "download_cpu"}, LargeDownload},
      {{"small_files"}, SmallFiles},
      {{"kerberos_download"}, KerberosDownload},
      {{"kerberos_small"}, KerberosSmallFiles},
      {{"bytes_per_job", "restart", "getjob_at_scale", "logoff_at_scale", "flags_at_scale"},
       MillionJobs}};
}

/// True when a name of the family begins with `only`.
bool Wanted(const Family& family, const std::string& only) {
  return std::any_of(family.names.begin(), family.names.end(),
                     [&](const std::string& name) { return name.starts_with(only); });
}

std::string Number(double value) {
  std::ostringstream text;
  text << std::fixed << std::setprecision(2) << value;
  return text.str();
}

std::string TargetOf(const Goal& goal) {
  if (!goal.target) return "-";
  return (goal.better == Better::kLower ? "<= " : ">= ") + Number(*goal.target);
}

void PrintTable(const std::vector<Result>& results) {
  std::cout << std::left << std::setw(26) << "ratio" << std::setw(8) << "median" << std::setw(15)
            << "quartiles" << std::setw(9) << "target" << std::setw(8) << "" << std::setw(7)
            << "pairs" << std::setw(18) << "bitsd"
            << "peer\n";
  for (const Result& result : results) {
    std::cout << std::setw(26) << result.goal.name << std::setw(8) << Number(result.ratio.median)
              << std::setw(15) << Number(result.ratio.q1) + " - " + Number(result.ratio.q3)
              << std::setw(9) << TargetOf(result.goal) << std::setw(8)
              << (!result.goal.target ? ""
                  : result.Holds()    ? "holds"
                                      : "MISSED")
              << std::setw(7) << result.pairs << std::setw(18) << result.ours << result.peer
              << "\n";
  }
}

nlohmann::json ToJson(const std::vector<Result>& results) {
  nlohmann::json all = nlohmann::json::object();
  for (const Result& result : results) {
    nlohmann::json& one = all[result.goal.name];
    one["ratio"] = result.ratio.median;
    one["target"] = result.goal.target ? nlohmann::json(*result.goal.target) : nlohmann::json();
    one["better"] = result.goal.better == Better::kLower ? "lower" : "higher";
    one["spread"] = {result.ratio.q1, result.ratio.q3};
  }
  return all;
}

}  // namespace

int Main(int argc, char** argv) {
  CLI::App app{"Measures bitsd beside peers on this machine, as ratios"};
  Settings settings;
  std::string only;
  std::string json;
  app.add_option("--only", only, "Only the ratios whose names begin with this");
  app.add_option("--json", json, "Write the ratios to this file");
  app.add_option("--pairs", settings.pairs, "Pairs of each measurement")
      ->check(CLI::Range(9, 1000))
      ->capture_default_str();
  CLI11_PARSE(app, argc, argv);

  std::vector<Result> results;
  for (const Family& family : Families()) {
    if (!Wanted(family, only)) continue;
    std::cerr << family.names.front() << " ";
    for (Result& result : family.run(settings)) results.push_back(std::move(result));
  }
  if (results.empty()) {
    std::cerr << "No ratio's name begins with '" << only << "'.\n";
    return EXIT_FAILURE;
  }
  PrintTable(results);
  if (!json.empty()) std::ofstream(json) << ToJson(results).dump(2) << "\n";
  return EXIT_SUCCESS;
}

}  // namespace bitsd::bench

int main(int argc, char** argv) { return bitsd::bench::Main(argc, argv); }
