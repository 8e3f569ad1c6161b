// bitsd: flags -> configuration -> supervisor -> server.

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <iostream>

#include "server/ops/config.h"
#include "server/ops/log.h"
#include "server/server.h"
#include "server/supervision.h"

namespace {

int Serve(const bitsd::Config& config, bitsd::UniqueFd control) {
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
  CLI::App app{"bitsd: background transfers with two identities per job"};
  app.footer(
      "Started as root, bitsd keeps CAP_SETUID and CAP_SETGID in one small process and becomes "
      "the\n"
      "configuration's run_as user. Started as another user without these capabilities, it serves\n"
      "only accounts mapped to that user. SIGTERM ends it.\n\n"
      "Example: bitsd --config /etc/bitsd/bitsd.yaml");
  std::string path = "/etc/bitsd/bitsd.yaml";
  bool allow_root = false;
  app.add_option("--config", path, "Configuration file (YAML)")->capture_default_str();
  app.add_flag("--allow-root", allow_root, "Let accounts with uid 0 or gid 0 open files");
  app.set_version_flag("--version", "bitsd " BITSD_VERSION);
  CLI11_PARSE(app, argc, argv);

  auto config = bitsd::LoadConfig(path);
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
