#include "server/job/calls/listing_calls.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "server/error/errors.h"
#include "server/policy/job_access.h"

namespace bitsd {
namespace {

/// Where a job stands in the order of creation; fixed width, so that text compares as the order.
std::string Position(const JobView& job) {
  const int64_t nanos = absl::ToUnixNanos(job.record->creation);
  const std::string digits = absl::StrCat(nanos);
  return absl::StrCat(std::string(20 - std::min<size_t>(20, digits.size()), '0'), digits, "/",
                      job.record->id.ToString());
}

}  // namespace

absl::StatusOr<JobPage> ListingCalls::ListJobs(const Caller& caller, bool all_users,
                                               uint32_t page_size, const std::string& page_token) {
  if (all_users) {
    if (absl::Status s = policy::MaySeeAllUsers(*caller.token); !s.ok()) return s;
  }
  const auto size = PageTokens::PageSize(page_size);
  if (!size.ok()) return size.status();
  const std::string question =
      absl::StrCat("jobs/", caller.token->user.ToString(), all_users ? "/all" : "/own");
  const auto after = tokens_.Read(question, page_token);
  if (!after.ok()) return after.status();

  std::vector<std::pair<std::string, JobView>> found;
  for (const JobPtr& job : jobs_.Visible(caller, all_users)) {
    JobView view = ViewFor(caller, *job);
    if (IsFinal(view.state)) continue;
    std::string position = Position(view);
    if (position > *after) found.emplace_back(std::move(position), std::move(view));
  }
  std::sort(found.begin(), found.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  JobPage page;
  if (found.size() > *size) {
    found.resize(*size);
    page.next_page_token = tokens_.Make(question, found.back().first);
  }
  for (auto& [position, view] : found) page.jobs.push_back(std::move(view));
  return page;
}

absl::StatusOr<FilePage> ListingCalls::ListFiles(const Caller& caller, const JobId& id,
                                                 uint32_t page_size,
                                                 const std::string& page_token) {
  const auto job = jobs_.Open(caller, id);
  if (!job.ok()) return job.status();
  const auto size = PageTokens::PageSize(page_size);
  if (!size.ok()) return size.status();
  const std::string question = absl::StrCat("files/", id.ToString());
  const auto after = tokens_.Read(question, page_token);
  if (!after.ok()) return after.status();
  size_t first = 0;
  if (!after->empty() && !absl::SimpleAtoi(*after, &first)) {
    return error::InvalidArgument("page_token does not continue this question");
  }
  FilePage page;
  page.files = (*job)->Files(first, *size + size_t{1});
  if (page.files.size() > *size) {
    page.files.pop_back();
    page.next_page_token = tokens_.Make(question, absl::StrCat(first + *size));
  }
  return page;
}

}  // namespace bitsd
