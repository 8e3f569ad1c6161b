// User and group numbers, by number or by name, as the files of bitsd write them.
//
// Names are looked up in the system's databases (getpwnam_r, getgrnam_r), so this may block: used
// when a file is loaded, never in a call. Thread safety: any thread.

#ifndef BITSD_SERVER_IDENTITY_POSIX_NAMES_H_
#define BITSD_SERVER_IDENTITY_POSIX_NAMES_H_

#include <sys/types.h>

#include <optional>
#include <string>

#include "server/base/strict_yaml.h"

namespace bitsd {

std::optional<uid_t> FindUser(const std::string& name);
std::optional<gid_t> FindGroup(const std::string& name);

/// A number below 2^32 - 1 (which is -1: nobody), or the name of a user or group of this machine.
std::optional<uid_t> ReadUserId(const yaml::TreeNode& node, yaml::Errors& errors);
std::optional<gid_t> ReadGroupId(const yaml::TreeNode& node, yaml::Errors& errors);

}  // namespace bitsd

#endif  // BITSD_SERVER_IDENTITY_POSIX_NAMES_H_
