// The network credentials of accounts, as the account directory gives them.

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/identity/file_account_directory_fixture.h"

namespace bitsd {
namespace {

TEST(FileAccountDirectoryTest, NetworkCredentialsAreReadForBothSides) {
  const Loaded directory = Parse(R"(accounts:
  - sid: S-1-5-21-1-2-3-1001
    name: alice
    network:
      kerberos: {principal: alice@TEST.LOCAL, keytab: /etc/bitsd/alice.keytab}
      ntlm: {domain: TEST, user: alice, password_file: /etc/bitsd/alice.password}
      delegated:
        - {principal: alice@TEST.LOCAL}
        - {principal: alice/admin@TEST.LOCAL, administrator: true}
    filtered:
      uid: 61011
      gid: 61011
      network:
        kerberos: {principal: low@TEST.LOCAL, credential_cache: /run/bitsd-low.cc}
        ntlm: {user: low, password_file: /etc/bitsd/low.password}
)");
  ASSERT_TRUE(directory.ok()) << directory.status();
  const Sid sid = *Sid::Parse("S-1-5-21-1-2-3-1001");
  const auto alice = (*directory)->Find(sid);
  NetworkCredentials full;
  full.kerberos = {"alice@TEST.LOCAL", "/etc/bitsd/alice.keytab", ""};
  full.ntlm = {"TEST", "alice", "/etc/bitsd/alice.password"};
  full.delegated = {{"alice@TEST.LOCAL", false}, {"alice/admin@TEST.LOCAL", true}};
  EXPECT_EQ(alice->network, full);
  NetworkCredentials filtered;
  filtered.kerberos = {"low@TEST.LOCAL", "", "/run/bitsd-low.cc"};
  filtered.ntlm = {"", "low", "/etc/bitsd/low.password"};
  EXPECT_EQ(alice->filtered_network, filtered);

  EXPECT_TRUE((*directory)->HoldsCredentials(sid, full.kerberos, full.ntlm));
  EXPECT_TRUE((*directory)->HoldsCredentials(sid, filtered.kerberos, filtered.ntlm));
  EXPECT_FALSE((*directory)->HoldsCredentials(sid, full.kerberos, filtered.ntlm));
  EXPECT_FALSE((*directory)->HoldsCredentials(sid, full.kerberos, std::nullopt));
  EXPECT_FALSE((*directory)->HoldsCredentials(kLocalSystemSid, full.kerberos, full.ntlm));
  EXPECT_TRUE((*directory)->MayDelegate(sid));
  EXPECT_FALSE((*directory)->MayDelegate(kLocalSystemSid));
}

TEST(FileAccountDirectoryTest, AnAccountWithoutCredentialsHoldsNoneAndDelegatesNone) {
  const Sid sid = *Sid::Parse("S-1-5-21-1-2-3-1001");
  const auto bare = *Parse(One("service: true"));
  EXPECT_EQ(bare->Find(sid)->network, NetworkCredentials());
  EXPECT_FALSE(bare->HoldsCredentials(sid, std::nullopt, std::nullopt));
  EXPECT_FALSE(bare->MayDelegate(sid));
  const std::string network =
      "network: {ntlm: {user: a, password_file: /a}, delegated: [{principal: a@B}]}";
  const auto disabled = *Parse(One(network + ", disabled: true"));
  EXPECT_FALSE(disabled->HoldsCredentials(sid, std::nullopt, NtlmAccount{"", "a", "/a"}));
  EXPECT_FALSE(disabled->MayDelegate(sid));
}

TEST(FileAccountDirectoryTest, AWrongNetworkEntryIsRefused) {
  const std::string login = "password_file: /etc/p";
  const std::string long_name(257, 'a');
  const std::vector<std::pair<std::string, std::string>> wrong = {
      {"5", "write a map"},
      {"{basic: {}}", "unknown key 'basic'"},
      {"{kerberos: a@B}", "write a map"},
      {"{kerberos: {keytab: /a}}", "'principal' is missing"},
      {"{kerberos: {principal: a@B}}", "name one of 'keytab' and 'credential_cache'"},
      {"{kerberos: {principal: a@B, keytab: /a, credential_cache: /b}}", "name one of"},
      {"{kerberos: {principal: a@B, keytab: /a, password: x}}", "unknown key 'password'"},
      {"{kerberos: {principal: a, keytab: /a}}", "with its realm"},
      {"{kerberos: {principal: a@, keytab: /a}}", "with its realm"},
      {"{kerberos: {principal: \"@B\", keytab: /a}}", "with its realm"},
      {"{kerberos: {principal: a@B@C, keytab: /a}}", "with its realm"},
      {"{kerberos: {principal: a b@C, keytab: /a}}", "with its realm"},
      {"{kerberos: {principal: 'a\\@b@C', keytab: /a}}", "with its realm"},
      {"{kerberos: {principal: " + long_name + "@B, keytab: /a}}", "with its realm"},
      {"{kerberos: {principal: a@B, keytab: a}}", "absolute path"},
      {"{kerberos: {principal: a@B, keytab: 'FILE:/a'}}", "absolute path"},
      {"{kerberos: {principal: a@B, keytab: /}}", "absolute path"},
      {"{kerberos: {principal: a@B, keytab: /a/}}", "absolute path"},
      {"{kerberos: {principal: a@B, keytab: /a//b}}", "absolute path"},
      {"{kerberos: {principal: a@B, credential_cache: /a/../b}}", "absolute path"},
      {"{kerberos: {principal: a@B, keytab: /" + std::string(4095, 'a') + "}}", "absolute path"},
      {"{ntlm: {" + login + "}}", "'user' is missing"},
      {"{ntlm: {user: a}}", "'password_file' is missing"},
      {"{ntlm: {user: a, password: x}}", "unknown key 'password'"},
      {"{ntlm: {user: 'T\\a', " + login + "}}", "user and domain apart"},
      {"{ntlm: {user: a@T, " + login + "}}", "user and domain apart"},
      {"{ntlm: {user: a, domain: '', " + login + "}}", "write a text"},
      {"{ntlm: {user: " + long_name + ", " + login + "}}", "user and domain apart"},
      {"{ntlm: {user: a, hash: x, " + login + "}}", "unknown key 'hash'"},
      {"{delegated: a@B}", "write a list"},
      {"{delegated: [a@B]}", "write a map"},
      {"{delegated: [{administrator: true}]}", "'principal' is missing"},
      {"{delegated: [{principal: a@B, administrator: 1}]}", "true or false"},
      {"{delegated: [{principal: a@B}, {principal: a@B, administrator: true}]}",
       "a@B is given twice"},
  };
  for (const auto& [network, reason] : wrong) {
    ExpectRefused(One("network: " + network), reason);
    ExpectRefused(One("filtered: {uid: 5, gid: 5, network: " + network + "}"), reason);
  }
}

}  // namespace
}  // namespace bitsd
