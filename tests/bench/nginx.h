// A real nginx that serves the files of one folder on a free port of 127.0.0.1.
//
// As fast as it comes: sendfile, one worker, no log of requests, connections that stay open.
// Thread safety: one thread. Ownership: the server process and its folder.

#ifndef BITSD_TESTS_BENCH_NGINX_H_
#define BITSD_TESTS_BENCH_NGINX_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "tests/testing/process.h"
#include "tests/testing/temp_folder.h"

namespace bitsd::bench {

class Nginx {
 public:
  static absl::StatusOr<std::unique_ptr<Nginx>> Start();

  /// Writes a file of `size` bytes that do not repeat.
  void Put(const std::string& name, uint64_t size) const;

  std::string Address() const { return "127.0.0.1:" + std::to_string(port_); }
  std::string Url(std::string_view name) const;

 private:
  Nginx() = default;

  tests::TempFolder folder_;
  uint16_t port_ = 0;
  std::unique_ptr<tests::Process> process_;
};

}  // namespace bitsd::bench

#endif  // BITSD_TESTS_BENCH_NGINX_H_
