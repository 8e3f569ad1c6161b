// bitsd --check-config: everything that a start and a reload would judge, all problems at once.
//
// Changes nothing. Thread safety: once, from a process with one thread, which it makes the user
// that bitsd would be.

#ifndef BITSD_SERVER_APP_CHECK_CONFIG_H_
#define BITSD_SERVER_APP_CHECK_CONFIG_H_

#include <string>
#include <vector>

namespace bitsd {

/// What is wrong with the configuration at `path` and with the files it names, a line each; empty
/// when bitsd would start.
std::vector<std::string> CheckConfig(const std::string& path);

}  // namespace bitsd

#endif  // BITSD_SERVER_APP_CHECK_CONFIG_H_
