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
                                             ImpersonationLevel level) {
  auto token = std::make_shared<AccessToken>();
  token->user = account.sid;
  token->account_name = account.name;
  token->groups = account.groups;
  if (filtered) DenyAdministrators(token->groups);
  token->posix = filtered ? account.filtered : account.posix;
  token->umask = account.umask;
  token->level = level;
  token->filtered = filtered;
  token->service = account.service || IsWellKnownService(account.sid);
  token->certificate_not_after = certificate.not_after;
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

PeerIdentity::PeerIdentity(absl::Status refusal) : refusal_(std::move(refusal)) {}

PeerIdentity::PeerIdentity(const CertificateIdentity& certificate, const Account& account)
    : certificate_(certificate), max_level_(account.max_level) {
  for (const bool filtered : {false, true}) {
    for (size_t level = 0; level <= static_cast<size_t>(max_level_); ++level) {
      tokens_[filtered][level] =
          MakeToken(certificate, account, filtered, static_cast<ImpersonationLevel>(level));
    }
  }
}

absl::Status PeerIdentity::Check(absl::Time now) const {
  if (!refusal_.ok()) return refusal_;
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
    : reader_(std::move(reader)), directory_(std::move(directory)), max_entries_(max_entries) {}

std::shared_ptr<const PeerIdentity> IdentityCache::Lookup(std::string_view leaf,
                                                          std::string_view chain) {
  const Key key{leaf, reader_.uses_chain() ? chain : std::string_view()};
  if (auto found = Find(key)) return found;
  auto identity = Identify(key);
  if (leaf.size() > kMaxKeyBytes || key.chain.size() > kMaxKeyBytes) return identity;
  return Insert(key, std::move(identity));
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

std::shared_ptr<const PeerIdentity> IdentityCache::Identify(const Key& key) const {
  const absl::StatusOr<CertificateIdentity> certificate = reader_.Read(key.leaf, key.chain);
  if (!certificate.ok()) return std::make_shared<const PeerIdentity>(certificate.status());
  const std::shared_ptr<const Account> account = directory_->Find(certificate->sid);
  const absl::Status status = CheckAccount(*certificate, account.get());
  if (!status.ok()) return std::make_shared<const PeerIdentity>(status);
  return std::make_shared<const PeerIdentity>(*certificate, *account);
}

std::shared_ptr<const PeerIdentity> IdentityCache::Insert(
    const Key& key, std::shared_ptr<const PeerIdentity> identity) {
  auto entry = std::make_shared<const Entry>(
      Entry{std::string(key.leaf), std::string(key.chain), std::move(identity)});
  const std::lock_guard lock(mutex_);
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
