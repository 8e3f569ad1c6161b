// What of a changed configuration takes effect while bitsd runs, and what needs a restart.
//
// Thread safety: pure functions.

#ifndef BITSD_SERVER_OPS_CONFIG_CHANGE_H_
#define BITSD_SERVER_OPS_CONFIG_CHANGE_H_

#include <string>
#include <vector>

#include "server/ops/config.h"

namespace bitsd {

struct ConfigChange {
  Config config;                            ///< What is in force now.
  std::vector<std::string> restart_needed;  ///< Keys whose new values wait for a restart.
};

/// `read` is what the file holds now, `start` what bitsd was started with. Where bitsd listens, as
/// whom it runs, how many jobs run at once, and every path of its own, which jobs are kept out of,
/// stay as they were at the start.
ConfigChange ReloadConfig(const Config& start, Config read);

}  // namespace bitsd

#endif  // BITSD_SERVER_OPS_CONFIG_CHANGE_H_
