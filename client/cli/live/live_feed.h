// News of jobs: every change as the service reports it, and the bytes of running ones in between.
//
// Thread safety: Next by one thread; two threads of its own do the calls. Ownership: both end with
// the object, whose destructor may wait for a call that is under way.

#ifndef BITSD_CLIENT_CLI_LIVE_LIVE_FEED_H_
#define BITSD_CLIENT_CLI_LIVE_LIVE_FEED_H_

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

class LiveFeed {
 public:
  struct News {
    std::vector<v1::Job> jobs;
    std::vector<std::string> gone;    ///< Ids of jobs that the service no longer has.
    std::optional<absl::Status> end;  ///< Nothing more comes, and why.
  };

  /// Follows the jobs of `request`, across restarts and dropped connections; asks for running ones
  /// each `refresh`.
  LiveFeed(const Client& client, const v1::WatchJobsRequest& request,
           std::chrono::milliseconds refresh);
  ~LiveFeed();
  LiveFeed(const LiveFeed&) = delete;
  LiveFeed& operator=(const LiveFeed&) = delete;

  /// What has come since the last call; waits for at most `patience` when that is nothing.
  News Next(std::chrono::milliseconds patience);

 private:
  void Watch();
  void Poll(std::chrono::milliseconds refresh);
  void Ask(const std::set<std::string>& ids);
  void Take(JobFeed::Event event);
  void Push(v1::Job job);

  const Client client_;
  const bool all_users_;
  JobFeed feed_;
  std::mutex mutex_;
  std::condition_variable changed_;
  News news_;
  std::set<std::string> active_;
  bool stopping_ = false;
  std::thread watcher_;
  std::thread poller_;
};

}  // namespace bits::cli

#endif  // BITSD_CLIENT_CLI_LIVE_LIVE_FEED_H_
