// A network identity with real Kerberos tokens, made in this process from a keytab, and a login.
//
// Thread safety: as NetworkIdentity. Ownership: its threads, which its destructor waits for.

#ifndef BITSD_TESTS_INTEGRATION_TRANSFER_HTTP_REAL_IDENTITY_H_
#define BITSD_TESTS_INTEGRATION_TRANSFER_HTTP_REAL_IDENTITY_H_

#include <atomic>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "server/identity/network_identity.h"

namespace bitsd::tests {

class RealIdentity : public NetworkIdentity {
 public:
  /// `principal` with its keytab; empty: none. `login` for NTLM.
  RealIdentity(std::string principal, std::string keytab, std::optional<NtlmLogin> login = {})
      : principal_(std::move(principal)), keytab_(std::move(keytab)), login_(std::move(login)) {}
  ~RealIdentity() override;

  bool has_kerberos() const override { return !principal_.empty(); }
  bool has_ntlm() const override { return login_.has_value(); }
  void Negotiate(std::string host, std::function<void(absl::StatusOr<std::string>)> done) override;
  void Ntlm(std::function<void(absl::StatusOr<NtlmLogin>)> done) override;

  int tokens() const { return tokens_; }
  /// Set before the first use: answers in place of the KDC.
  std::function<absl::StatusOr<std::string>(const std::string& host)> instead;

 private:
  absl::StatusOr<std::string> Token(const std::string& host);
  void RunElsewhere(std::function<void()> task);

  const std::string principal_;
  const std::string keytab_;
  const std::optional<NtlmLogin> login_;
  std::atomic<int> tokens_{0};
  std::mutex tickets_mutex_;
  std::mutex mutex_;  ///< Guards threads_.
  std::vector<std::thread> threads_;
};

}  // namespace bitsd::tests

#endif  // BITSD_TESTS_INTEGRATION_TRANSFER_HTTP_REAL_IDENTITY_H_
