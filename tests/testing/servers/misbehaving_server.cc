#include "tests/testing/servers/misbehaving_server.h"

#include <cstdio>
#include <cstdlib>

#include "tests/testing/wait.h"

namespace bitsd::tests {

MisbehavingServer::MisbehavingServer() {
  const std::string certificate = ca_file();
  const std::string key = folder_.File("key.pem");
  const std::string output = folder_.File("output");
  const Finished made =
      Run({"/usr/bin/openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
           "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext",
           "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", key, "-out", certificate},
          folder_.path());
  if (made.status != 0) std::fprintf(stderr, "%s\n", made.output.c_str());
  auto process = Process::Start(
      {{"/usr/bin/env", "python3", MISBEHAVING_SERVER_PROGRAM, certificate, key}, output, "", {}});
  if (process.ok()) process_.emplace(*std::move(process));
  int http = 0;
  int https = 0;
  const bool ready = WaitFor([&] {
    return std::sscanf(ReadFile(output).c_str(), "READY %d %d\n", &http, &https) == 2 && https != 0;
  });
  if (!ready) {
    std::fprintf(stderr, "misbehaving_server.py does not start: %s\n", ReadFile(output).c_str());
    std::abort();
  }
  http_ = static_cast<uint16_t>(http);
  https_ = static_cast<uint16_t>(https);
}

std::string MisbehavingServer::Url(const std::string& path) const {
  return "http://127.0.0.1:" + std::to_string(http_) + path;
}

std::string MisbehavingServer::SecureUrl(const std::string& path) const {
  return "https://127.0.0.1:" + std::to_string(https_) + path;
}

std::string MisbehavingServer::Content(size_t size, int version) {
  std::string bytes(size, '\0');
  for (size_t i = 0; i < size; ++i) {
    bytes[i] = static_cast<char>((i % 251 + static_cast<size_t>(version) - 1) % 256);
  }
  return bytes;
}

}  // namespace bitsd::tests
