// bitsd: flags -> configuration -> supervisor -> server.

#include <sys/resource.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <string>
#include <vector>

#include "server/app/check_config.h"
#include "server/app/early_binding.h"
#include "server/app/protected_files.h"
#include "server/app/server.h"
#include "server/app/show_set_aside.h"
#include "server/app/supervision.h"
#include "server/base/wiped_memory.h"
#include "server/ops/config.h"
#include "server/ops/log.h"

namespace {

int Check(const std::string& path) {
  const std::vector<std::string> problems = bitsd::CheckConfig(path);
  for (const std::string& problem : problems) std::cerr << "bitsd: " << problem << "\n";
  if (problems.empty()) std::cout << path << ": bitsd would start with it\n";
  return problems.empty() ? EXIT_SUCCESS : EXIT_FAILURE;
}

int ShowSetAside(const std::string& path) {
  const auto text = bitsd::DescribeSetAside(path);
  if (!text.ok()) {
    std::cerr << "bitsd: " << text.status().message() << "\n";
    return EXIT_FAILURE;
  }
  std::cout << *text;
  return EXIT_SUCCESS;
}

/// Every running download holds files open, up to a hundred small ones. The soft limit is there for
/// programs that use select().
void UseAllDescriptors() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

int Serve(const bitsd::Config& config, bitsd::UniqueFd control) {
  UseAllDescriptors();
  auto server = bitsd::Server::Create(config, std::move(control));
  if (!server.ok()) {
    std::cerr << "bitsd: " << server.status().message() << "\n";
    return EXIT_FAILURE;
  }
  (*server)->Wait();
  return EXIT_SUCCESS;
}

}  // namespace

int main(int argc, char** argv) {
  if (const absl::Status bound = bitsd::BindEarly(argv); !bound.ok()) {
    std::cerr << "bitsd: " << bound.message() << "\n";
    return EXIT_FAILURE;
  }
  bitsd::WipeFreedMemory();
  CLI::App app{"bitsd: background transfers with two identities per job"};
  app.footer(
      "Started as root, bitsd keeps CAP_SETUID and CAP_SETGID in one small process and becomes "
      "the\n"
      "configuration's run_as user. Started as another user without these capabilities, it serves\n"
      "only accounts mapped to that user. SIGTERM ends it; SIGHUP has it read\n"
      "its files again, which it does by itself when they change, too.\n\n"
      "Example: bitsd --config /etc/bitsd/bitsd.yaml");
  std::string path = "/etc/bitsd/bitsd.yaml";
  bool allow_root = false;
  bool check = false;
  bool set_aside = false;
  app.add_option("--config", path, "Configuration file (YAML)")->capture_default_str();
  app.add_flag("--allow-root", allow_root, "Let accounts with uid 0 or gid 0 open files");
  app.add_flag("--check-config", check,
               "Say what is wrong with the configuration and the files it names, and end: status 0 "
               "when nothing is. Changes nothing");
  app.add_flag("--set-aside", set_aside,
               "Show the records of the store that could not be read, with the SQL that puts each "
               "back once it is mended, and end. Changes nothing, and may run beside bitsd");
  app.set_version_flag("--version", "bitsd " BITSD_VERSION);
  CLI11_PARSE(app, argc, argv);

  path = std::filesystem::absolute(path).lexically_normal();
  if (check) return Check(path);
  if (set_aside) return ShowSetAside(path);
  auto config = bitsd::ReadConfig(path, geteuid());
  if (!config.ok()) {
    std::cerr << "bitsd: " << config.status().message() << "\n";
    return EXIT_FAILURE;
  }
  config->allow_root = allow_root;
  bitsd::SetUpLog(config->log_level);
  if (const absl::Status folders = bitsd::PrepareFolders(*config); !folders.ok()) {
    std::cerr << "bitsd: " << folders.message() << "\n";
    return EXIT_FAILURE;
  }
  return bitsd::RunSupervised(bitsd::SupervisorOptionsOf(*config), [&](bitsd::UniqueFd control) {
    return Serve(*config, std::move(control));
  });
}
