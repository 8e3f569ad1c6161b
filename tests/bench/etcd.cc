#include "tests/bench/etcd.h"

#include <utility>

#include "tests/testing/servers/web_server.h"
#include "tests/testing/wait.h"

namespace bitsd::bench {

absl::StatusOr<std::unique_ptr<Etcd>> Etcd::Start(const tests::DemoPki& pki) {
  std::unique_ptr<Etcd> etcd(new Etcd());
  const tests::TempFolder& folder = etcd->folder_;
  etcd->port_ = tests::FreePort();
  const std::string clients = "https://" + etcd->endpoint();
  const std::string peers = "http://127.0.0.1:" + std::to_string(tests::FreePort());
  const tests::CertificateFiles server = pki.server();
  absl::StatusOr<tests::Process> process = tests::Process::Start({{BITSD_ETCD_PROGRAM,
                                                                   "--name",
                                                                   "bench",
                                                                   "--data-dir",
                                                                   folder.File("data"),
                                                                   "--listen-client-urls",
                                                                   clients,
                                                                   "--advertise-client-urls",
                                                                   clients,
                                                                   "--listen-peer-urls",
                                                                   peers,
                                                                   "--initial-advertise-peer-urls",
                                                                   peers,
                                                                   "--initial-cluster",
                                                                   "bench=" + peers,
                                                                   "--client-cert-auth",
                                                                   "--trusted-ca-file",
                                                                   pki.roots(),
                                                                   "--cert-file",
                                                                   server.certificate,
                                                                   "--key-file",
                                                                   server.key,
                                                                   "--log-level",
                                                                   "error"},
                                                                  folder.File("output"),
                                                                  "",
                                                                  std::nullopt});
  if (!process.ok()) return process.status();
  etcd->process_ = std::make_unique<tests::Process>(*std::move(process));
  const auto listens = [&] { return tests::Accepts(etcd->port_); };
  if (!tests::WaitFor([&] { return listens() || !etcd->process_->IsRunning(); }) || !listens()) {
    return absl::UnavailableError("etcd did not start: " + tests::ReadFile(folder.File("output")));
  }
  return etcd;
}

}  // namespace bitsd::bench
