#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include "tests/bench/benches.h"
#include "tests/bench/must.h"
#include "tests/bench/nginx.h"
#include "tests/bench/transfer_rig.h"

namespace bitsd::bench {
namespace {

constexpr size_t kJobs = 25;
constexpr size_t kFilesPerJob = 200;
constexpr uint64_t kSmallFile = 4096;

tests::BitsdOptions OptionsFor(const Nginx& nginx) {
  tests::BitsdOptions options;
  options.allowed_addresses = {nginx.Address()};
  options.config = "log_level: warning";
  return options;
}

/// Another downloader, shown beside curl: median seconds of three runs, as a ratio to curl's.
Result Show(TransferRig& rig, const std::string& name, const std::string& command,
            const std::function<Sample()>& curl) {
  const auto pairs = Interleave(
      3, [&] { return rig.RunCommand(command); }, curl);
  return RatioOf({name + "_seconds", Better::kLower, std::nullopt}, pairs, 0, 1, "s");
}

}  // namespace

std::vector<Result> LargeDownload(const Settings& settings) {
  const auto nginx = Must(Nginx::Start());
  TransferRig rig(OptionsFor(*nginx));
  nginx->Put("large", settings.download_bytes);
  const std::string url = nginx->Url("large");
  const std::string path = rig.folder() + "/large";
  const auto ours = [&] { return rig.RunJobs({{{url, path}}}); };
  const std::string sync = " && sync -d " + path;
  const auto curl = [&] { return rig.RunCommand("curl -sSf -o " + path + " " + url + sync); };
  const auto pairs = Interleave(settings.pairs, ours, curl);
  return {
      ThroughputOf({"download_throughput", Better::kHigher, 0.95}, pairs, settings.download_bytes),
      RatioOf({"download_cpu", Better::kLower, 1.15}, pairs, 1, 1, "CPU s"),
      Show(rig, "aria2c_to_curl",
           "aria2c -q --file-allocation=none -d " + rig.folder() + " -o large " + url + sync, curl),
      Show(rig, "wget2_to_curl", "wget2 -q -O " + path + " " + url + sync, curl)};
}

std::vector<Result> SmallFiles(const Settings& settings) {
  const auto nginx = Must(Nginx::Start());
  TransferRig rig(OptionsFor(*nginx));
  std::vector<std::vector<Transfer>> jobs(kJobs);
  std::ofstream list(rig.scratch().File("curl.conf"));
  for (size_t i = 0; i < kJobs * kFilesPerJob; ++i) {
    const std::string name = "small" + std::to_string(i);
    nginx->Put(name, kSmallFile);
    const Transfer file{nginx->Url(name), rig.folder() + "/" + name};
    jobs[i % kJobs].push_back(file);
    list << "url = " << file.url << "\noutput = " << file.path << "\n";
  }
  list.close();
  const std::string curl = "curl -sSf --parallel --parallel-max 25 -K " +
                           rig.scratch().File("curl.conf") + " && cd " + rig.folder() +
                           " && sync -d small*";
  const auto pairs = Interleave(
      settings.pairs, [&] { return rig.RunJobs(jobs); }, [&] { return rig.RunCommand(curl); });
  return {RatioOf({"small_files", Better::kLower, 1.0}, pairs, 0, 1, "s")};
}

}  // namespace bitsd::bench
