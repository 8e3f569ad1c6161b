// Where jobs are kept. Acknowledged means durable: a change is answered after its commit.
//
// Thread safety: any thread. Commit never blocks; `done` runs on a thread of the store, or inside
// the call when the store needs no waiting (the memory store). Ownership: records are shared and
// immutable.

#ifndef BITSD_SERVER_MODEL_JOB_STORE_H_
#define BITSD_SERVER_MODEL_JOB_STORE_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "server/identity/sid.h"
#include "server/model/job_record.h"
#include "server/model/session_record.h"

namespace bitsd {

/// The first answer to a request_id: remembered so that a repeat gives it again.
struct RequestRecord {
  Sid caller;
  std::string request_id;
  std::string fingerprint;  ///< Digest of the request, to tell a repeat from a misuse.
  JobRecordPtr answer;
  absl::Time expires;
};

/// What one commit writes, all or nothing.
struct StoreChange {
  JobRecordPtr put;  ///< Replaces the record with its id; may be null.
  /// What the store has in place of `put`, null for a new job: what both share is not written
  /// again.
  JobRecordPtr before;
  std::optional<RequestRecord> request;
  std::optional<JobId> erase;                ///< Purges a job.
  std::optional<SessionRecord> put_session;  ///< Replaces the record with its id.
  std::optional<SessionId> erase_session;
  /// Forgets one request of a caller.
  std::optional<std::pair<Sid, std::string>> erase_request;
  /// Forgets requests that have expired by then.
  std::optional<absl::Time> forget_requests;
};

/// Something in the store that cannot be read: it is kept beside the rest, and not used.
struct SetAside {
  std::string table;         ///< Where it was: "jobs" for a job with all its parts.
  std::string why;           ///< Names the table and the column.
  std::optional<JobId> job;  ///< As far as it can be read.
  std::optional<Sid> owner;  ///< As far as it can be read.
  absl::Time found;          ///< When it was set aside.
  bool is_new = false;       ///< At this start.
  std::optional<bool> elevated = std::nullopt;  ///< Of a job, as far as it can be read.
  /// It had to make room for others at this start, and is gone.
  bool dropped = false;
};

/// Gets what a store has: the start first, then jobs, then requests, then sessions. The answer of a
/// request is the job as it was then, as far as it is kept: how many files it had, not which.
struct StoreVisitor {
  std::function<void(JobRecordPtr)> job;
  std::function<void(RequestRecord)> request;
  std::function<void(SessionRecord)> session;
  std::function<void(SetAside)> set_aside = nullptr;  ///< Last; may be null.
  /// How often the store was loaded, this time included; may be null.
  std::function<void(uint64_t)> start = nullptr;
};

class JobStore {
 public:
  virtual ~JobStore() = default;

  /// Shows everything that is in the store, on this thread; blocks. For the start: call it before
  /// the first Commit. What cannot be read is set aside, and the rest is shown. An error, after
  /// which nothing may be served, when that cannot be done either.
  virtual absl::Status Load(const StoreVisitor& visitor) = 0;

  /// Makes `changes` durable and calls `done` once: OK, or an error after which none of them is.
  virtual void Commit(std::vector<StoreChange> changes, std::function<void(absl::Status)> done) = 0;

  /// Passwords of jobs outlive a restart: they are encrypted, with a key that is not in the store.
  virtual bool keeps_secrets() const = 0;

  /// Ends: what was committed before is done once this returns, and every later Commit fails.
  virtual void Stop() = 0;
};

}  // namespace bitsd

#endif  // BITSD_SERVER_MODEL_JOB_STORE_H_
