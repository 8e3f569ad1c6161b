// How a view is made: from a record, and from what is going on for the job.
//
// Thread safety: pure functions; LiveProgress is read as it is. Ownership: nothing is kept.

#ifndef BITSD_SERVER_JOB_SERVICE_VIEW_OF_H_
#define BITSD_SERVER_JOB_SERVICE_VIEW_OF_H_

#include <cstdint>
#include <vector>

#include "server/job/service/job_view.h"
#include "server/model/job_record.h"
#include "server/model/network_settings.h"
#include "server/model/transfer_service.h"

namespace bitsd {

/// As views have it, which are kept and handed on.
JobRecordPtr WithoutSecrets(JobRecordPtr record);

/// A job of which nothing but its record is known: nothing goes on for it, it has no token.
JobView ViewOf(JobRecordPtr record);

/// The record, and its files as `files` says how far they are. `live` is the download that is under
/// way, or null.
JobView ViewOf(JobRecordPtr record, const FileRecords& files, const LiveProgress* live);

FileView ViewOf(uint32_t index, const FileRecord& file, const LiveProgress* live);

/// `stored`: the store keeps passwords.
std::vector<CredentialView> ViewOf(const NetworkSettings& settings, bool stored);

/// What keeps a job that wants to run from running.
struct Obstacles {
  bool store = false;
  bool account = false;
  bool logon = false;
  bool slot = false;
};

WaitingFor WhyStill(const JobRecord& record, const Obstacles& obstacles);

}  // namespace bitsd

#endif  // BITSD_SERVER_JOB_SERVICE_VIEW_OF_H_
