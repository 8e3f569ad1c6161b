#include "tests/testing/servers/kdc.h"

#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <utility>

#include "tests/testing/servers/web_server.h"
#include "tests/testing/wait.h"

namespace bitsd::tests {
namespace {

constexpr char kKdc[] = "/usr/sbin/krb5kdc";
constexpr char kAdmin[] = "/usr/sbin/kadmin.local";
constexpr char kDatabase[] = "/usr/sbin/kdb5_util";
constexpr char kInit[] = "/usr/bin/kinit";

std::string Loopback(uint16_t port) { return "127.0.0.1:" + std::to_string(port); }

std::string ClientConfig(const std::string& address) {
  return std::string("[libdefaults]\n default_realm = ") + kRealm +
         "\n dns_lookup_realm = false\n dns_lookup_kdc = false\n"
         " dns_canonicalize_hostname = false\n rdns = false\n udp_preference_limit = 1\n"
         "[realms]\n " +
         kRealm + " = {\n  kdc = " + address + "\n }\n[domain_realm]\n localhost = " + kRealm +
         "\n";
}

std::string KdcConfig(const TempFolder& folder, const std::string& address) {
  return "[kdcdefaults]\n kdc_listen = " + address + "\n kdc_tcp_listen = " + address +
         "\n[realms]\n " + kRealm + " = {\n  database_name = " + folder.File("principal") +
         "\n  key_stash_file = " + folder.File("stash") +
         "\n  acl_file = " + folder.File("kadm5.acl") +
         "\n  disable_pac = true\n  max_life = 10h\n  max_renewable_life = 7d\n }\n"
         "[logging]\n kdc = FILE:" +
         folder.File("kdc.log") + "\n";
}

}  // namespace

absl::StatusOr<std::unique_ptr<Kdc>> Kdc::Start() {
  for (const char* program : {kKdc, kAdmin, kDatabase, kInit}) {
    if (::access(program, X_OK) != 0) {
      return absl::NotFoundError(
          "the KDC is missing: apt-get install krb5-kdc krb5-admin-server krb5-user");
    }
  }
  absl::Status status;
  // Somebody may take a free port before the KDC does.
  for (int attempt = 0; attempt < 3; ++attempt) {
    std::unique_ptr<Kdc> kdc(new Kdc());
    status = kdc->Prepare(FreePort());
    if (status.ok()) return kdc;
  }
  return status;
}

absl::Status Kdc::Prepare(uint16_t port) {
  port_ = port;
  config_ = folder_.File("krb5.conf");
  for (const std::string& path : {config_, OwnConfig()}) {
    WriteFile(path, ClientConfig(Loopback(port)));
  }
  WriteFile(folder_.File("kdc.conf"), KdcConfig(folder_, Loopback(port)));
  absl::Status status = RunHere({kDatabase, "create", "-s", "-r", kRealm, "-P", "master"}, "");
  std::vector<std::string> commands;
  for (const char* name : {"alice", "bob", "netuser", "fetcher", "HTTP/localhost"}) {
    commands.push_back(std::string("addprinc -randkey ") + name);
  }
  if (status.ok()) status = Admin(commands);
  if (status.ok()) status = StartAgain();
  return status;
}

absl::Status Kdc::RunHere(const std::vector<std::string>& command, const std::string& input) const {
  std::vector<std::string> argv = {"/usr/bin/env", "KRB5_CONFIG=" + OwnConfig(),
                                   "KRB5_KDC_PROFILE=" + folder_.File("kdc.conf")};
  argv.insert(argv.end(), command.begin(), command.end());
  const Finished finished = Run(argv, folder_.path(), input);
  if (finished.status == 0) return absl::OkStatus();
  return absl::InternalError(command.front() + ": " + finished.output);
}

absl::Status Kdc::Admin(const std::vector<std::string>& commands) const {
  static std::atomic<int> runs = 0;
  const std::string input = folder_.File("admin-" + std::to_string(++runs));
  std::string text;
  for (const std::string& command : commands) text += command + "\n";
  WriteFile(input, text);
  // Its user need not have a name here; without one it would ask for it.
  return RunHere({kAdmin, "-p", "tests"}, input);
}

absl::Status Kdc::WriteKeytab(std::string_view principal, const std::string& path) const {
  absl::Status status = Admin({"ktadd -norandkey -k " + path + " " + std::string(principal)});
  if (status.ok() && ::access(path.c_str(), R_OK) != 0) {
    return absl::NotFoundError("no keytab for " + std::string(principal));
  }
  return status;
}

absl::Status Kdc::WriteCache(std::string_view principal, const std::string& path,
                             const std::vector<std::string>& options) const {
  const std::string keytab = path + ".keytab";
  absl::Status status = WriteKeytab(principal, keytab);
  if (!status.ok()) return status;
  std::vector<std::string> command = {kInit, "-c", "FILE:" + path, "-k", "-t", keytab};
  command.insert(command.end(), options.begin(), options.end());
  command.emplace_back(principal);
  status = RunHere(command, "");
  ::unlink(keytab.c_str());
  return status;
}

absl::Status Kdc::AddTicket(std::string_view service, const std::string& cache) const {
  return RunHere({"/usr/bin/kvno", "-q", "-c", "FILE:" + cache, std::string(service)}, "");
}

void Kdc::LeadThrough(const std::string& address) const {
  WriteFile(config_, ClientConfig(address));
}

absl::Status Kdc::StartAgain() {
  const Command command{{"/usr/bin/env", "KRB5_CONFIG=" + OwnConfig(),
                         "KRB5_KDC_PROFILE=" + folder_.File("kdc.conf"), kKdc, "-n"},
                        folder_.File("kdc.out"),
                        "",
                        std::nullopt};
  absl::StatusOr<Process> process = Process::Start(command);
  if (!process.ok()) return process.status();
  process_ = std::make_unique<Process>(*std::move(process));
  WaitFor([&] { return Accepts(port_) || !process_->IsRunning(); });
  if (process_->IsRunning() && Accepts(port_)) return absl::OkStatus();
  return absl::UnavailableError("the KDC did not start: " + ReadFile(folder_.File("kdc.out")));
}

}  // namespace bitsd::tests
