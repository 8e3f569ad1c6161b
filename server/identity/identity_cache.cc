#include "server/identity/identity_cache.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "absl/hash/hash.h"
#include "server/error/errors.h"

namespace bitsd {
namespace {

/// Administrators stay in the token, but only to deny.
void DenyAdministrators(std::vector<SidGroup>& groups) {
  for (SidGroup& group : groups) {
    if (group.sid == kAdministratorsSid) group.attributes = kGroupUseForDenyOnly;
  }
}

std::shared_ptr<const AccessToken> MakeToken(const CertificateIdentity& certificate,
                                             const Account& account, bool filtered,
                                             ImpersonationLevel level,
                                             std::shared_ptr<EndSignal> line) {
  auto token = std::make_shared<AccessToken>();
  token->user = account.sid;
  token->account_name = account.name;
  token->groups = account.groups;
  if (filtered) DenyAdministrators(token->groups);
  token->posix = filtered ? account.filtered : account.posix;
  token->umask = account.umask;
  token->network = filtered ? account.filtered_network : account.network;
  token->level = level;
  token->filtered = filtered;
  token->service = account.service || IsWellKnownService(account.sid);
  token->certificate_not_after = certificate.not_after;
  token->certificate = std::move(line);
  return token;
}

absl::Status CheckAccount(const CertificateIdentity& certificate, const Account* account) {
  const std::string sid = certificate.sid.ToString();
  if (account == nullptr) {
    return error::Unauthenticated(
        Rule::kUnknownAccount,
        "unknown_account: the account directory has no " + sid + "; add it there");
  }
  if (account->disabled) {
    return error::Unauthenticated(Rule::kAccountDisabled,
                                  "account_disabled: the account of " + sid + " is disabled");
  }
  return CheckPinned(certificate, *account);
}

}  // namespace

PeerIdentity::PeerIdentity(absl::Status refusal, std::optional<Sid> sid)
    : refusal_(std::move(refusal)), sid_(sid) {}

PeerIdentity::PeerIdentity(const CertificateIdentity& certificate, const Account& account,
                           std::shared_ptr<EndSignal> line, absl::Time known_until)
    : sid_(account.sid),
      certificate_(certificate),
      known_until_(known_until),
      max_level_(account.max_level) {
  for (const bool filtered : {false, true}) {
    for (size_t level = 0; level <= static_cast<size_t>(max_level_); ++level) {
      tokens_[filtered][level] =
          MakeToken(certificate, account, filtered, static_cast<ImpersonationLevel>(level), line);
    }
  }
}

absl::Status PeerIdentity::Check(absl::Time now) const {
  if (!refusal_.ok()) return refusal_;
  if (now >= known_until_) return RevocationLists::OutOfDate(known_until_);
  return CheckValidity(certificate_, now);
}

absl::StatusOr<std::shared_ptr<const AccessToken>> PeerIdentity::Token(bool filtered,
                                                                       ImpersonationLevel level,
                                                                       absl::Time now) const {
  if (const absl::Status status = Check(now); !status.ok()) return status;
  return tokens_[filtered][static_cast<size_t>(std::min(level, max_level_))];
}

IdentityCache::IdentityCache(CertificateReader reader,
                             std::shared_ptr<const AccountDirectory> directory, size_t max_entries)
    : max_entries_(max_entries),
      uses_chain_(reader.uses_chain()),
      trust_{std::make_shared<const CertificateReader>(std::move(reader)), std::move(directory)} {}

std::shared_ptr<const PeerIdentity> IdentityCache::Lookup(std::string_view leaf,
                                                          std::string_view chain) {
  while (true) {
    const uint64_t seen = generation();
    const Key key{leaf, uses_chain_.load() ? chain : std::string_view()};
    auto identity = Find(key);
    if (identity == nullptr) identity = LookAnew(key, chain);
    if (generation() == seen) return identity;  // Else a new generation began meanwhile.
  }
}

std::shared_ptr<const PeerIdentity> IdentityCache::LookAnew(const Key& key,
                                                            std::string_view chain) {
  const Trust trust = CurrentTrust();
  absl::StatusOr<RevocationKeys> keys = trust.reader->CheckIssuer(key.leaf, chain);
  const absl::Status issuer = keys.status();
  auto identity = Identify(trust, key, keys.ok() ? *std::move(keys) : RevocationKeys());
  // Not kept: by another chain the same leaf may be trusted.
  if (!issuer.ok()) {
    return identity->refused() ? identity : std::make_shared<const PeerIdentity>(issuer);
  }
  if (key.leaf.size() > kMaxKeyBytes || key.chain.size() > kMaxKeyBytes) return identity;
  return Insert(key, trust.generation, std::move(identity));
}

void IdentityCache::Renew(std::shared_ptr<const AccountDirectory> directory) {
  Trust trust = CurrentTrust();
  trust.directory = std::move(directory);
  BeginGeneration(std::move(trust));
}

void IdentityCache::Renew(CertificateReader reader) {
  Trust trust = CurrentTrust();
  trust.reader = std::make_shared<const CertificateReader>(std::move(reader));
  const auto now_believed = trust.reader;
  BeginGeneration(std::move(trust));
  std::vector<std::weak_ptr<PeerCertificate>> certificates;
  {
    const std::lock_guard lock(mutex_);
    certificates = certificates_;
  }
  for (const auto& weak : certificates) {
    const auto certificate = weak.lock();
    if (certificate == nullptr) continue;
    const absl::Status status =
        now_believed->revoked().Check(certificate->keys, absl::InfinitePast());
    if (!status.ok()) certificate->Close(DetailOf(status).rule);
  }
}

std::shared_ptr<PeerCertificate> IdentityCache::NewCertificate(RevocationKeys keys) {
  auto certificate = std::make_shared<PeerCertificate>(std::move(keys));
  const std::lock_guard lock(mutex_);
  if (certificates_.size() >= sweep_at_) {
    std::erase_if(certificates_, [](const auto& known) { return known.expired(); });
    sweep_at_ = std::max<size_t>(64, 2 * certificates_.size());
  }
  certificates_.push_back(certificate);
  return certificate;
}

void IdentityCache::BeginGeneration(Trust trust) {
  decltype(entries_) entries;  // Destroyed after the lock, as the trust.
  decltype(oldest_first_) oldest_first;
  const std::lock_guard lock(mutex_);
  trust.generation = trust_.generation + 1;
  std::swap(trust_, trust);
  entries.swap(entries_);
  oldest_first.swap(oldest_first_);
  uses_chain_ = trust_.reader->uses_chain();
  generation_.store(trust_.generation, std::memory_order_release);
}

IdentityCache::Trust IdentityCache::CurrentTrust() const {
  const std::lock_guard lock(mutex_);
  return trust_;
}

size_t IdentityCache::size() const {
  const std::lock_guard lock(mutex_);
  return entries_.size();
}

size_t IdentityCache::HashOf(const Key& key) {
  // Abseil's hash is keyed per process; its own string_view is what it hashes.
  const auto view = [](std::string_view text) {
    return absl::string_view(text.data(), text.size());
  };
  return absl::HashOf(view(key.leaf), view(key.chain));
}

std::shared_ptr<const PeerIdentity> IdentityCache::Find(const Key& key) const {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(key);
  return found == entries_.end() ? nullptr : (*found)->identity;
}

std::shared_ptr<const PeerIdentity> IdentityCache::Identify(const Trust& trust, const Key& key,
                                                            RevocationKeys keys) {
  const absl::StatusOr<CertificateIdentity> certificate = trust.reader->Read(key.leaf, key.chain);
  if (!certificate.ok()) return std::make_shared<const PeerIdentity>(certificate.status());
  const std::shared_ptr<const Account> account = trust.directory->Find(certificate->sid);
  const absl::Status status = CheckAccount(*certificate, account.get());
  if (!status.ok()) return std::make_shared<const PeerIdentity>(status, certificate->sid);
  const RevocationLists& revoked = trust.reader->revoked();
  if (!revoked.configured()) return std::make_shared<const PeerIdentity>(*certificate, *account);
  if (absl::Status s = revoked.Check(keys, absl::InfinitePast()); !s.ok()) {
    return std::make_shared<const PeerIdentity>(s, certificate->sid);
  }
  const absl::Time known_until = revoked.KnownUntil(keys);
  return std::make_shared<const PeerIdentity>(*certificate, *account,
                                              NewCertificate(std::move(keys)), known_until);
}

std::shared_ptr<const PeerIdentity> IdentityCache::Insert(
    const Key& key, uint64_t generation, std::shared_ptr<const PeerIdentity> identity) {
  auto entry = std::make_shared<const Entry>(
      Entry{std::string(key.leaf), std::string(key.chain), std::move(identity)});
  const std::lock_guard lock(mutex_);
  if (generation != trust_.generation) return identity;  // Nobody uses it: Lookup asks again.
  const auto [found, inserted] = entries_.insert(entry);
  if (!inserted) return (*found)->identity;  // Another thread was faster.
  oldest_first_.push_back(entry);
  if (oldest_first_.size() > max_entries_) {
    entries_.erase(oldest_first_.front());
    oldest_first_.pop_front();
  }
  return entry->identity;
}

}  // namespace bitsd
