// What jobs need of the world.
//
// Thread safety: as each part. Ownership: what it names outlives every job.

#ifndef BITSD_SERVER_JOB_JOB_ENVIRONMENT_H_
#define BITSD_SERVER_JOB_JOB_ENVIRONMENT_H_

#include <functional>
#include <memory>

#include "server/base/clock.h"
#include "server/base/timer.h"
#include "server/identity/account_directory.h"
#include "server/identity/network_identity.h"
#include "server/identity/sid_pool.h"
#include "server/job/schedule/run_queue.h"
#include "server/model/job_store.h"
#include "server/model/transfer_service.h"
#include "server/session/presence.h"

namespace bitsd {

class Job;

struct JobEnvironment {
  JobStore& store;
  TransferService& transfers;
  const AccountDirectory& accounts;
  const Clock& clock;
  Timer& timer;
  RunQueue& places;
  Presence& presence;
  NetworkIdentities& network;
  SidPool& owners;
  /// Runs after every change of what a job shows. Must not block.
  std::function<void(const std::shared_ptr<Job>&)> changed;
  /// Runs when the job became ERROR, TRANSIENT_ERROR or TRANSFERRED: what it is then. Must not
  /// block.
  std::function<void(const JobRecordPtr&)> outcome;
};

}  // namespace bitsd

#endif  // BITSD_SERVER_JOB_JOB_ENVIRONMENT_H_
