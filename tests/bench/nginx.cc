#include "tests/bench/nginx.h"

#include <algorithm>
#include <fstream>
#include <random>
#include <sstream>
#include <utility>
#include <vector>

#include "tests/testing/servers/web_server.h"
#include "tests/testing/wait.h"

namespace bitsd::bench {

absl::StatusOr<std::unique_ptr<Nginx>> Nginx::Start() {
  std::unique_ptr<Nginx> server(new Nginx());
  const tests::TempFolder& folder = server->folder_;
  folder.MakeFolder("files", 0, 0);
  server->port_ = tests::FreePort();
  std::ostringstream text;
  text << "user root;\nworker_processes 1;\ndaemon off;\npid " << folder.File("pid")
       << ";\nerror_log " << folder.File("error") << ";\nevents { worker_connections 1024; }\n"
       << "http {\n  access_log off;\n  sendfile on;\n  tcp_nopush on;\n"
       << "  keepalive_requests 1000000;\n";
  for (const char* kind : {"client_body", "proxy", "fastcgi", "uwsgi", "scgi"}) {
    text << "  " << kind << "_temp_path " << folder.File(kind) << ";\n";
  }
  text << "  server { listen " << server->Address() << " backlog=1024; root "
       << folder.File("files") << "; }\n}\n";
  tests::WriteFile(folder.File("nginx.conf"), text.str());
  absl::StatusOr<tests::Process> process = tests::Process::Start(
      {{BITSD_NGINX_PROGRAM, "-e", folder.File("error"), "-c", folder.File("nginx.conf")},
       folder.File("output"),
       "",
       std::nullopt});
  if (!process.ok()) return process.status();
  server->process_ = std::make_unique<tests::Process>(*std::move(process));
  const auto listens = [&] { return tests::Accepts(server->port_); };
  if (!tests::WaitFor([&] { return listens() || !server->process_->IsRunning(); }) || !listens()) {
    return absl::UnavailableError("nginx did not start: " + tests::ReadFile(folder.File("output")));
  }
  return server;
}

void Nginx::Put(const std::string& name, uint64_t size) const {
  std::mt19937_64 random(size);
  std::vector<uint64_t> block(size_t{1} << 17);
  std::ofstream file(folder_.File("files/" + name), std::ios::binary);
  for (uint64_t left = size; left > 0;) {
    std::generate(block.begin(), block.end(), std::ref(random));
    const uint64_t part = std::min<uint64_t>(left, block.size() * sizeof block.front());
    file.write(reinterpret_cast<const char*>(block.data()), static_cast<std::streamsize>(part));
    left -= part;
  }
}

std::string Nginx::Url(std::string_view name) const {
  return "http://" + Address() + "/" + std::string(name);
}

}  // namespace bitsd::bench
