// News of jobs: every change as the service reports it, and the bytes of running ones in between.
//
// Thread safety: Next by one thread; two threads of its own do the calls. Ownership: both end with
// the object, whose destructor may wait for a call that is under way.

#ifndef BITSD_CLIENT_CLI_LIVE_JOB_FEED_H_
#define BITSD_CLIENT_CLI_LIVE_JOB_FEED_H_

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "bitsd/client/client.h"

namespace bits::cli {

class JobFeed {
 public:
  struct News {
    std::vector<v1::Job> jobs;
    std::optional<absl::Status> end;  ///< The watch is over, and why.
  };

  /// Follows the jobs of `request`; asks for running ones each `refresh`.
  JobFeed(const Client& client, const v1::WatchJobsRequest& request,
          std::chrono::milliseconds refresh);
  ~JobFeed();
  JobFeed(const JobFeed&) = delete;
  JobFeed& operator=(const JobFeed&) = delete;

  /// What has come since the last call; waits for at most `patience` when that is nothing.
  News Next(std::chrono::milliseconds patience);

 private:
  void Watch();
  void Poll(std::chrono::milliseconds refresh);
  void Ask(const std::set<std::string>& ids);
  void Push(v1::Job job);

  const Client client_;
  const bool all_users_;
  JobWatch watch_;
  std::mutex mutex_;
  std::condition_variable changed_;
  News news_;
  std::set<std::string> active_;
  bool stopping_ = false;
  std::thread watcher_;
  std::thread poller_;
};

}  // namespace bits::cli

#endif  // BITSD_CLIENT_CLI_LIVE_JOB_FEED_H_
