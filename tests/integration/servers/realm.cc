#include "tests/integration/servers/realm.h"

#include <unistd.h>

#include <cstdlib>

#include "tests/testing/wait.h"
#include "tests/testing/web_server.h"

namespace bitsd::tests {
namespace {

constexpr char kKdc[] = "/usr/sbin/krb5kdc";

std::string Krb5Conf(uint16_t port) {
  return "[libdefaults]\n default_realm = TEST.LOCAL\n dns_lookup_realm = false\n"
         " dns_lookup_kdc = false\n dns_canonicalize_hostname = false\n rdns = false\n"
         " udp_preference_limit = 1\n[realms]\n TEST.LOCAL = {\n  kdc = 127.0.0.1:" +
         std::to_string(port) + "\n }\n[domain_realm]\n localhost = TEST.LOCAL\n";
}

std::string KdcConf(const TempFolder& folder, uint16_t port) {
  const std::string address = "127.0.0.1:" + std::to_string(port);
  return "[kdcdefaults]\n kdc_listen = " + address + "\n kdc_tcp_listen = " + address +
         "\n[realms]\n TEST.LOCAL = {\n  database_name = " + folder.File("principal") +
         "\n  key_stash_file = " + folder.File("stash") + "\n  acl_file = " + folder.File("acl") +
         "\n  disable_pac = true\n }\n[logging]\n kdc = FILE:" + folder.File("kdc.log") + "\n";
}

}  // namespace

absl::StatusOr<std::unique_ptr<Realm>> Realm::Start() {
  if (::access(kKdc, X_OK) != 0) {
    return absl::NotFoundError("the KDC is missing: apt-get install krb5-kdc krb5-admin-server");
  }
  std::unique_ptr<Realm> realm(new Realm());
  const absl::Status status = realm->StartOn(FreePort());
  if (!status.ok()) return status;
  ::setenv("KRB5_CONFIG", realm->folder_.File("krb5.conf").c_str(), 1);
  // Whoever names no credentials has none.
  ::setenv("KRB5CCNAME", "FILE:/nonexistent", 1);
  return realm;
}

absl::Status Realm::StartOn(uint16_t port) {
  WriteFile(folder_.File("krb5.conf"), Krb5Conf(port));
  WriteFile(folder_.File("kdc.conf"), KdcConf(folder_, port));
  const std::string profile = "KRB5_KDC_PROFILE=" + folder_.File("kdc.conf");
  const Finished made = Run({"/usr/bin/env", Environment(), profile, "/usr/sbin/kdb5_util",
                             "create", "-s", "-r", kName, "-P", "of-the-database"},
                            folder_.path());
  if (made.status != 0) return absl::InternalError(made.output);
  auto process = Process::Start(
      {{"/usr/bin/env", Environment(), profile, kKdc, "-n", "-P", folder_.File("kdc.pid")},
       folder_.File("output"),
       "",
       std::nullopt});
  if (!process.ok()) return process.status();
  kdc_ = std::make_unique<Process>(*std::move(process));
  if (WaitFor([&] { return Accepts(port) || !kdc_->IsRunning(); }) && kdc_->IsRunning()) {
    return absl::OkStatus();
  }
  return absl::UnavailableError("the KDC did not start: " + ReadFile(folder_.File("output")));
}

Finished Realm::Admin(const std::string& query) const {
  return Run({"/usr/bin/env", Environment(), "KRB5_KDC_PROFILE=" + folder_.File("kdc.conf"),
              "/usr/sbin/kadmin.local", "-p", "test", "-q", query},
             folder_.path());
}

std::string Realm::AddPrincipal(const std::string& name, uid_t reader) const {
  std::string file = folder_.File(name);
  for (size_t i = folder_.path().size() + 1; i < file.size(); ++i) {
    if (file[i] == '/') file[i] = '-';
  }
  // Once: another keytab would have other keys.
  if (::access(file.c_str(), F_OK) != 0) {
    Admin("addprinc -randkey " + name);
    Admin("ktadd -k " + file + " " + name);
  }
  const std::string keytab = file + "." + std::to_string(reader) + ".keytab";
  WriteFile(keytab, ReadFile(file), 0600);
  GiveTo(keytab, reader, reader);
  return keytab;
}

}  // namespace bitsd::tests
