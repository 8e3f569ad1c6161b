#include "client/cli/job_ref.h"

#include <algorithm>
#include <cctype>
#include <string_view>

#include "client/base/uuid.h"
#include "client/cli/exit_code.h"
#include "client/cli/output/text.h"

namespace bits::cli {
namespace {

constexpr size_t kMaxListedJobs = 10;
constexpr size_t kMinPrefix = 4;
constexpr std::string_view kEllipsis = "\xE2\x80\xA6";

absl::Status Ambiguous(const std::string& ref, const std::vector<const v1::Job*>& jobs) {
  std::string message = std::to_string(jobs.size()) + " jobs are meant by '" + Printable(ref) +
                        "'; use more of an id:";
  for (size_t i = 0; i < jobs.size() && i < kMaxListedJobs; ++i) {
    message += "\n  " + jobs[i]->id() + "  " + Printable(jobs[i]->display_name());
  }
  if (jobs.size() > kMaxListedJobs) message += "\n  ...";
  return UsageError(message);
}

// `ref` as the beginning of an id, also when it was copied from a table that cut the id off or
// braces it; empty when it cannot be one.
std::string IdPrefix(std::string_view ref) {
  if (ref.ends_with(kEllipsis)) ref.remove_suffix(kEllipsis.size());
  if (ref.starts_with('{')) ref.remove_prefix(1);
  std::string prefix;
  for (const char c : ref) {
    if (std::isxdigit(static_cast<unsigned char>(c)) == 0 && c != '-') return "";
    prefix.push_back(static_cast<char>(std::tolower(static_cast<unsigned char>(c))));
  }
  return prefix.size() < kMinPrefix ? "" : prefix;
}

}  // namespace

absl::StatusOr<std::string> PickJob(const std::vector<v1::Job>& jobs, const std::string& ref) {
  const std::string prefix = IdPrefix(ref);
  std::vector<const v1::Job*> meant;
  for (const v1::Job& job : jobs) {
    const bool by_id = !prefix.empty() && job.id().starts_with(prefix);
    if (by_id || job.display_name() == ref) meant.push_back(&job);
  }
  if (meant.empty()) {
    return absl::NotFoundError(
        "you have no unfinished job '" + Printable(ref) +
        "'; name another identity's job, or a finished one, by its whole id");
  }
  if (meant.size() > 1) return Ambiguous(ref, meant);
  return meant.front()->id();
}

absl::StatusOr<std::string> ResolveJob(const Client& client, const std::string& ref) {
  if (auto id = CanonicalUuid(ref)) return *id;
  const auto jobs = client.ListAllJobs(/*all_users=*/false);
  if (!jobs.ok()) return jobs.status();
  return PickJob(*jobs, ref);
}

absl::StatusOr<v1::Job> FindJob(const Client& client, const std::string& ref) {
  const auto id = ResolveJob(client, ref);
  return id.ok() ? client.GetJob(*id) : id.status();
}

}  // namespace bits::cli
