// Where progress is shown: a line that is drawn over, a screen of many jobs, lines, or JSON.
//
// Thread safety: none. Ownership: the stream outlives the display; the destructor leaves the
// terminal as it was.

#ifndef BITSD_CLIENT_CLI_LIVE_DISPLAY_H_
#define BITSD_CLIENT_CLI_LIVE_DISPLAY_H_

#include <memory>
#include <vector>

#include "client/cli/context.h"
#include "client/cli/live/progress.h"

namespace bits::cli {

class Display {
 public:
  virtual ~Display() = default;
  /// The jobs as they are now; called at every change, and now and then without one.
  virtual void Show(const std::vector<const TrackedJob*>& jobs) = 0;
};

/// What fits the output: JSON lines with --json; on a terminal a line for one job and a screen for
/// many; else a line for each noteworthy change.
std::unique_ptr<Display> MakeDisplay(const Context& context, bool one_job);

}  // namespace bits::cli

#endif  // BITSD_CLIENT_CLI_LIVE_DISPLAY_H_
