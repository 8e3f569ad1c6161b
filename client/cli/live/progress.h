// Progress bars: one line for a job, and a screen of many.
//
// Thread safety: pure functions.

#ifndef BITSD_CLIENT_CLI_LIVE_PROGRESS_H_
#define BITSD_CLIENT_CLI_LIVE_PROGRESS_H_

#include <string>
#include <vector>

#include "bits/v1/job.pb.h"
#include "client/cli/live/rate.h"
#include "client/cli/live/terminal.h"
#include "client/cli/output/table.h"

namespace bits::cli {

struct TrackedJob {
  v1::Job job;
  RateMeter rate;
};

/// TRANSFERRED, ERROR, ACKNOWLEDGED or CANCELLED: nothing happens until somebody does something.
bool IsAtEnd(v1::JobState state);

/// ACKNOWLEDGED or CANCELLED: nothing happens any more.
bool IsFinal(v1::JobState state);

/// CONNECTING or TRANSFERRING: bytes may come at any time.
bool IsActive(v1::JobState state);

/// Whole percent; -1 while the size is not known.
int PercentOf(const v1::JobProgress& progress);

/// "[#####-----]  50%  1.0 MiB / 2.0 MiB  0 / 1 files  1.2 MiB/s  1 s left  TRANSFERRING". The bar
/// shrinks, and at last the line is cut, to fit `style.width`.
std::string ProgressLine(const TrackedJob& tracked, const Style& style);

/// A heading, and a line for each job, active ones first; as many as `size` has rows.
std::vector<std::string> Screen(const std::vector<const TrackedJob*>& jobs, const WindowSize& size,
                                const Style& style);

}  // namespace bits::cli

#endif  // BITSD_CLIENT_CLI_LIVE_PROGRESS_H_
