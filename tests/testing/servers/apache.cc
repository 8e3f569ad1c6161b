#include "tests/testing/servers/apache.h"

#include <utility>

namespace bitsd::tests {
namespace {

constexpr char kModules[] = R"conf(
LoadModule authn_core_module /usr/lib/apache2/modules/mod_authn_core.so
LoadModule authn_file_module /usr/lib/apache2/modules/mod_authn_file.so
LoadModule authz_user_module /usr/lib/apache2/modules/mod_authz_user.so
LoadModule auth_basic_module /usr/lib/apache2/modules/mod_auth_basic.so
LoadModule auth_digest_module /usr/lib/apache2/modules/mod_auth_digest.so
LoadModule auth_gssapi_module /usr/lib/apache2/modules/mod_auth_gssapi.so
LoadModule ssl_module /usr/lib/apache2/modules/mod_ssl.so
LoadModule http2_module /usr/lib/apache2/modules/mod_http2.so
LoadModule proxy_module /usr/lib/apache2/modules/mod_proxy.so
LoadModule proxy_http_module /usr/lib/apache2/modules/mod_proxy_http.so
LoadModule proxy_connect_module /usr/lib/apache2/modules/mod_proxy_connect.so
Protocols h2 http/1.1
)conf";

// The server's NTLM wants a field in the first message that libcurl's constant one does not have.
std::string PadNtlm(const std::string& header) {
  return "RequestHeader edit " + header +
         " \"^NTLM TlRMTVNTUAABAAAABoIIAAAAAAAAAAAAAAAAAAAAAAA=$\" "
         "\"NTLM TlRMTVNTUAABAAAABgIIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==\" early\n";
}

std::string Place(const std::string& path, const std::string& type, const std::string& more) {
  return "<Location \"/" + path + "\">\nAuthType " + type + "\nAuthName " + path + "\n" + more +
         "</Location>\n";
}

std::string Places(const TempFolder& folder) {
  const std::string everybody = "Require valid-user\n";
  const std::string kerberos = "GssapiAllowedMech krb5\nGssapiAcceptorName HTTP@localhost\n";
  const std::string basic =
      "AuthBasicProvider file\nAuthUserFile " + folder.File("basic.users") + "\n" + everybody;
  return "AliasMatch \"^/(basic|digest|ntlm|neg|sticky|weak|never)/(.*)\" \"${FILES}/$2\"\n"
         "RedirectMatch 302 \"^/to-other/(.*)\" \"http://$1\"\n"
         "RedirectMatch 302 \"^/to-tls/(.*)\" \"https://$1\"\n"
         "RedirectMatch 407 \"^/as-proxy/\"\n<Location \"/as-proxy\">\n"
         "Header always set Proxy-Authenticate \"Basic realm=proxy\"\n</Location>\n" +
         Place("basic", "Basic", basic) +
         Place("digest", "Digest",
               "AuthDigestProvider file\nAuthUserFile " + folder.File("digest.users") + "\n" +
                   everybody) +
         Place("ntlm", "GSSAPI",
               "GssapiAllowedMech ntlmssp\nGssapiConnectionBound On\n" + everybody) +
         Place("neg", "GSSAPI", kerberos + everybody) +
         Place("sticky", "GSSAPI",
               kerberos + "GssapiConnectionBound On\nGssapiSignalPersistentAuth On\n" + everybody) +
         Place("weak", "GSSAPI",
               kerberos +
                   "GssapiBasicAuth Off\nHeader always add WWW-Authenticate "
                   "\"Basic realm=weak\"\n" +
                   everybody) +
         Place("never", "GSSAPI", kerberos + "Require user nobody\n");
}

std::string TlsHost(uint16_t port, const TlsFiles& tls, const std::string& certificate,
                    const std::string& more) {
  return "Listen 127.0.0.1:" + std::to_string(port) +
         "\n<VirtualHost 127.0.0.1:" + std::to_string(port) +
         ">\nSSLEngine on\nSSLCertificateFile " + tls.Certificate(certificate) +
         "\nSSLCertificateKeyFile " + tls.Key(certificate) + "\nSSLCACertificateFile " +
         tls.ca_file() + "\nSSLOptions +StdEnvVars\n" + more + "</VirtualHost>\n";
}

std::vector<std::string> Environment(const Kdc& kdc, const TempFolder& folder) {
  const std::string keytab = folder.File("http.keytab");
  if (kdc.WriteKeytab("HTTP/localhost", keytab).ok()) GiveTo(keytab, kWebUser, kWebUser);
  WriteFile(folder.File("ntlm.users"),
            std::string("TEST:alice:") + kAliceNtlm + "\nTEST:bob:" + kBobNtlm + "\n", 0600);
  GiveTo(folder.File("ntlm.users"), kWebUser, kWebUser);
  return {"KRB5_CONFIG=" + kdc.config(), "KRB5_KTNAME=" + keytab,
          "KRB5RCACHENAME=none:", "NTLM_USER_FILE=" + folder.File("ntlm.users")};
}

}  // namespace

