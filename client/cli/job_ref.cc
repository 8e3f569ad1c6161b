#include "client/cli/job_ref.h"

#include "client/uuid.h"

namespace bits::cli {
namespace {

constexpr size_t kMaxListedIds = 10;

absl::Status Ambiguous(const std::string& name, const std::vector<std::string>& ids) {
  std::string message = std::to_string(ids.size()) + " jobs are called '" + name + "'; use an id:";
  for (size_t i = 0; i < ids.size() && i < kMaxListedIds; ++i) message += " " + ids[i];
  if (ids.size() > kMaxListedIds) message += " ...";
  return absl::FailedPreconditionError(message);
}

}  // namespace

absl::StatusOr<std::string> PickJob(const std::vector<v1::Job>& jobs, const std::string& name) {
  std::vector<std::string> ids;
  for (const v1::Job& job : jobs) {
    if (job.display_name() == name) ids.push_back(job.id());
  }
  if (ids.empty()) {
    return absl::NotFoundError("you have no unfinished job called '" + name +
                               "'; name another identity's job, or a finished one, by its id");
  }
  if (ids.size() > 1) return Ambiguous(name, ids);
  return ids.front();
}

absl::StatusOr<std::string> ResolveJob(const Client& client, const std::string& ref) {
  if (auto id = CanonicalUuid(ref)) return *id;
  const auto jobs = client.ListAllJobs(/*all_users=*/false);
  if (!jobs.ok()) return jobs.status();
  return PickJob(*jobs, ref);
}

}  // namespace bits::cli
