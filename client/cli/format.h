// How bitsctl shows jobs, files, logon sessions and the service to people.
//
// Thread safety: pure functions; times are shown in the process's time zone.

#ifndef BITSD_CLIENT_CLI_FORMAT_H_
#define BITSD_CLIENT_CLI_FORMAT_H_

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "bits/v1/job.pb.h"
#include "bits/v1/manager.pb.h"
#include "bits/v1/session.pb.h"
#include "client/cli/output/table.h"

namespace bits::cli {

using SystemTime = std::chrono::system_clock::time_point;

std::string StateName(v1::JobState state);           ///< "TRANSIENT_ERROR".
std::string PriorityName(v1::JobPriority priority);  ///< "NORMAL".
std::string TypeName(v1::JobType type);              ///< "UPLOAD_REPLY".
std::string FlagNames(uint32_t usage_flags);         ///< "0x3 LOCAL_FILE NETWORK", "0x0 none".

/// "QUEUED (waiting for SLOT)", and the color that a state has everywhere.
Cell StateCell(const v1::Job& job);

/// ", again in 5 s: No connection ..." of a job in TRANSIENT_ERROR: when it is tried again, and why
/// it had to stop. Empty of any other.
std::string TroubleOf(const v1::Job& job, SystemTime now);

/// "1 / 3".
std::string FilesOf(const v1::JobProgress& progress);

struct ListView {
  bool owners = false;  ///< A column for whose job it is.
};

struct SessionView {
  bool owners = false;
  std::string used;  ///< The id of the session that calls are made in; it has a star.
};

std::string JobList(const std::vector<v1::Job>& jobs, const ListView& view, const Style& style);
std::string FileList(const std::vector<v1::File>& files, const Style& style);
/// `error_file`: what the job's error is about, when that is known.
std::string JobInfo(const v1::Job& job, const v1::File* error_file, SystemTime now,
                    const Style& style);
std::string SessionList(const std::vector<v1::Session>& sessions, const SessionView& view,
                        SystemTime now, const Style& style);
std::string ServerInfo(const v1::GetServerInfoResponse& info, const Style& style);

}  // namespace bits::cli

#endif  // BITSD_CLIENT_CLI_FORMAT_H_
