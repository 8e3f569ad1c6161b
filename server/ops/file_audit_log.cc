#include "server/ops/file_audit_log.h"

#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <utility>

#include "server/error/errors.h"

namespace bitsd {
namespace {

std::string LineOf(const AuditEvent& event, absl::Time now) {
  using Json = nlohmann::ordered_json;
  Json line = Json::object();
  line["time"] = absl::FormatTime("%Y-%m-%dT%H:%M:%E6SZ", now, absl::UTCTimeZone());
  line["event"] = std::string(event.name);
  for (const auto& [name, value] : event.fields) line.emplace(std::string(name), value);
  return line.dump(-1, ' ', /*ensure_ascii=*/false, Json::error_handler_t::replace) + "\n";
}

/// Writes as much of `text` as the file takes; returns how much.
size_t WriteAll(int fd, std::string_view text) {
  size_t done = 0;
  while (done < text.size()) {
    const ssize_t wrote = write(fd, text.data() + done, text.size() - done);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) break;
    done += static_cast<size_t>(wrote);
  }
  return done;
}

absl::Status CannotOpen(const std::string& path, const std::string& why) {
  return error::InvalidArgument(path + ": the audit log " + why);
}

absl::StatusOr<UniqueFd> OpenFile(const std::string& path) {
  // O_NONBLOCK: a FIFO in its place must not hold us up; it means nothing to a regular file.
  UniqueFd file(open(path.c_str(),
                     O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC,
                     0640));
  if (!file.valid()) {
    return CannotOpen(path, std::string("cannot be opened: ") + std::strerror(errno));
  }
  struct stat info;
  if (fstat(file.get(), &info) != 0 || !S_ISREG(info.st_mode)) {
    return CannotOpen(path, "is no regular file");
  }
  return file;
}

bool LeadsTo(const std::string& path, int fd) {
  struct stat named;
  struct stat opened;
  return lstat(path.c_str(), &named) == 0 && fstat(fd, &opened) == 0 &&
         named.st_dev == opened.st_dev && named.st_ino == opened.st_ino;
}

}  // namespace

absl::StatusOr<std::unique_ptr<FileAuditLog>> FileAuditLog::Open(const std::string& path,
                                                                 const Clock& clock,
                                                                 size_t max_queue_bytes) {
  absl::StatusOr<UniqueFd> file = OpenFile(path);
  if (!file.ok()) return file.status();
  return std::unique_ptr<FileAuditLog>(
      new FileAuditLog(path, *std::move(file), clock, max_queue_bytes));
}

FileAuditLog::FileAuditLog(const std::string& path, UniqueFd file, const Clock& clock,
                           size_t max_queue_bytes)
    : path_(path), file_(std::move(file)), clock_(clock), max_queue_bytes_(max_queue_bytes) {
  thread_ = std::thread([this] { Run(); });
}

FileAuditLog::~FileAuditLog() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void FileAuditLog::Write(AuditEvent event) {
  const std::string line = LineOf(event, clock_.Now());
  {
    const std::lock_guard lock(mutex_);
    if (queue_.size() + line.size() > max_queue_bytes_) {
      ++dropped_;
      ++unreported_;
      return;
    }
    queue_ += line;
  }
  changed_.notify_one();
}

void FileAuditLog::Reopen() {
  {
    const std::lock_guard lock(mutex_);
    look_ = true;
  }
  changed_.notify_one();
}

uint64_t FileAuditLog::dropped() const {
  const std::lock_guard lock(mutex_);
  return dropped_;
}

void FileAuditLog::Run() {
  std::unique_lock lock(mutex_);
  bool last = false;
  while (!last || !queue_.empty()) {
    changed_.wait(lock, [this] { return closing_ || look_ || !queue_.empty(); });
    last = closing_;
    look_ = false;
    const uint64_t told = std::exchange(unreported_, 0);
    const std::string lines = std::exchange(queue_, {});
    lock.unlock();
    FollowName();
    const bool untold = WriteLines(NoticeOf(told)) > 0;
    const uint64_t lost = WriteLines(lines);
    lock.lock();
    dropped_ += lost;
    unreported_ += lost + (untold ? told : 0);
  }
}

void FileAuditLog::FollowName() {
  if (LeadsTo(path_, file_.get())) return;
  absl::StatusOr<UniqueFd> file = OpenFile(path_);
  const bool opened = file.ok();
  if (opened) {
    file_ = *std::move(file);
    torn_ = false;
  } else if (!complained_) {
    spdlog::error("{}; it goes on in the file that was renamed",
                  std::string(file.status().message()));
  }
  complained_ = !opened;
}

std::string FileAuditLog::NoticeOf(uint64_t dropped) const {
  if (dropped == 0) return "";
  return LineOf({"audit_dropped", {{"count", std::to_string(dropped)}}}, clock_.Now());
}

uint64_t FileAuditLog::WriteLines(const std::string& lines) {
  if (lines.empty()) return 0;
  if (torn_ && WriteAll(file_.get(), "\n") == 1) torn_ = false;
  const size_t done = torn_ ? 0 : WriteAll(file_.get(), lines);
  if (done > 0 && lines[done - 1] != '\n') torn_ = true;
  const auto rest = lines.begin() + static_cast<std::string::difference_type>(done);
  return static_cast<uint64_t>(std::count(rest, lines.end(), '\n'));
}

}  // namespace bitsd
