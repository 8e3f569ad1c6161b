// A real web server (Apache httpd, from Debian's apache2-bin) on a free port of 127.0.0.1.
//
// apache2-bin has the program and its modules but, unlike Debian's other web servers, no service:
// installing it starts, enables and creates nothing. It serves the files of one folder with ranges,
// ETag and Last-Modified; the configuration may say otherwise for some paths. Thread safety: const
// methods from any thread. Ownership: the server process and its folder.

#ifndef BITSD_TESTS_TESTING_SERVERS_WEB_SERVER_H_
#define BITSD_TESTS_TESTING_SERVERS_WEB_SERVER_H_

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "tests/testing/process.h"
#include "tests/testing/temp_folder.h"

namespace bitsd::tests {

/// One line of the access log.
struct Request {
  std::string method;
  std::string path;  ///< With the query, as sent.
  int status = 0;
  std::string range;                   ///< The Range header; empty without.
  std::string if_range;                ///< The If-Range header; empty without.
  std::string authorization;           ///< The Authorization header; empty without.
  std::string user;                    ///< Whom the server took it from; empty: nobody.
  std::string certificate;             ///< Common name of the client certificate; empty: none.
  std::chrono::microseconds begin{0};  ///< When its head had come, since the epoch.
};

class WebServer {
 public:
  /// `directives` are added to the configuration, which defines FILES and PORT. Paths that always
  /// are there, for every file:
  ///   /slow/FILE       1 MiB a second
  ///   /noranges/FILE   answers every request with the whole file
  ///   /chunked/FILE    neither length nor ranges
  ///   /unnamed/FILE    ranges, but neither ETag nor Last-Modified
  ///   /moved/FILE      302 to /FILE
  /// `environment` is of the server alone, as NAME=VALUE.
  static absl::StatusOr<std::unique_ptr<WebServer>> Start(
      std::string_view directives = "", const std::vector<std::string>& environment = {});

  uint16_t port() const { return port_; }
  /// "127.0.0.1:PORT", as `allowed_addresses` wants it.
  std::string Address() const { return "127.0.0.1:" + std::to_string(port_); }
  std::string Url(std::string_view path) const;

  /// Writes or replaces a file that is served.
  void Put(std::string_view name, std::string_view content) const;
  /// The same with `size` bytes that do not repeat; returns them.
  std::string PutRandom(std::string_view name, size_t size) const;

  /// All requests that were answered so far.
  std::vector<Request> Requests() const;

 private:
  WebServer() = default;
  absl::Status StartOn(uint16_t port, std::string_view directives,
                       const std::vector<std::string>& environment);
  std::string Configuration(std::string_view directives) const;

  TempFolder folder_;
  uint16_t port_ = 0;
  std::unique_ptr<Process> process_;
};

/// Whom a web server that root starts becomes: an identity that no account of the tests has.
inline constexpr uid_t kWebUser = 61090;

/// A port of 127.0.0.1 that nobody listens on now; 0 when there is none.
uint16_t FreePort();

/// Somebody listens on this port of 127.0.0.1.
bool Accepts(uint16_t port);

}  // namespace bitsd::tests

#endif  // BITSD_TESTS_TESTING_SERVERS_WEB_SERVER_H_
