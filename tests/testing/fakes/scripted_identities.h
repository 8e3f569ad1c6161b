// NetworkIdentities that a test plays by hand: they know no Kerberos, and tell what they were
// asked.
//
// Thread safety: any thread. Ownership: owns the record of what was asked; identities are their
// users'.

#ifndef BITSD_TESTS_TESTING_FAKES_SCRIPTED_IDENTITIES_H_
#define BITSD_TESTS_TESTING_FAKES_SCRIPTED_IDENTITIES_H_

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "server/error/errors.h"
#include "server/identity/network_identity.h"

namespace bitsd {

/// Answers nothing: only who it is matters.
class NamedIdentity : public NetworkIdentity {
 public:
  explicit NamedIdentity(std::string name) : name_(std::move(name)) {}

  const std::string& name() const { return name_; }

  bool has_kerberos() const override { return true; }
  bool has_ntlm() const override { return false; }
  void Negotiate(std::string, std::function<void(absl::StatusOr<std::string>)> done) override {
    done(error::TokenRequired("a test's identity has no tickets"));
  }
  void Ntlm(std::function<void(absl::StatusOr<NtlmLogin>)> done) override {
    done(error::TokenRequired("a test's identity has no password"));
  }

 private:
  const std::string name_;
};

/// The name of a NamedIdentity; empty for null.
inline std::string NameOf(const NetworkIdentityPtr& identity) {
  const auto* named = dynamic_cast<const NamedIdentity*>(identity.get());
  return named == nullptr ? "" : named->name();
}

class ScriptedIdentities : public NetworkIdentities {
 public:
  /// Called "SID principal"; null without Kerberos.
  NetworkIdentityPtr Of(const Sid& user, const NetworkCredentials& credentials) override {
    if (!credentials.kerberos) return nullptr;
    return std::make_shared<NamedIdentity>(user.ToString() + " " + credentials.kerberos->principal);
  }

  /// A cache of a test is the name of its principal. While answers are held back nothing is said.
  void Take(const Sid&, Secret credential_cache,
            std::function<void(absl::StatusOr<Delegated>)> done) override {
    const std::string principal(credential_cache.view());
    auto answer = [principal, done = std::move(done)] {
      if (principal == "garbage") return done(error::InvalidArgument("it is no credential cache"));
      done(Delegated{std::make_shared<NamedIdentity>("delegated " + principal), principal});
    };
    {
      std::lock_guard lock(mutex_);
      ++taken_;
      if (holding_) return held_.push_back(std::move(answer));
    }
    answer();
  }

  void Hold() {
    std::lock_guard lock(mutex_);
    holding_ = true;
  }
  void Release() {
    std::vector<std::function<void()>> held;
    {
      std::lock_guard lock(mutex_);
      holding_ = false;
      held.swap(held_);
    }
    for (const auto& answer : held) answer();
  }
  size_t taken() const {
    std::lock_guard lock(mutex_);
    return taken_;
  }

 private:
  mutable std::mutex mutex_;
  bool holding_ = false;
  size_t taken_ = 0;
  std::vector<std::function<void()>> held_;
};

}  // namespace bitsd

#endif  // BITSD_TESTS_TESTING_FAKES_SCRIPTED_IDENTITIES_H_
