// Whether the owner of a job is logged on: the job runs meanwhile, and else waits in QUEUED.
//
// Thread safety: the job's lock; the observer is called without it. Ownership: a part of its job.

#ifndef BITSD_SERVER_JOB_OWNER_PRESENCE_H_
#define BITSD_SERVER_JOB_OWNER_PRESENCE_H_

#include "server/base/end_signal.h"
#include "server/base/wait_group.h"
#include "server/identity/account_directory.h"
#include "server/job/job_core.h"

namespace bitsd {

/// Is told when the owner's last session ends, and of the next logon.
class LogonObserver {
 public:
  virtual ~LogonObserver() = default;
  virtual void OnOwnerLoggedOff(const WaitGroupPtr& wait_group) = 0;
  virtual void OnOwnerLoggedOn() = 0;
};

class OwnerPresence {
 public:
  OwnerPresence(JobCore& core, LogonObserver& observer) : core_(core), observer_(observer) {}

  /// Tells the observer of the logoff as long as it is kept. Holds nothing when nobody is there.
  Attachment OnLogoff() const;
  /// True while the owner is logged on; the observer is told when that ends, or when it begins.
  bool Require(const Account& owner, Deferred& deferred);
  /// The job does not want to run any more.
  void Drop() { logoff_ = {}; }
  /// The observer was told of a logon.
  void OnLoggedOn() { awaits_logon_ = false; }

 private:
  JobCore& core_;
  LogonObserver& observer_;
  Attachment logoff_;
  bool awaits_logon_ = false;  ///< It will be told of the owner's next logon.
};

}  // namespace bitsd

#endif  // BITSD_SERVER_JOB_OWNER_PRESENCE_H_
