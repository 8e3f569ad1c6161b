#include "server/broker/identity_check.h"

#include <unistd.h>

#include "gtest/gtest.h"
#include "tests/testing/file_facts.h"

namespace bitsd {
namespace {

/// Holds one account.
class OneAccount : public AccountDirectory {
 public:
  OneAccount(const Sid& sid, const PosixIdentity& posix) {
    account_.sid = sid;
    account_.posix = posix;
  }
  explicit OneAccount(Account account) : account_(std::move(account)) {}
  std::shared_ptr<const Account> Find(const Sid& sid) const override {
    return sid == account_.sid ? std::make_shared<const Account>(account_) : nullptr;
  }

 private:
  Account account_;
};

const Sid kSid(5, {21, 1, 2, 3, 1001});

/// What a check that holds `request` in its directory answers.
std::string Ask(const PosixIdentity& posix, IdentityCheck::Options options) {
  const IdentityCheck check(std::make_shared<const OneAccount>(kSid, posix), options);
  return Refusal(check.Check({kSid, posix}));
}

TEST(IdentityCheckTest, MinusOneIsNobodyWhateverTheDirectorySays) {
  constexpr uint32_t kMinusOne = static_cast<uint32_t>(-1);
  const IdentityCheck::Options options{true, true, 61000};
  EXPECT_EQ(Ask({kMinusOne, 61001, {}}, options), "unknown_identity");
  EXPECT_EQ(Ask({61001, kMinusOne, {}}, options), "unknown_identity");
  EXPECT_EQ(Ask({61001, 61001, {kMinusOne}}, options), "unknown_identity");
}

TEST(IdentityCheckTest, RootInAnyPlaceNeedsTheFlag) {
  for (const PosixIdentity& root : {PosixIdentity{0, 61001, {}}, PosixIdentity{61001, 0, {}},
                                    PosixIdentity{61001, 61001, {0}}}) {
    EXPECT_EQ(Ask(root, {true, false, 61000}), "root_denied");
    EXPECT_EQ(Ask(root, {true, true, 61000}), "ok");
  }
}

TEST(IdentityCheckTest, TheServiceItselfIsServedOnlyWhereThereIsNobodyElse) {
  EXPECT_EQ(Ask({61000, 61000, {}}, {true, false, 61000}), "service_identity_denied");
  PosixIdentity own{::getuid(), ::getgid(), {}};
  own.groups.resize(static_cast<size_t>(::getgroups(0, nullptr)));
  ASSERT_GE(::getgroups(static_cast<int>(own.groups.size()), own.groups.data()), 0);
  std::erase(own.groups, own.gid);
  const IdentityCheck::Options own_user{false, true, ::getuid()};
  EXPECT_EQ(Ask(own, own_user), "ok");
  EXPECT_EQ(Ask({61001, 61001, {}}, own_user), "identity_switching_unavailable");
  own.groups.push_back(61999);
  EXPECT_EQ(Ask(own, own_user), "identity_switching_unavailable");
}

TEST(IdentityCheckTest, AnAgentHoldsWhatTheDirectoryGivesItsUserAndNothingElse) {
  Account account;
  account.sid = kSid;
  account.network.kerberos = {"alice@TEST.LOCAL", "/etc/alice.keytab", ""};
  account.filtered_network.ntlm = {"TEST", "low", "/etc/low.password"};
  const IdentityCheck check(std::make_shared<const OneAccount>(account), {true, false, 61000});
  const wire::OpenAgentRequest full{kSid, account.network.kerberos, std::nullopt};
  const wire::OpenAgentRequest filtered{kSid, std::nullopt, account.filtered_network.ntlm};
  EXPECT_EQ(Refusal(check.Check(full)), "ok");
  EXPECT_EQ(Refusal(check.Check(filtered)), "ok");
  const wire::OpenAgentRequest mixed{kSid, full.kerberos, filtered.ntlm};
  wire::OpenAgentRequest other = full;
  other.kerberos->keytab = "/etc/other.keytab";
  const wire::OpenAgentRequest of_another{kLocalSystemSid, full.kerberos, std::nullopt};
  const wire::OpenAgentRequest delegated{kSid, std::nullopt, std::nullopt};
  for (const auto& request : {mixed, other, of_another, delegated}) {
    EXPECT_EQ(Refusal(check.Check(request)), "unknown_identity");
  }
  account.network.delegated = {{"alice@TEST.LOCAL"}};
  const IdentityCheck lender(std::make_shared<const OneAccount>(account), {true, false, 61000});
  EXPECT_EQ(Refusal(lender.Check(delegated)), "ok");
  account.disabled = true;
  const IdentityCheck gone(std::make_shared<const OneAccount>(account), {true, false, 61000});
  EXPECT_EQ(Refusal(gone.Check(delegated)), "unknown_identity");
  EXPECT_EQ(Refusal(gone.Check(full)), "unknown_identity");
}

}  // namespace
}  // namespace bitsd
