// From what a person calls a job to its id.
//
// Thread safety: pure but for the call to the service.

#ifndef BITSD_CLIENT_CLI_JOB_REF_H_
#define BITSD_CLIENT_CLI_JOB_REF_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "bitsd/client/client.h"

namespace bits::cli {

/// The id of the one job whose display name is `ref`, or whose id begins with it (at least four
/// characters). NOT_FOUND when there is none; a usage error that lists them when there are several.
absl::StatusOr<std::string> PickJob(const std::vector<v1::Job>& jobs, const std::string& ref);

/// `ref` itself when it is a UUID, with or without braces; else PickJob among the caller's jobs.
absl::StatusOr<std::string> ResolveJob(const Client& client, const std::string& ref);

/// The job of `ref`.
absl::StatusOr<v1::Job> FindJob(const Client& client, const std::string& ref);

}  // namespace bits::cli

#endif  // BITSD_CLIENT_CLI_JOB_REF_H_
