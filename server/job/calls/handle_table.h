// The handles that QueryInterface gave out.
//
// A handle is 32 bytes: the job's id and 128 random bits, compared in constant time. It remembers
// what was true of its acquirer and ends by Release, after a time unused, with the acquirer's
// session or certificate, and with its job. Handles are never stored or logged; Digest is what the
// audit log shows. Thread safety: any thread; 64 stripes by job. Ownership: the table owns the
// handles; what Find returns stays readable after the handle has ended.

#ifndef BITSD_SERVER_JOB_CALLS_HANDLE_TABLE_H_
#define BITSD_SERVER_JOB_CALLS_HANDLE_TABLE_H_

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/base/clock.h"
#include "server/job/service/caller.h"
#include "server/model/job_id.h"
#include "server/policy/token_rules.h"

namespace bitsd {

class HandleTable {
 public:
  static constexpr size_t kHandleSize = 32;

  /// Certificates end by the wall clock; being unused is a span, for the steady one.
  HandleTable(const Clock& wall, const Clock& steady, absl::Duration idle_limit);

  /// A new handle of `caller` on `job`. E_OUTOFMEMORY when it has 16 on it; ERROR_NOT_LOGGED_ON
  /// when its session has ended.
  absl::StatusOr<std::string> Acquire(const JobId& job, policy::HandleFacts facts,
                                      const Caller& caller);

  struct Found {
    JobId job;
    std::shared_ptr<const policy::HandleFacts> facts;
    /// Whether the handle has ended since.
    std::shared_ptr<const std::atomic<bool>> ended;
  };
  /// E_INVALIDARG for a wrong length; RPC_E_DISCONNECTED when dead or unknown. Counts as a use.
  absl::StatusOr<Found> Find(std::string_view handle);

  /// For every handle, from now on.
  void SetIdleLimit(absl::Duration limit) { idle_limit_ns_ = absl::ToInt64Nanoseconds(limit); }

  void Release(std::string_view handle);
  void EndOfJob(const JobId& job);
  /// Ends what has been unused for too long or whose certificate has ended.
  void Sweep();

  /// A keyed digest of a handle, for the audit log: tells handles apart, gives nothing away.
  std::string Digest(std::string_view handle) const;

 private:
  using Secret = std::array<uint8_t, 16>;
  struct Handle {
    Secret secret{};
    std::shared_ptr<const policy::HandleFacts> facts;
    std::shared_ptr<std::atomic<bool>> ended = std::make_shared<std::atomic<bool>>(false);
    Attachment session;
    Attachment certificate;
    absl::Time certificate_end;
    absl::Time last_use;
    ~Handle();
  };
  using Handles = std::vector<std::unique_ptr<Handle>>;
  struct Stripe {
    std::mutex mutex;
    absl::flat_hash_map<JobId, Handles> handles;
  };
  static constexpr size_t kStripes = 64;

  struct Instant {
    absl::Time date;  ///< By the wall clock.
    absl::Time time;  ///< By the steady one.
  };
  bool IsDead(const Handle& handle, const Instant& now) const;
  /// Attaches the handle to what it ends with.
  absl::Status Attach(Handle& handle, const JobId& job, const Caller& caller);
  Stripe& StripeOf(const JobId& job);
  void End(const JobId& job, const Secret& secret);

  const Clock& wall_;
  const Clock& steady_;
  std::atomic<int64_t> idle_limit_ns_;
  std::array<uint8_t, 32> digest_key_;
  std::array<Stripe, kStripes> stripes_;
};

}  // namespace bitsd

#endif  // BITSD_SERVER_JOB_CALLS_HANDLE_TABLE_H_
