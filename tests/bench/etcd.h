// A single etcd with a disk of its own, behind mutual TLS: a peer for durable changes.
//
// Thread safety: none. Ownership: the process and its folder.

#ifndef BITSD_TESTS_BENCH_ETCD_H_
#define BITSD_TESTS_BENCH_ETCD_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "tests/testing/bitsd/demo_pki.h"
#include "tests/testing/process.h"
#include "tests/testing/temp_folder.h"

namespace bitsd::bench {

class Etcd {
 public:
  /// Shows the server certificate of `pki`, and admits clients below its roots.
  static absl::StatusOr<std::unique_ptr<Etcd>> Start(const tests::DemoPki& pki);

  std::string endpoint() const { return "127.0.0.1:" + std::to_string(port_); }

 private:
  Etcd() = default;

  tests::TempFolder folder_;
  uint16_t port_ = 0;
  std::unique_ptr<tests::Process> process_;
};

}  // namespace bitsd::bench

#endif  // BITSD_TESTS_BENCH_ETCD_H_
