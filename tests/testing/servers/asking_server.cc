#include "tests/testing/servers/asking_server.h"

#include <cstdio>
#include <cstdlib>
#include <utility>

#include "tests/testing/wait.h"

namespace bitsd::tests {

AskingServer::AskingServer() {
  const std::string output = folder_.File("output");
  auto process =
      Process::Start({{"/usr/bin/env", "python3", ASKING_SERVER_PROGRAM}, output, "", {}});
  if (process.ok()) process_.emplace(*std::move(process));
  int port = 0;
  const bool ready = WaitFor(
      [&] { return std::sscanf(ReadFile(output).c_str(), "READY %d\n", &port) == 1 && port != 0; });
  if (!ready) {
    std::fprintf(stderr, "asking_server.py does not start: %s\n", ReadFile(output).c_str());
    std::abort();
  }
  port_ = static_cast<uint16_t>(port);
}

std::string AskingServer::Count(const std::string& name) const {
  return Run({"/usr/bin/curl", "-s", Url("count" + name)}, folder_.path()).output;
}

}  // namespace bitsd::tests
