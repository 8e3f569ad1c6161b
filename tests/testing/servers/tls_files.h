// The certificates of a test: a CA, servers good and odd, clients, and revocation lists.
//
// Thread safety: const methods from any thread. Ownership: its folder.

#ifndef BITSD_TESTS_TESTING_SERVERS_TLS_FILES_H_
#define BITSD_TESTS_TESTING_SERVERS_TLS_FILES_H_

#include <string>
#include <vector>

#include "tests/testing/process.h"
#include "tests/testing/temp_folder.h"

namespace bitsd::tests {

/// Certificates are made for: "server" (localhost), and "client"; odd servers are "name" (of
/// another host), "expired", "usage" (for clients only), "revoked" and "stranger" (of no CA).
class TlsFiles {
 public:
  TlsFiles();

  std::string ca_file() const { return folder_.File("ca.crt"); }
  /// Lists "revoked".
  std::string crl() const { return folder_.File("ca.crl"); }
  std::string Certificate(const std::string& name) const { return folder_.File(name + ".crt"); }
  std::string Key(const std::string& name) const { return folder_.File(name + ".key"); }
  const std::vector<std::string>& odd() const { return odd_; }

 private:
  void Openssl(std::vector<std::string> words) const;
  void MakeKey(const std::string& name) const;
  void Sign(const std::string& name, const std::string& host, const std::string& usage,
            bool expired) const;

  TempFolder folder_;
  const std::vector<std::string> odd_ = {"name", "expired", "usage", "revoked", "stranger"};
};

}  // namespace bitsd::tests

#endif  // BITSD_TESTS_TESTING_SERVERS_TLS_FILES_H_
