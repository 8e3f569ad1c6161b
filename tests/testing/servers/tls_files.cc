#include "tests/testing/servers/tls_files.h"

#include <cstdio>
#include <cstdlib>

namespace bitsd::tests {

TlsFiles::TlsFiles() {
  WriteFile(folder_.File("ca.conf"),
            "[ca]\ndefault_ca=d\n[d]\ndatabase=" + folder_.File("index") +
                "\nserial=" + folder_.File("serial") + "\nnew_certs_dir=" + folder_.path() +
                "\ndefault_md=sha256\npolicy=p\ndefault_crl_days=2\nunique_subject=no\n"
                "[p]\ncommonName=supplied\n");
  WriteFile(folder_.File("index"), "");
  WriteFile(folder_.File("serial"), "1000\n");
  MakeKey("ca");
  Openssl({"req", "-x509", "-new", "-key", Key("ca"), "-subj", "/CN=test CA", "-days", "2", "-out",
           ca_file()});
  Sign("server", "localhost", "serverAuth", false);
  Sign("client", "client", "clientAuth", false);
  Sign("name", "another.example", "serverAuth", false);
  Sign("expired", "localhost", "serverAuth", true);
  Sign("usage", "localhost", "clientAuth", false);
  Sign("revoked", "localhost", "serverAuth", false);
  Openssl({"ca", "-config", folder_.File("ca.conf"), "-keyfile", Key("ca"), "-cert", ca_file(),
           "-revoke", Certificate("revoked")});
  Openssl({"ca", "-config", folder_.File("ca.conf"), "-keyfile", Key("ca"), "-cert", ca_file(),
           "-gencrl", "-out", crl()});
  MakeKey("stranger");
  Openssl({"req", "-x509", "-new", "-key", Key("stranger"), "-subj", "/CN=localhost", "-days", "2",
           "-addext", "subjectAltName=DNS:localhost", "-out", Certificate("stranger")});
}

void TlsFiles::Openssl(std::vector<std::string> words) const {
  words.insert(words.begin(), "/usr/bin/openssl");
  const Finished done = Run(words, folder_.path());
  if (done.status == 0) return;
  std::fprintf(stderr, "openssl %s: %s\n", words[1].c_str(), done.output.c_str());
  std::abort();
}

void TlsFiles::MakeKey(const std::string& name) const {
  Openssl(
      {"genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", Key(name)});
}

void TlsFiles::Sign(const std::string& name, const std::string& host, const std::string& usage,
                    bool expired) const {
  MakeKey(name);
  WriteFile(folder_.File(name + ".ext"), "basicConstraints=critical,CA:FALSE\nsubjectAltName=DNS:" +
                                             host + "\nextendedKeyUsage=" + usage + "\n");
  Openssl({"req", "-new", "-key", Key(name), "-subj", "/CN=" + name, "-out",
           folder_.File(name + ".csr")});
  Openssl({"ca", "-batch", "-config", folder_.File("ca.conf"), "-keyfile", Key("ca"), "-cert",
           ca_file(), "-in", folder_.File(name + ".csr"), "-extfile", folder_.File(name + ".ext"),
           "-notext", "-startdate", "20200101000000Z", "-enddate",
           expired ? "20210101000000Z" : "20491231000000Z", "-out", Certificate(name)});
}

}  // namespace bitsd::tests
