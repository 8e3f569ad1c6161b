// What bitsd says about itself, on standard error (journald or a container's log keeps it).
//
// Everybody logs through spdlog's default logger, which this sets up once, in main. Who did what is
// in the audit log. Text from outside is escaped by who logs it. Thread safety: any thread.

#ifndef BITSD_SERVER_OPS_LOG_H_
#define BITSD_SERVER_OPS_LOG_H_

#include <string_view>

namespace bitsd {

/// True for debug, info, warning and error.
bool IsLogLevel(std::string_view name);

/// Sends what is at least as grave as `level` to standard error. An unknown level is info.
void SetUpLog(std::string_view level);

/// Changes what is sent from now on.
void SetLogLevel(std::string_view level);

}  // namespace bitsd

#endif  // BITSD_SERVER_OPS_LOG_H_
