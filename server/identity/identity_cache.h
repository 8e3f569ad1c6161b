// Who the peer of a connection is: its certificate parsed once, its tokens made once.
//
// Keyed by the bytes of the certificate (and of its issuers where they matter), bounded, the oldest
// entry leaves first. What a certificate says and what the directory says of it are kept; the time
// is judged at every use. A refusal is kept like an identity: its peer gets the same reason on
// every call.
//
// A reload of the roots or of the directory begins a new generation: nothing that was kept before
// counts any more, and every peer is verified anew at its next call.
//
// Thread safety: any thread; the lock is held for a lookup or an insertion only, never while a
// certificate is parsed. Ownership: identities and tokens are shared and immutable.

#ifndef BITSD_SERVER_IDENTITY_IDENTITY_CACHE_H_
#define BITSD_SERVER_IDENTITY_IDENTITY_CACHE_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/identity/access_token.h"
#include "server/identity/account_directory.h"
#include "server/identity/certificate_identity.h"

namespace bitsd {

/// Ends when a revocation list names the certificate, or one of its issuers'.
class PeerCertificate : public EndSignal {
 public:
  explicit PeerCertificate(RevocationKeys revocation) : keys(std::move(revocation)) {}

  const RevocationKeys keys;
};

class PeerIdentity {
 public:
  /// A verified peer who is nobody to us, and why.
  explicit PeerIdentity(absl::Status refusal, std::optional<Sid> sid = std::nullopt);
  /// The tokens that `account` gets by this certificate; `line` is null where nothing is revoked.
  /// That it is not is known until `known_until`.
  PeerIdentity(const CertificateIdentity& certificate, const Account& account,
               std::shared_ptr<EndSignal> line = nullptr,
               absl::Time known_until = absl::InfiniteFuture());

  /// Whatever the time is.
  bool refused() const { return !refusal_.ok(); }
  /// Whom the certificate names, accepted or not; unset when it names nobody.
  const std::optional<Sid>& sid() const { return sid_; }

  /// OK while the identity stands at `now`; otherwise UNAUTHENTICATED with the reason.
  absl::Status Check(absl::Time now) const;

  /// The token for a call that asks for `level`, capped at what the account may have; or what
  /// Check answers.
  absl::StatusOr<std::shared_ptr<const AccessToken>> Token(bool filtered, ImpersonationLevel level,
                                                           absl::Time now) const;

 private:
  static constexpr size_t kLevels = 4;

  absl::Status refusal_;
  std::optional<Sid> sid_;
  CertificateIdentity certificate_;
  absl::Time known_until_ = absl::InfiniteFuture();
  /// By filtered, then by level up to the account's cap.
  std::array<std::array<std::shared_ptr<const AccessToken>, kLevels>, 2> tokens_;
  ImpersonationLevel max_level_ = ImpersonationLevel::kAnonymous;
};

class IdentityCache {
 public:
  static constexpr size_t kDefaultEntries = 4096;
  /// Longer texts are not worth keeping: no honest certificate is as long.
  static constexpr size_t kMaxKeyBytes = size_t{64} << 10;

  IdentityCache(CertificateReader reader, std::shared_ptr<const AccountDirectory> directory,
                size_t max_entries = kDefaultEntries);

  /// The identity behind the PEM text of a leaf, and of its issuers as the peer sent them, in the
  /// newest generation. Never null.
  std::shared_ptr<const PeerIdentity> Lookup(std::string_view leaf, std::string_view chain);

  /// Which generation counts: what was looked up in another must be looked up again.
  uint64_t generation() const { return generation_.load(std::memory_order_acquire); }

  /// Begin a new generation. With a new reader: what was made by certificates that it holds for
  /// revoked is discarded, on this thread.
  void Renew(std::shared_ptr<const AccountDirectory> directory);
  void Renew(CertificateReader reader);

  size_t size() const;

 private:
  /// What a generation believes.
  struct Trust {
    std::shared_ptr<const CertificateReader> reader;
    std::shared_ptr<const AccountDirectory> directory;
    uint64_t generation = 1;
  };
  struct Key {
    std::string_view leaf;
    std::string_view chain;
    friend bool operator==(const Key&, const Key&) = default;
  };
  struct Entry {
    std::string leaf;
    std::string chain;
    std::shared_ptr<const PeerIdentity> identity;
  };
  using EntryPtr = std::shared_ptr<const Entry>;

  static Key KeyOf(const EntryPtr& entry) { return {entry->leaf, entry->chain}; }
  static Key KeyOf(const Key& key) { return key; }
  struct Hash {
    using is_transparent = void;
    template <typename T>
    size_t operator()(const T& value) const {
      return HashOf(KeyOf(value));
    }
  };
  struct Equal {
    using is_transparent = void;
    template <typename A, typename B>
    bool operator()(const A& a, const B& b) const {
      return KeyOf(a) == KeyOf(b);
    }
  };

  static size_t HashOf(const Key& key);
  Trust CurrentTrust() const;
  void BeginGeneration(Trust trust);
  std::shared_ptr<const PeerIdentity> Find(const Key& key) const;
  std::shared_ptr<const PeerIdentity> Identify(const Trust& trust, const Key& key,
                                               RevocationKeys keys);
  std::shared_ptr<PeerCertificate> NewCertificate(RevocationKeys keys);
  /// Identifies a peer that is not kept.
  std::shared_ptr<const PeerIdentity> LookAnew(const Key& key, std::string_view chain);
  /// Keeps `identity`, unless `generation` is over, and returns what is kept.
  std::shared_ptr<const PeerIdentity> Insert(const Key& key, uint64_t generation,
                                             std::shared_ptr<const PeerIdentity> identity);

  const size_t max_entries_;
  std::atomic<uint64_t> generation_ = 1;
  std::atomic<bool> uses_chain_;

  mutable std::mutex mutex_;
  Trust trust_;
  absl::flat_hash_set<EntryPtr, Hash, Equal> entries_;
  std::deque<EntryPtr> oldest_first_;
  /// Those that tokens may have been made by; only where lists are configured.
  std::vector<std::weak_ptr<PeerCertificate>> certificates_;
  size_t sweep_at_ = 64;  ///< The size at which those that nobody holds are dropped.
};

}  // namespace bitsd

#endif  // BITSD_SERVER_IDENTITY_IDENTITY_CACHE_H_