absl::StatusOr<std::unique_ptr<AuthServer>> AuthServer::Start(const Kdc& kdc, const TlsFiles& tls) {
  std::unique_ptr<AuthServer> server(new AuthServer());
  server->tls_port_ = FreePort();
  server->mutual_port_ = FreePort();
  for (const std::string& name : tls.odd()) server->odd_ports_.emplace_back(name, FreePort());
  server->WritePasswords();
  auto web = WebServer::Start(server->Directives(tls), Environment(kdc, server->folder_));
  if (!web.ok()) return web.status();
  server->web_ = *std::move(web);
  return server;
}

std::string AuthServer::Directives(const TlsFiles& tls) const {
  std::string text = kModules + PadNtlm("Authorization") + Places(folder_) +
                     TlsHost(tls_port_, tls, "server", "") +
                     TlsHost(mutual_port_, tls, "server", "SSLVerifyClient require\n");
  for (const auto& [name, port] : odd_ports_) text += TlsHost(port, tls, name, "");
  return text;
}

void AuthServer::WritePasswords() const {
  const Finished basic =
      Run({"/usr/bin/openssl", "passwd", "-apr1", kBasicPassword}, folder_.path());
  WriteFile(folder_.File("basic.users"), "alice:" + basic.output);
  WriteFile(folder_.File("digest.text"), std::string("alice:digest:") + kDigestPassword);
  const Finished digest = Run({"/usr/bin/md5sum"}, folder_.path(), folder_.File("digest.text"));
  WriteFile(folder_.File("digest.users"), "alice:digest:" + digest.output.substr(0, 32) + "\n");
}

std::string AuthServer::AtPort(bool tls, uint16_t port, const std::string& path) {
  return std::string(tls ? "https" : "http") + "://localhost:" + std::to_string(port) + "/" + path;
}

std::string AuthServer::UrlOf(const std::string& certificate, const std::string& path) const {
  for (const auto& [name, port] : odd_ports_) {
    if (name == certificate) return AtPort(true, port, path);
  }
  return TlsUrl(path);
}

std::vector<uint16_t> AuthServer::Ports() const {
  std::vector<uint16_t> ports = {web_->port(), tls_port_, mutual_port_};
  for (const auto& [name, port] : odd_ports_) ports.push_back(port);
  return ports;
}

std::vector<std::string> AuthServer::Log(int status) const {
  std::vector<std::string> lines;
  for (const Request& request : web_->Requests()) {
    if (request.status == status) lines.push_back(request.user + " " + request.path);
  }
  return lines;
}

absl::StatusOr<std::unique_ptr<AuthProxy>> AuthProxy::Start(const Kdc& kdc) {
  std::unique_ptr<AuthProxy> proxy(new AuthProxy());
  const std::string directives =
      kModules + PadNtlm("Proxy-Authorization") +
      "ProxyRequests On\nAllowCONNECT 1-65535\n<Proxy \"*\">\nAuthType GSSAPI\nAuthName proxy\n"
      "GssapiConnectionBound On\nRequire valid-user\n</Proxy>\n";
  auto web = WebServer::Start(directives, Environment(kdc, proxy->folder_));
  if (!web.ok()) return web.status();
  proxy->web_ = *std::move(web);
  return proxy;
}

std::vector<std::string> AuthProxy::Log(int status) const {
  std::vector<std::string> lines;
  for (const Request& request : web_->Requests()) {
    if (request.status != status) continue;
    // Of a request that is passed on, the server logs the query twice.
    const std::string place = request.path.substr(0, request.path.find('?'));
    lines.push_back(request.user + " " + request.method + " " + place);
  }
  return lines;
}

}  // namespace bitsd::tests
