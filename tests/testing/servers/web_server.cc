#include "tests/testing/servers/web_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <sstream>

#include "tests/testing/wait.h"

namespace bitsd::tests {
namespace {

constexpr char kApache[] = "/usr/sbin/apache2";

constexpr char kModules[] = R"conf(
LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
LoadModule alias_module /usr/lib/apache2/modules/mod_alias.so
LoadModule env_module /usr/lib/apache2/modules/mod_env.so
LoadModule headers_module /usr/lib/apache2/modules/mod_headers.so
LoadModule ratelimit_module /usr/lib/apache2/modules/mod_ratelimit.so
LoadModule setenvif_module /usr/lib/apache2/modules/mod_setenvif.so
LoadModule substitute_module /usr/lib/apache2/modules/mod_substitute.so
)conf";

// mod_substitute cannot know what length its output will have: an answer through it is chunked.
constexpr char kPaths[] = R"conf(
AliasMatch "^/(slow|noranges|chunked|unnamed)/(.*)" "${FILES}/$2"
RedirectMatch 302 "^/moved/(.*)" "/$1"
<Location "/slow">
  SetOutputFilter RATE_LIMIT
  SetEnv rate-limit 1024
</Location>
<Location "/noranges">
  MaxRanges none
</Location>
<Location "/chunked">
  SetOutputFilter SUBSTITUTE
  Substitute "s/text-that-no-file-has//n"
  SubstituteMaxLineLength 64m
  Header unset Accept-Ranges
</Location>
<Location "/unnamed">
  FileETag None
  Header unset Last-Modified
</Location>
)conf";

constexpr char kLogFormat[] =
    R"conf(LogFormat "%m\t%U%q\t%>s\t%{Range}i\t%{If-Range}i\t%{Authorization}i\t%u\t%{SSL_CLIENT_S_DN_CN}e\t%{begin:usec}t" tests)conf";

sockaddr_in Loopback(uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

// The log writes "-" for a header that was not sent.
std::string Field(std::istream& line) {
  std::string text;
  std::getline(line, text, '\t');
  return text == "-" ? "" : text;
}

Request ParseRequest(const std::string& text) {
  std::istringstream line(text);
  Request request;
  request.method = Field(line);
  request.path = Field(line);
  request.status = std::atoi(Field(line).c_str());
  request.range = Field(line);
  request.if_range = Field(line);
  request.authorization = Field(line);
  request.user = Field(line);
  request.certificate = Field(line);
  request.begin = std::chrono::microseconds(std::atoll(Field(line).c_str()));
  return request;
}

}  // namespace

uint16_t FreePort() {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = Loopback(0);
  socklen_t length = sizeof(address);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  const bool found = ::bind(fd, generic, length) == 0 && ::getsockname(fd, generic, &length) == 0;
  ::close(fd);
  return found ? ntohs(address.sin_port) : 0;
}

bool Accepts(uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = Loopback(port);
  const bool accepted =
      ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
  ::close(fd);
  return accepted;
}

absl::StatusOr<std::unique_ptr<WebServer>> WebServer::Start(
    std::string_view directives, const std::vector<std::string>& environment) {
  if (::access(kApache, X_OK) != 0) {
    return absl::NotFoundError("the web server is missing: apt-get install apache2-bin");
  }
  absl::Status status;
  // Somebody may take a free port before the server does.
  for (int attempt = 0; attempt < 3; ++attempt) {
    std::unique_ptr<WebServer> server(new WebServer());
    status = server->StartOn(FreePort(), directives, environment);
    if (status.ok()) return server;
  }
  return status;
}

absl::Status WebServer::StartOn(uint16_t port, std::string_view directives,
                                const std::vector<std::string>& environment) {
  port_ = port;
  folder_.MakeFolder("files", ::geteuid(), ::getegid());
  folder_.MakeFolder("logs", ::geteuid(), ::getegid());
  WriteFile(folder_.File("httpd.conf"), Configuration(directives));
  std::vector<std::string> argv = {"/usr/bin/env"};
  argv.insert(argv.end(), environment.begin(), environment.end());
  argv.insert(argv.end(), {kApache, "-f", folder_.File("httpd.conf"), "-DFOREGROUND"});
  absl::StatusOr<Process> process =
      Process::Start({argv, folder_.File("logs/output"), "", std::nullopt});
  if (!process.ok()) return process.status();
  process_ = std::make_unique<Process>(*std::move(process));
  WaitFor([&] { return Accepts(port_) || !process_->IsRunning(); });
  if (process_->IsRunning() && Accepts(port_)) return absl::OkStatus();
  return absl::UnavailableError(
      "the web server did not start: " + ReadFile(folder_.File("logs/output")) +
      ReadFile(folder_.File("logs/error")));
}

std::string WebServer::Configuration(std::string_view directives) const {
  std::ostringstream text;
  text << kModules << "Define FILES " << folder_.File("files") << "\nDefine PORT " << port_
       << "\nServerName 127.0.0.1\nListen " << Address() << "\nServerRoot " << folder_.path()
       << "\nDefaultRuntimeDir " << folder_.File("logs") << "\nPidFile " << folder_.File("logs/pid")
       << "\nMutex pthread default\nErrorLog " << folder_.File("logs/error") << "\n"
       << kLogFormat << "\nCustomLog " << folder_.File("logs/access")
       << " tests\nDocumentRoot ${FILES}\nEnableSendfile On\nKeepAlive On\nStartServers 1\n"
       << kPaths << directives << "\n";
  if (::geteuid() == 0) text << "User #" << kWebUser << "\nGroup #" << kWebUser << "\n";
  return text.str();
}

std::string WebServer::Url(std::string_view path) const {
  return "http://" + Address() + "/" + std::string(path);
}

void WebServer::Put(std::string_view name, std::string_view content) const {
  // An hour old, and every time another age: for a file of this very second Apache gives a weak
  // ETag, with which no transfer can be resumed.
  static std::atomic<int> age = 3600;
  const std::string path = folder_.File("new-" + std::to_string(--age));
  WriteFile(path, content);
  const auto now = std::filesystem::file_time_type::clock::now();
  std::filesystem::last_write_time(path, now - std::chrono::seconds(3600 + age));
  // A request that is being answered goes on with the file that it opened.
  std::filesystem::rename(path, folder_.File("files/" + std::string(name)));
}

std::string WebServer::PutRandom(std::string_view name, size_t size) const {
  std::mt19937_64 random(size);
  std::string content(size, '\0');
  for (char& byte : content) byte = static_cast<char>(random());
  Put(name, content);
  return content;
}

std::vector<Request> WebServer::Requests() const {
  std::istringstream log(ReadFile(folder_.File("logs/access")));
  std::vector<Request> requests;
  for (std::string line; std::getline(log, line);) requests.push_back(ParseRequest(line));
  return requests;
}

}  // namespace bitsd::tests
