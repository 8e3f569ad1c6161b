#include "tests/testing/servers/squid.h"

#include <pwd.h>
#include <unistd.h>

#include <sstream>

#include "tests/testing/servers/web_server.h"
#include "tests/testing/wait.h"

namespace bitsd::tests {
namespace {

constexpr char kSquid[] = "/usr/sbin/squid";

/// The user that the package made; squid becomes it.
uid_t SquidUser() {
  const passwd* user = ::getpwnam("proxy");
  return user != nullptr ? user->pw_uid : 0;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Squid>> Squid::Start(const Kdc& kdc, Asks asks) {
  if (::access(kSquid, X_OK) != 0) {
    return absl::NotFoundError("the proxy is missing: apt-get install squid");
  }
  std::unique_ptr<Squid> squid(new Squid());
  const absl::Status status = squid->StartOn(kdc, asks);
  if (!status.ok()) return status;
  return squid;
}

absl::Status Squid::StartOn(const Kdc& kdc, Asks asks) {
  port_ = FreePort();
  folder_.MakeFolder("run", SquidUser(), SquidUser());
  WriteFile(folder_.File("squid.conf"), Configuration(kdc, asks));
  auto process =
      Process::Start({{"/usr/bin/env", "KRB5_CONFIG=" + kdc.config(),
                       "KRB5RCACHENAME=none:", kSquid, "-N", "-f", folder_.File("squid.conf")},
                      folder_.File("output"),
                      "",
                      std::nullopt});
  if (!process.ok()) return process.status();
  process_ = std::make_unique<Process>(*std::move(process));
  WaitFor([&] { return Accepts(port_) || !process_->IsRunning(); });
  if (process_->IsRunning() && Accepts(port_)) return absl::OkStatus();
  return absl::UnavailableError("squid did not start: " + ReadFile(folder_.File("output")) +
                                ReadFile(folder_.File("run/cache.log")));
}

std::string Squid::Configuration(const Kdc& kdc, Asks asks) const {
  const std::string run = folder_.File("run");
  std::string text =
      "http_port 127.0.0.1:" + std::to_string(port_) + "\npid_filename " + run +
      "/pid\ncache_log " + run + "/cache.log\naccess_log stdio:" + run +
      "/access.log\ncoredump_dir " + run +
      "\ncache deny all\npinger_enable off\nshutdown_lifetime 0 seconds\n"
      "strip_query_terms off\nvisible_hostname localhost\ndns_nameservers 127.0.0.1\n";
  if (asks == Asks::kNothing) return text + "http_access allow all\n";
  if (asks == Asks::kNegotiate) {
    const std::string keytab = folder_.File("http.keytab");
    if (kdc.WriteKeytab("HTTP/localhost", keytab).ok()) GiveTo(keytab, SquidUser(), SquidUser());
    text += "auth_param negotiate program /usr/lib/squid/negotiate_kerberos_auth -k " + keytab +
            " -s HTTP/localhost\nauth_param negotiate children 4 startup=1 idle=1\n";
  } else {
    const Finished word =
        Run({"/usr/bin/openssl", "passwd", "-apr1", kSquidPassword}, folder_.path());
    WriteFile(folder_.File("passwd"), "alice:" + word.output);
    text += "auth_param basic program /usr/lib/squid/basic_ncsa_auth " + folder_.File("passwd") +
            "\nauth_param basic children 2 startup=1 idle=1\nauth_param basic realm test\n";
  }
  return text +
         "acl authed proxy_auth REQUIRED\nhttp_access deny !authed\nhttp_access allow authed\n";
}

std::vector<std::string> Squid::Log() const {
  std::istringstream log(ReadFile(folder_.File("run/access.log")));
  std::vector<std::string> lines;
  for (std::string line; std::getline(log, line);) {
    std::istringstream fields(line);
    std::string time, took, client, result, bytes, method, url, user;
    fields >> time >> took >> client >> result >> bytes >> method >> url >> user;
    if (result.find("/407") == std::string::npos) lines.push_back(user + " " + method + " " + url);
  }
  return lines;
}

}  // namespace bitsd::tests
