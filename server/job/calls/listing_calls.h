// Calls that list jobs and files, a page at a time.
//
// Thread safety: any thread. Ownership: what it is given outlives it.

#ifndef BITSD_SERVER_JOB_CALLS_LISTING_CALLS_H_
#define BITSD_SERVER_JOB_CALLS_LISTING_CALLS_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "server/base/page_token.h"
#include "server/job/calls/job_finder.h"
#include "server/job/service/caller.h"
#include "server/job/service/job_view.h"

namespace bitsd {

class ListingCalls {
 public:
  ListingCalls(const JobFinder& jobs, const PageTokens& tokens) : jobs_(jobs), tokens_(tokens) {}

  absl::StatusOr<JobPage> ListJobs(const Caller& caller, bool all_users, uint32_t page_size,
                                   const std::string& page_token);
  absl::StatusOr<FilePage> ListFiles(const Caller& caller, const JobId& id, uint32_t page_size,
                                     const std::string& page_token);

 private:
  const JobFinder& jobs_;
  const PageTokens& tokens_;
};

}  // namespace bitsd

#endif  // BITSD_SERVER_JOB_CALLS_LISTING_CALLS_H_
