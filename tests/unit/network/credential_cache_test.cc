#include "server/network/credential_cache.h"

#include <cstdlib>
#include <ctime>
#include <random>
#include <string>

#include "gtest/gtest.h"
#include "server/error/errors.h"
#include "server/network/ticket_sources.h"
#include "tests/testing/temp_folder.h"

namespace bitsd::network {
namespace {

struct FakeTicket {
  std::string client = "alice@TEST.LOCAL";
  std::string server = "krbtgt/TEST.LOCAL@TEST.LOCAL";
  int64_t life = 3600;
  std::string key = std::string(32, 'k');
};

class CredentialCacheTest : public ::testing::Test {
 protected:
  CredentialCacheTest() { Must(krb5_init_context(&context_)); }
  ~CredentialCacheTest() override { krb5_free_context(context_); }

  static void Must(krb5_error_code code) {
    if (code != 0) std::abort();
  }

  krb5_principal Parse(const std::string& name) const {
    krb5_principal principal = nullptr;
    Must(krb5_parse_name(context_, name.c_str(), &principal));
    return principal;
  }

  /// The bytes of a cache of `owner`.
  std::string Cache(const std::vector<FakeTicket>& tickets,
                    const std::string& owner = "alice@TEST.LOCAL") const {
    const std::string path = folder_.File("cc");
    krb5_ccache cache = nullptr;
    Must(krb5_cc_resolve(context_, ("FILE:" + path).c_str(), &cache));
    krb5_principal principal = Parse(owner);
    Must(krb5_cc_initialize(context_, cache, principal));
    krb5_free_principal(context_, principal);
    for (const FakeTicket& fake : tickets) Store(cache, fake);
    krb5_cc_close(context_, cache);
    return tests::ReadFile(path);
  }

  absl::StatusOr<CredentialCache> Read(const std::string& bytes) const {
    return ReadCredentialCache(context_, bytes, "the cache");
  }

  static std::string KeyOf(const CredentialCache& cache) {
    const krb5_keyblock& key = cache.ticket->keyblock;
    return {reinterpret_cast<const char*>(key.contents), key.length};
  }

  krb5_context context_ = nullptr;
  const tests::TempFolder folder_;

 private:
  void Store(krb5_ccache cache, const FakeTicket& fake) const {
    Krb5Creds creds(context_);
    creds.get()->client = Parse(fake.client);
    creds.get()->server = Parse(fake.server);
    std::string ticket = "ticket";
    krb5_creds shown = *creds;
    shown.keyblock = {0, ENCTYPE_AES256_CTS_HMAC_SHA1_96, static_cast<unsigned>(fake.key.size()),
                      reinterpret_cast<krb5_octet*>(const_cast<char*>(fake.key.data()))};
    const auto now = static_cast<krb5_timestamp>(std::time(nullptr));
    shown.times = {now, now, static_cast<krb5_timestamp>(now + fake.life), 0};
    shown.ticket = {0, static_cast<unsigned>(ticket.size()), ticket.data()};
    Must(krb5_cc_store_cred(context_, cache, &shown));
  }
};

TEST_F(CredentialCacheTest, TheTicketGrantingTicketThatEndsLastIsTaken) {
  const auto cache = Read(Cache({{.server = "HTTP/web@TEST.LOCAL"},
                                 {.life = 60, .key = std::string(32, 'a')},
                                 {.life = 7200, .key = std::string(32, 'b')},
                                 {.life = 600, .key = std::string(32, 'c')}}));
  ASSERT_TRUE(cache.ok()) << cache.status();
  EXPECT_EQ(cache->principal, "alice@TEST.LOCAL");
  EXPECT_EQ(KeyOf(*cache), std::string(32, 'b'));
}

TEST_F(CredentialCacheTest, TicketsOfOthersAndOfOtherRealmsAreNotTaken) {
  for (const FakeTicket& foreign :
       {FakeTicket{.client = "bob@TEST.LOCAL"}, FakeTicket{.server = "krbtgt/OTHER@TEST.LOCAL"},
        FakeTicket{.server = "krbtgt/TEST.LOCAL@OTHER"}, FakeTicket{.server = "krbtgt@TEST.LOCAL"},
        FakeTicket{.server = "HTTP/TEST.LOCAL@TEST.LOCAL"}}) {
    const auto cache = Read(Cache({foreign}));
    EXPECT_EQ(DetailOf(cache.status()).hresult, Hresult::kInvalidArgument) << foreign.server;
  }
  EXPECT_EQ(DetailOf(Read(Cache({})).status()).hresult, Hresult::kInvalidArgument);
}

TEST_F(CredentialCacheTest, OneThatHasEndedSaysSo) {
  EXPECT_EQ(DetailOf(Read(Cache({{.life = -1}})).status()).hresult, Hresult::kTokenRequired);
}

TEST_F(CredentialCacheTest, GarbageIsNoCache) {
  const std::string good = Cache({{}});
  for (const std::string& bad : {std::string(), std::string("x"), std::string(4096, '\0'),
                                 std::string(4096, '\xff'), good.substr(0, 3)}) {
    EXPECT_FALSE(Read(bad).ok()) << bad.size();
  }
  for (size_t size = 0; size < good.size(); ++size) EXPECT_FALSE(Read(good.substr(0, size)).ok());
  EXPECT_TRUE(Read(good).ok());
}

TEST_F(CredentialCacheTest, DamagedBytesDoNoHarm) {
  const std::string good = Cache({{}, {.server = "HTTP/web@TEST.LOCAL"}});
  std::mt19937 random(5);  // NOLINT: the same every time.
  const auto pick = [&](size_t below) { return random() % below; };
  for (int round = 0; round < 3000; ++round) {
    std::string bytes = good;
    for (size_t i = 0; i <= pick(4); ++i) bytes[pick(bytes.size())] = static_cast<char>(pick(256));
    const auto cache = Read(bytes);
    EXPECT_FALSE(cache.ok() && cache->principal.empty());
  }
}

TEST_F(CredentialCacheTest, DelegatedTicketsAreUsedUntilTheyEnd) {
  Tickets tickets(context_);
  std::string principal;
  EXPECT_FALSE(tickets.usable());
  EXPECT_FALSE(MakeDelegatedSource(context_, "garbage", tickets, &principal).ok());
  const auto ended = MakeDelegatedSource(context_, Cache({{.life = -1}}), tickets, &principal);
  EXPECT_EQ(DetailOf(ended.status()).hresult, Hresult::kInvalidArgument);
  const auto source = MakeDelegatedSource(context_, Cache({{}}), tickets, &principal);
  ASSERT_TRUE(source.ok()) << source.status();
  EXPECT_EQ(principal, "alice@TEST.LOCAL");
  EXPECT_TRUE((*source)->Refresh(tickets).ok());
  EXPECT_TRUE(tickets.usable());
  EXPECT_FALSE(tickets.due());
  EXPECT_EQ((*source)->wants_refresh_at(tickets), std::nullopt) << "not renewable";
}

}  // namespace
}  // namespace bitsd::network
