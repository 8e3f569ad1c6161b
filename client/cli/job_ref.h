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

/// The id of the one job called `name`. NOT_FOUND when there is none; FAILED_PRECONDITION that
/// lists the ids when there are several.
absl::StatusOr<std::string> PickJob(const std::vector<v1::Job>& jobs, const std::string& name);

/// `ref` itself when it is a UUID, else PickJob among the caller's own jobs.
absl::StatusOr<std::string> ResolveJob(const Client& client, const std::string& ref);

}  // namespace bits::cli

#endif  // BITSD_CLIENT_CLI_JOB_REF_H_
