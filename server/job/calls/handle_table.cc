#include "server/job/calls/handle_table.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "absl/hash/hash.h"
#include "absl/strings/escaping.h"
#include "server/error/errors.h"
#include "server/policy/job_limits.h"

namespace bitsd {
namespace {

constexpr size_t kDigestBytes = 8;

template <size_t N>
void FillRandom(std::array<uint8_t, N>& bytes) {
  if (RAND_bytes(bytes.data(), static_cast<int>(N)) != 1) std::abort();
}

absl::Status Dead() {
  return error::Disconnected("the handle is dead or unknown: call QueryInterface again");
}

}  // namespace

HandleTable::Handle::~Handle() {
  OPENSSL_cleanse(secret.data(), secret.size());
  *ended = true;
}

HandleTable::HandleTable(const Clock& wall, const Clock& steady, absl::Duration idle_limit)
    : wall_(wall), steady_(steady), idle_limit_ns_(absl::ToInt64Nanoseconds(idle_limit)) {
  FillRandom(digest_key_);
}

HandleTable::Stripe& HandleTable::StripeOf(const JobId& job) {
  return stripes_[absl::HashOf(job) % kStripes];
}

bool HandleTable::IsDead(const Handle& handle, const Instant& now) const {
  return now.date >= handle.certificate_end ||
         now.time - handle.last_use >= absl::Nanoseconds(idle_limit_ns_.load()) ||
         !handle.session.line()->is_open() ||
         (handle.certificate.holds() && !handle.certificate.line()->is_open());
}

absl::Status HandleTable::Attach(Handle& handle, const JobId& job, const Caller& caller) {
  const auto end = [this, job, secret = handle.secret](std::string_view, const WaitGroupPtr&) {
    End(job, secret);
  };
  handle.session = Attachment(caller.session, end);
  if (!handle.session.holds()) {
    return error::NotLoggedOn("your logon session has ended: log on, or call, again");
  }
  if (caller.token->certificate == nullptr) return absl::OkStatus();
  handle.certificate = Attachment(caller.token->certificate, end);
  if (handle.certificate.holds()) return absl::OkStatus();
  return error::Unauthenticated(Rule::kCertificateRevoked, "the certificate has been revoked");
}

absl::StatusOr<std::string> HandleTable::Acquire(const JobId& job, policy::HandleFacts facts,
                                                 const Caller& caller) {
  auto handle = std::make_unique<Handle>();
  FillRandom(handle->secret);
  handle->certificate_end = caller.token->certificate_not_after;
  const Instant now{wall_.Now(), steady_.Now()};
  handle->last_use = now.time;
  if (absl::Status status = Attach(*handle, job, caller); !status.ok()) return status;
  handle->facts = std::make_shared<const policy::HandleFacts>(facts);

  std::string text(reinterpret_cast<const char*>(job.bytes().data()), job.bytes().size());
  text.append(reinterpret_cast<const char*>(handle->secret.data()), handle->secret.size());
  Handles dead;  // Destroyed after the lock, as the refused handle is.
  Stripe& stripe = StripeOf(job);
  std::lock_guard lock(stripe.mutex);
  Handles& handles = stripe.handles[job];
  const auto alive_end = std::stable_partition(
      handles.begin(), handles.end(), [&](const auto& other) { return !IsDead(*other, now); });
  std::move(alive_end, handles.end(), std::back_inserter(dead));
  handles.erase(alive_end, handles.end());
  const auto mine = std::count_if(handles.begin(), handles.end(), [&](const auto& other) {
    return other->facts->acquirer == handle->facts->acquirer;
  });
  if (static_cast<size_t>(mine) >= policy::kMaxHandlesPerJobAndSid) {
    return error::LimitReached("you have 16 handles on this job: release one");
  }
  handles.push_back(std::move(handle));
  return text;
}

absl::StatusOr<HandleTable::Found> HandleTable::Find(std::string_view handle) {
  if (handle.size() != kHandleSize) {
    return error::InvalidArgument("a handle is 32 bytes, as QueryInterface returned it");
  }
  std::array<uint8_t, 16> id;
  std::memcpy(id.data(), handle.data(), id.size());
  const JobId job(id);
  const Instant now{wall_.Now(), steady_.Now()};
  Stripe& stripe = StripeOf(job);
  std::lock_guard lock(stripe.mutex);
  const auto it = stripe.handles.find(job);
  if (it == stripe.handles.end()) return Dead();
  for (const auto& known : it->second) {
    if (CRYPTO_memcmp(known->secret.data(), handle.data() + id.size(), known->secret.size()) != 0) {
      continue;
    }
    if (IsDead(*known, now)) return Dead();
    known->last_use = now.time;
    return Found{job, known->facts, known->ended};
  }
  return Dead();
}

void HandleTable::Release(std::string_view handle) {
  if (handle.size() != kHandleSize) return;
  std::array<uint8_t, 16> id;
  Secret secret;
  std::memcpy(id.data(), handle.data(), id.size());
  std::memcpy(secret.data(), handle.data() + id.size(), secret.size());
  End(JobId(id), secret);
  OPENSSL_cleanse(secret.data(), secret.size());
}

void HandleTable::End(const JobId& job, const Secret& secret) {
  std::unique_ptr<Handle> ended;  // Destroyed after the lock: it takes its session's.
  Stripe& stripe = StripeOf(job);
  std::lock_guard lock(stripe.mutex);
  const auto it = stripe.handles.find(job);
  if (it == stripe.handles.end()) return;
  Handles& handles = it->second;
  const auto handle = std::find_if(handles.begin(), handles.end(), [&](const auto& known) {
    return CRYPTO_memcmp(known->secret.data(), secret.data(), secret.size()) == 0;
  });
  if (handle == handles.end()) return;
  ended = std::move(*handle);
  handles.erase(handle);
  if (handles.empty()) stripe.handles.erase(it);
}

void HandleTable::EndOfJob(const JobId& job) {
  Handles ended;
  Stripe& stripe = StripeOf(job);
  std::lock_guard lock(stripe.mutex);
  const auto it = stripe.handles.find(job);
  if (it == stripe.handles.end()) return;
  ended = std::move(it->second);
  stripe.handles.erase(it);
}

void HandleTable::Sweep() {
  const Instant now{wall_.Now(), steady_.Now()};
  for (Stripe& stripe : stripes_) {
    Handles dead;
    std::lock_guard lock(stripe.mutex);
    for (auto it = stripe.handles.begin(); it != stripe.handles.end();) {
      Handles& handles = it->second;
      const auto alive_end =
          std::stable_partition(handles.begin(), handles.end(),
                                [&](const auto& handle) { return !IsDead(*handle, now); });
      std::move(alive_end, handles.end(), std::back_inserter(dead));
      handles.erase(alive_end, handles.end());
      const auto current = it++;
      if (handles.empty()) stripe.handles.erase(current);
    }
  }
}

std::string HandleTable::Digest(std::string_view handle) const {
  std::array<uint8_t, EVP_MAX_MD_SIZE> digest;
  unsigned int size = 0;
  HMAC(EVP_sha256(), digest_key_.data(), static_cast<int>(digest_key_.size()),
       reinterpret_cast<const unsigned char*>(handle.data()), handle.size(), digest.data(), &size);
  return absl::BytesToHexString(
      absl::string_view(reinterpret_cast<const char*>(digest.data()), kDigestBytes));
}

}  // namespace bitsd
