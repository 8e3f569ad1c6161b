// How bitsctl writes: names, sizes, times, tables, one job, a progress bar.
//
// Text that comes from other people (names, URLs, messages) passes through Printable, so that it
// cannot drive the reader's terminal. Thread safety: pure functions.

#ifndef BITSD_CLIENT_CLI_FORMAT_H_
#define BITSD_CLIENT_CLI_FORMAT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "bits/v1/job.pb.h"
#include "bits/v1/manager.pb.h"

namespace bits::cli {

/// `text` with every control character, C1 ones in UTF-8 included, replaced by '?'.
std::string Printable(const std::string& text);

std::string StateName(v1::JobState state);           ///< "TRANSIENT_ERROR".
std::string PriorityName(v1::JobPriority priority);  ///< "NORMAL".
std::string FlagNames(uint32_t usage_flags);         ///< "0x3 LOCAL_FILE NETWORK", "0x0 none".
std::string ByteCount(uint64_t bytes);               ///< "1234", or "UNKNOWN" for 2^64-1.
std::string HumanSize(uint64_t bytes);               ///< "1.2 MiB", or "UNKNOWN".

/// Columns padded to their widest cell (the last one is not), two blanks between them.
std::string Table(const std::vector<std::vector<std::string>>& rows);

/// As bitsadmin's list: id, name, state, files and bytes; then how many there are.
std::string JobList(const std::vector<v1::Job>& jobs);

std::string FileList(const std::vector<v1::File>& files);
std::string JobInfo(const v1::Job& job);
std::string ServerInfo(const v1::GetServerInfoResponse& info);

/// "[#####-----]  50%  1.0 MiB / 2.0 MiB  0 / 1 files  TRANSFERRING".
std::string ProgressLine(const v1::Job& job);

}  // namespace bits::cli

#endif  // BITSD_CLIENT_CLI_FORMAT_H_
