#include "server/transfer/files/file_sync.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <utility>

namespace bitsd {
namespace {

/// Groups that are kept although nobody waits in them.
constexpr size_t kMaxIdleGroups = 64;

/// So long each file is synced by itself then; each time twice as long.
constexpr std::chrono::seconds kFirstPause{10};
constexpr std::chrono::seconds kLastPause{640};

// This is not in <linux/magic.h> of every distribution.
constexpr uint32_t kXfs = 0x58465342;

/// Their syncfs is as durable as their fdatasync. (Of FUSE's and the network's that is not so.)
constexpr auto kSuitable =
    std::to_array<uint32_t>({EXT4_SUPER_MAGIC, kXfs, BTRFS_SUPER_MAGIC, F2FS_SUPER_MAGIC});

/// Before 5.17 syncfs does not say that a file system could not commit.
bool KernelReportsErrors() {
  utsname kernel{};
  int major = 0;
  int minor = 0;
  if (::uname(&kernel) != 0 || std::sscanf(kernel.release, "%d.%d", &major, &minor) != 2) {
    return false;
  }
  return major > 5 || (major == 5 && minor >= 17);
}

bool IsSuitable(int fd) {
  static const bool kernel_reports_errors = KernelReportsErrors();
  struct statfs system {};
  if (!kernel_reports_errors || ::fstatfs(fd, &system) != 0) return false;
  const auto type = static_cast<uint32_t>(system.f_type);
  return std::find(kSuitable.begin(), kSuitable.end(), type) != kSuitable.end();
}

int ErrorOf(int result) { return result == 0 ? 0 : errno; }

std::vector<int> SyncEach(const std::vector<int>& fds) {
  std::vector<int> errors;
  errors.reserve(fds.size());
  for (const int fd : fds) errors.push_back(ErrorOf(::fdatasync(fd)));
  return errors;
}

/// What went wrong when the data of each file was written. It is written by now: nothing is waited
/// for.
std::vector<int> WriteErrors(const std::vector<int>& fds) {
  std::vector<int> errors;
  errors.reserve(fds.size());
  for (const int fd : fds) {
    errors.push_back(ErrorOf(::sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WAIT_BEFORE)));
  }
  return errors;
}

}  // namespace

void FileSync::Sync(uint64_t device, const std::shared_ptr<Strand>& own, std::vector<int> fds,
                    Done done) {
  std::shared_ptr<Group> group;
  Request request{own, std::move(fds), std::move(done)};
  {
    std::unique_lock lock(mutex_);
    group = GroupOfLocked(device);
    if (group->busy_since && Clock::now() - *group->busy_since > patience_.common) {
      lock.unlock();
      return SyncAlone(std::move(request));
    }
    group->waiting.push_back(std::move(request));
  }
  group->strand->Post([this, group] { Run(*group); });
}

std::shared_ptr<FileSync::Group> FileSync::GroupOfLocked(uint64_t device) {
  if (const auto found = groups_.find(device); found != groups_.end()) return found->second;
  if (groups_.size() >= kMaxIdleGroups) {
    std::erase_if(groups_, [](const auto& entry) { return entry.second->waiting.empty(); });
  }
  auto group = std::make_shared<Group>();
  group->strand = disks_.NewStrand();
  groups_[device] = group;
  return group;
}

void FileSync::Run(Group& group) {
  std::vector<Request> requests;
  {
    const std::lock_guard lock(mutex_);
    requests.swap(group.waiting);
    // Those who posted meanwhile were served with the first.
    if (requests.empty()) return;
    group.busy_since = Clock::now();
  }
  const bool synced = SyncTogether(group, requests);
  {
    const std::lock_guard lock(mutex_);
    group.busy_since.reset();
  }
  if (synced) return;
  for (Request& request : requests) SyncAlone(std::move(request));
}

void FileSync::SyncAlone(Request request) {
  const std::shared_ptr<Strand> own = request.own;
  own->Post([request = std::move(request)] { request.done(SyncEach(request.fds)); });
}

bool FileSync::SyncTogether(Group& group, std::vector<Request>& requests) {
  size_t files = 0;
  for (const Request& request : requests) files += request.fds.size();
  const Clock::time_point start = Clock::now();
  if (files < kFewest || start < group.alone_until) return false;
  const int any = requests.front().fds.front();
  if (!IsSuitable(any)) return false;
  // An error may be anybody's: then each file is asked.
  if (::syncfs(any) != 0) return false;
  Judge(group, Clock::now() - start, files);
  for (Request& request : requests) request.done(WriteErrors(request.fds));
  return true;
}

void FileSync::Judge(Group& group, Clock::duration took, size_t files) const {
  const bool slow = took > patience_.common + patience_.each_file * files;
  group.pause =
      slow ? std::clamp(group.pause * 2, kFirstPause, kLastPause) : std::chrono::seconds(0);
  if (slow) group.alone_until = Clock::now() + group.pause;
}

}  // namespace bitsd
